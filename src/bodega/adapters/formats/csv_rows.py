"""Read and write CSV as RFC 4180 has it, with a header, in UTF-8."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from bodega.adapters.formats.columns import picked_columns
from bodega.adapters.formats.jsonl import check_finite, ordered
from bodega.adapters.formats.text import MAX_LINE_BYTES, check_is_text, count_hint, text_segments
from bodega.adapters.formats.text_output import check_line, text_output
from bodega.errors import InvalidError
from bodega.ports.tabular import Row, UnreadableFileError

_BATCH_BYTES = 1 << 18
_MOST_AGAIN = 4  # times the file's own size
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _RecordTooLongError(Exception):
    """A quoted cell went on and on."""


class _Lines:
    """Hands lines to the csv module one by one, and remembers those of the record that is being read."""

    def __init__(self, segments: Iterator[tuple[bytes, str | None]]) -> None:
        self._segments = segments
        self._waiting: deque[str] = deque()
        self._read = 0  # the number of the last line that was decoded
        self.number = 0  # the number of the last line that was handed out
        self.record: list[str] = []
        self._record_size = 0
        self._size = 0
        self._again_size = 0
        self._faults: dict[int, str] = {}

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._waiting:
            self._decode(*next(self._segments))
        line = self._waiting.popleft()
        self.number += 1
        self.record.append(line)
        self._record_size += len(line)
        if self._record_size > MAX_LINE_BYTES and len(self.record) > 1:
            raise _RecordTooLongError
        return line

    def begin_record(self) -> int:
        """Forget the record before and return the number of the line on which the next begins."""
        self.record.clear()
        self._record_size = 0
        return self.number + 1

    def give_up(self) -> str:
        """Give the record up and say which lines are lost: the first, and the others are handed out again.

        A hostile file can make every line begin a record that goes on for a megabyte, so that each line would be
        handed out a hundred thousand times. When that shows, the other lines are lost, too.
        """
        if self._again_size > _MOST_AGAIN * (self._size + MAX_LINE_BYTES):
            return f"; lines up to {self.number} are left out"
        again = self.record[1:]
        self._again_size += self._record_size
        self._waiting.extendleft(reversed(again))
        self.number -= len(again)
        return ""

    def take_fault(self, first: int) -> str | None:
        """Return what is wrong with the lines from `first` to the present one."""
        if not self._faults:
            return None
        found = [self._faults.pop(line) for line in range(first, self.number + 1) if line in self._faults]
        return found[0] if found else None

    def _decode(self, data: bytes, fault: str | None) -> None:
        if fault is not None:
            self._faults[self._read + 1] = fault
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(errors="replace")
            self._blame(data, b"", "not UTF-8")
        if "\0" in text:
            self._blame(data, b"\0", "holds a NUL byte")
        lines = io.StringIO(text, newline="\n").readlines()
        self._read += len(lines)
        self._size += len(data)
        self._waiting.extend(lines)

    def _blame(self, data: bytes, sign: bytes, fault: str) -> None:
        for number, line in enumerate(data.split(b"\n"), self._read + 1):
            if (sign in line) if sign else not _is_utf8(line):
                self._faults.setdefault(number, fault)


class CsvReader:
    """Rows of a CSV file; all values are strings, an empty cell is an empty one. Empty lines are no rows."""

    def __init__(self, path: Path, *, compressed: bool, columns: Mapping[str, str]) -> None:
        check_is_text(path, compressed=compressed)
        # The module's one limit for all readers is below ours; records are bounded by _Lines.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES + 2))
        self._path = path
        self._compressed = compressed
        self._columns = columns

    def read(self, *, after_line: int = 0) -> Iterator[Row]:
        """Yield rows behind a line; what is before is parsed, too, for only so quoted line feeds are known."""
        lines = _Lines(text_segments(self._path, compressed=self._compressed))
        try:
            yield from self._rows(lines, after_line)
        except UnreadableFileError as exc:
            exc.line = exc.line or lines.number + 1
            raise

    def size_hint(self) -> int | None:
        """Return about how many rows there are."""
        lines = count_hint(self._path, compressed=self._compressed)
        return None if lines is None else max(lines - 1, 0)

    def _rows(self, lines: _Lines, after_line: int) -> Iterator[Row]:
        records = _records(lines)
        header_line, header, fault = next(records, (1, [], "there is no header"))
        if fault is not None:
            raise UnreadableFileError(f"the header cannot be read: {fault}", line=header_line)
        picked = picked_columns([name.strip() for name in header], self._columns, line=header_line)
        names = [name for name, _ in picked]
        width = len(header)
        in_order = [position for _, position in picked] == list(range(width))
        # The 0 makes the getter return a tuple also for a single column; zip leaves it over.
        pick = None if in_order else itemgetter(*(position for _, position in picked), 0)
        for line, cells, fault in records:
            if line <= after_line:
                continue
            if fault is not None:
                yield Row(line, {}, fault)
            elif len(cells) != width:
                yield Row(line, {}, f"{len(cells)} cells, but the header has {width}")
            else:
                yield Row(line, dict(zip(names, cells if pick is None else pick(cells), strict=False)))


def _records(lines: _Lines) -> Iterator[tuple[int, list[str], str | None]]:
    """Yield each record with the line on which it begins, and its fault.

    After a fault reading goes on with the very next line: a stray quotation mark costs one line, not all to the
    next one.
    """
    reader = csv.reader(lines, strict=True)
    while True:
        first = lines.begin_record()
        fault = None
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _RecordTooLongError:
            fault = "a quotation mark is not closed within 1 MiB" + lines.give_up()
        except csv.Error as exc:
            fault = _explained(exc) + lines.give_up()
        fault = lines.take_fault(first) or fault
        if cells or fault is not None:
            yield first, cells, fault


def _explained(exc: csv.Error) -> str:
    said = str(exc)
    if "unexpected end" in said:
        return "a quotation mark is not closed"
    if "expected after" in said:
        return "something follows a closing quotation mark; inside a cell it is written twice"
    if "new-line" in said:
        return "a carriage return in a cell without quotation marks"
    return said


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


class CsvWriter:
    """Writes rows under a header: `fields`, or else the keys of the first row."""

    def __init__(self, path: Path, *, compressed: bool, fields: Sequence[str] | None, guard_formulas: bool) -> None:
        self._path = path
        self._compressed = compressed
        self._fields = None if fields is None else tuple(fields)
        self._cell = _guarded if guard_formulas else _cell

    def write(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write all rows and return how many."""
        waiting = iter(rows)
        fields = self._fields
        if fields is None:
            first = next(waiting, None)
            if first is None:
                raise InvalidError("a CSV file without rows needs to be told its fields")
            fields = tuple(first)
            waiting = chain([first], waiting)
        _check_fields(fields)
        number = 0
        with text_output(self._path, compressed=self._compressed) as write:
            buffer = bytearray(_line(fields, 0))
            for number, row in enumerate(waiting, 1):  # the last is the count
                values = ordered(row, fields, number)
                buffer += _line([self._cell(values.get(name), number) for name in fields], number)
                if len(buffer) >= _BATCH_BYTES:
                    write(bytes(buffer))
                    buffer.clear()
            write(bytes(buffer))
        return number


def _check_fields(fields: Sequence[str]) -> None:
    for name in fields:
        if not name or name != name.strip() or "\0" in name or fields.count(name) > 1:
            raise InvalidError(f"{name[:80]!r} cannot be the name of a column")


def _line(cells: Sequence[str], number: int) -> bytes:
    # With CR LF as its line end the module quotes cells that hold either of them.
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    try:
        return check_line(text.getvalue().encode(), number)
    except UnicodeEncodeError:
        raise InvalidError(f"row {number} holds broken Unicode") from None


def _cell(value: Any, number: int) -> str:
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidError(f"row {number} holds a NUL character, which CSV cannot")
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(check_finite(value, number) if isinstance(value, float) else value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise InvalidError(f"row {number} cannot be written: {exc}") from exc


def _guarded(value: Any, number: int) -> str:
    """Write a text that a spreadsheet would run as a formula behind an apostrophe, which it shows as text."""
    cell = _cell(value, number)
    return "'" + cell if isinstance(value, str) and cell.startswith(_FORMULA_STARTS) else cell
