"""Read and write JSONL: one JSON object a line."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bodega.adapters.formats.columns import renamer
from bodega.adapters.formats.text import check_is_text, count_hint, text_segments
from bodega.adapters.formats.text_output import check_line, text_output
from bodega.errors import InvalidError
from bodega.ports.tabular import Row, UnreadableFileError

_BATCH_BYTES = 1 << 18
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class JsonlReader:
    """Rows of a JSONL file; empty lines are none."""

    def __init__(self, path: Path, *, compressed: bool, columns: Mapping[str, str]) -> None:
        check_is_text(path, compressed=compressed)
        self._path = path
        self._compressed = compressed
        self._rename = renamer(columns)

    def read(self, *, after_line: int = 0) -> Iterator[Row]:
        """Yield rows behind a line."""
        before = 0
        try:
            for data, fault in text_segments(self._path, compressed=self._compressed):
                count = data.count(b"\n")
                if before + count > after_line:
                    if fault is not None:
                        yield Row(before + 1, {}, fault)
                    else:
                        yield from self._rows(data, before, after_line)
                before += count
        except UnreadableFileError as exc:
            exc.line = exc.line or before + 1
            raise

    def size_hint(self) -> int | None:
        """Return about how many rows there are."""
        return count_hint(self._path, compressed=self._compressed)

    def _rows(self, data: bytes, before: int, after_line: int) -> Iterator[Row]:
        lines = data.split(b"\n")
        lines.pop()  # what follows the last line feed: nothing
        rename = self._rename
        skipped = max(after_line - before, 0)
        for line, text in enumerate(lines[skipped:] if skipped else lines, before + skipped + 1):
            if not text:  # a gigabyte of these is a bomb that must not take a minute to notice
                continue
            try:
                values = _decode(text)
            except (ValueError, RecursionError) as exc:
                if not text.isspace():
                    yield Row(line, {}, _fault(text, line, exc))
                continue
            if type(values) is not dict:
                yield Row(line, {}, "not a JSON object")
            else:
                yield Row(line, values if rename is None else rename(values))


def _fault(text: bytes, line: int, exc: Exception) -> str:
    if line == 1 and text.strip() in {b"[", b"{"}:
        raise UnreadableFileError("this is JSON over several lines; JSONL has one object on each line", line=1)
    if isinstance(exc, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(exc, RecursionError):
        return "nested too deeply"
    return f"not JSON: {str(exc).removeprefix('JSON is malformed: ')[:200]}"


class JsonlWriter:
    """Writes rows as JSON objects, in the order of `fields` if given."""

    def __init__(self, path: Path, *, compressed: bool, fields: Sequence[str] | None) -> None:
        self._path = path
        self._compressed = compressed
        self._fields = None if fields is None else tuple(fields)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write all rows and return how many."""
        number = 0
        with text_output(self._path, compressed=self._compressed) as write:
            buffer = bytearray()
            for number, row in enumerate(rows, 1):  # the last is the count
                buffer += check_line(self._line(row, number), number)
                if len(buffer) >= _BATCH_BYTES:
                    write(bytes(buffer))
                    buffer.clear()
            write(bytes(buffer))
        return number

    def _line(self, row: Mapping[str, Any], number: int) -> bytes:
        for value in row.values():
            if type(value) is float:
                check_finite(value, number)
        try:
            return _encode(row if self._fields is None else ordered(row, self._fields, number)) + b"\n"
        except (TypeError, ValueError, OverflowError, RecursionError) as exc:
            raise InvalidError(f"row {number} cannot be written as JSON: {exc}") from exc


def ordered(row: Mapping[str, Any], fields: Sequence[str], number: int) -> dict[str, Any]:
    """Return a row's values in the order of the fields, those missing left out; InvalidError if it has others."""
    found = {name: row[name] for name in fields if name in row}
    if len(found) != len(row):
        others = ", ".join(sorted(set(row) - set(found)))
        raise InvalidError(f"row {number} has fields that the file does not have: {others[:200]}")
    return found


def check_finite(value: float, number: int) -> float:
    """Return the number unless it is NaN or an infinity: JSON has no word for them, and a price must not be one."""
    if not math.isfinite(value):
        raise InvalidError(f"row {number} holds {value}, which cannot be written")
    return value
