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

    `line` counts from 1 as an editor would (Parquet: the row number); `fault` is set if it is broken.
    """

    line: int
    values: Mapping[str, Any]
    fault: str | None = None


class RowReader(Protocol):
    """Streams rows in constant memory, whatever the file's size; a broken row is reported in its place, not raised."""

    def read(self, *, after_line: int = 0) -> Iterator[Row]:
        """Yield rows behind a line; UnreadableFileError where nothing further can be read."""
        ...

    def size_hint(self) -> int | None:
        """Return about how many rows there are, if that is cheap to know: for progress bars."""
        ...


class RowWriter(Protocol):
    """Writes rows as they come; the file appears under its name only when it is complete."""

    def write(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write all rows and return how many."""
        ...


class Tabular(Protocol):
    """Opens files by format."""

    def reader(self, path: Path, *, format: str | None = None, columns: Mapping[str, str] | None = None) -> RowReader:  # noqa: A002
        """Open for reading; the format is told by the name (`.jsonl`, `.csv`, `.parquet`, also `.gz` of the first two).

        `columns` maps our names to the file's; unnamed columns keep their names.
        """
        ...

    def writer(self, path: Path, *, format: str | None = None, fields: Sequence[str] | None = None) -> RowWriter:  # noqa: A002
        """Open for writing; nested values are JSON text in CSV and Parquet."""
        ...
