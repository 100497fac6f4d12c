"""Ask for room for intermediate results that are larger than memory and that nobody misses afterwards."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Grouper(Protocol):
    """Sorts records by group on disk: in constant memory, however many there are. For one thread."""

    def add(self, records: Iterable[tuple[str, bytes]]) -> None:
        """Take records, each with the group it belongs to."""
        ...

    def read(self, *, after: str = "") -> Iterator[tuple[str, bytes]]:
        """Yield the records of all groups behind `after`, in order of the groups' UTF-8 bytes and then of adding.

        Nothing may be added while this runs; it may be run again.
        """
        ...


class Scratch(Protocol):
    """Temporary room. What a process that died left behind is removed by those that come later. Thread-safe."""

    def folder(self) -> AbstractContextManager[Path]:
        """Open an empty private folder that is removed with its contents when the block ends."""
        ...

    def grouper(self) -> AbstractContextManager[Grouper]:
        """Open an empty grouper whose contents are removed when the block ends."""
        ...
