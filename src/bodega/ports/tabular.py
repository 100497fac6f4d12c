"""Ask for rows in files that people exchange: JSONL, CSV, Parquet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from bodega.errors import InvalidError


class UnreadableFileError(InvalidError):
    """The file as a whole cannot be read: truncated, not what its name says, over a limit.

    `line` says where, if known.
    """

    code = "unreadable_file"

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Row(msgspec.Struct, frozen=True):
    """A row as read.

    `line` counts from 1 as an editor would, the header included, and is that on which the row begins (Parquet: the
    row number). `fault` is set if the row is broken, and then `values` is empty. Values are, in JSONL, what JSON has;
    in CSV always strings, an empty cell an empty one; in Parquet what the column's type says, times as `datetime`,
    aware in UTC if the column has a time zone and else naive. Nothing else is guessed: the caller knows its columns.
    """

    line: int
    values: Mapping[str, Any]
    fault: str | None = None


class RowReader(Protocol):
    """Streams rows in constant memory, whatever the file's size; a broken row is reported in its place, not raised.

    A line, a CSV record or a Parquet cell over 1 MiB is a broken row. Empty lines are no rows.
    """

    def read(self, *, after_line: int = 0) -> Iterator[Row]:
        """Yield rows behind a line; UnreadableFileError where nothing further can be read.

        With the `line` of a row, its successor is the first: reading can be broken off and taken up at any row. Each
        call reads anew.
        """
        ...

    def size_hint(self) -> int | None:
        """Return about how many rows there are, if that is cheap to know: for progress bars."""
        ...


class RowWriter(Protocol):
    """Writes rows as they come; the file appears under its name only when it is complete."""

    def write(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write all rows and return how many; a file of that name is replaced.

        A row that our own reader would not give back is refused with InvalidError (over 1 MiB, NaN, a field that the
        file does not have, NUL or broken Unicode in CSV) and then there is no file. A missing field is an empty cell.
        UnavailableError if the disk is full or the place not writable.
        """
        ...


class Tabular(Protocol):
    """Opens files by format."""

    def reader(self, path: Path, *, format: str | None = None, columns: Mapping[str, str] | None = None) -> RowReader:  # noqa: A002
        """Open for reading; the format is told by the name (`.jsonl`, `.csv`, `.parquet`, also `.gz` of the first two).

        `columns` maps our names to the file's; unnamed columns keep their names. UnreadableFileError if there is no
        such file or it does not begin as its format does; InvalidError for a format that there is not.
        """
        ...

    def writer(
        self,
        path: Path,
        *,
        format: str | None = None,  # noqa: A002
        fields: Sequence[str] | None = None,
        for_spreadsheets: bool = False,
    ) -> RowWriter:
        """Open for writing; nested values are JSON text in CSV and Parquet.

        Without `fields` the first row has them all (JSONL: each row its own). What is written is read back unchanged,
        unless it is CSV `for_spreadsheets`: then texts which those would run as formulas begin with an apostrophe.
        """
        ...
