"""Keep the cards of a generation in one file, read by place: unpacking a document store costs four times as much.

A file only grows. What a commit refers to is on the disk before the commit is, and whatever lies behind it, such as
the cards of a commit that was never made, is nobody's. A rebuild leaves behind what is no longer referred to.
"""

import os
import threading
import weakref
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Self

from bodega.errors import InvalidError

_NAME = "cards"
# A place is where a record begins and how long it is, in one number that fits a column of the index.
_LENGTH_BITS = 24
_MAX_LENGTH = (1 << _LENGTH_BITS) - 1
_HEAD_BYTES = 2


class CardWriter:
    """Adds cards behind those that are there. Used only by who holds the writing lock."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / _NAME).open("ab")
        self._end = self._file.seek(0, os.SEEK_END)

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, whatever became of the commit."""
        self._file.close()

    def add(self, product_id: str, card: bytes) -> int:
        """Write a card and return its place; InvalidError for one of 16 MB."""
        head = product_id.encode()
        record = b"".join((len(head).to_bytes(_HEAD_BYTES, "big"), head, card))
        if len(record) > _MAX_LENGTH:
            raise InvalidError(f"product {product_id[:40]!r}: its card is too long")
        place = self._end << _LENGTH_BITS | len(record)
        self._file.write(record)
        self._end += len(record)
        return place

    def sync(self) -> None:
        """Put what was added on the disk: before the commit that refers to it."""
        self._file.flush()
        os.fsync(self._file.fileno())


class Cards:
    """Reads cards by their places. The file stays readable after its deletion. Thread-safe.

    It is not mapped into memory: its pages would count as this process's, and a page of hits touches one page each.
    """

    def __init__(self, folder: Path) -> None:
        descriptor = os.open(folder / _NAME, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._read = partial(os.pread, descriptor) if hasattr(os, "pread") else self._seek_and_read

    def read(self, places: Iterable[int]) -> list[tuple[str, bytes]]:
        """Return the id and card at each place; ValueError where there is none."""
        read = self._read
        return [_parted(read(place & _MAX_LENGTH, place >> _LENGTH_BITS)) for place in places]

    def _seek_and_read(self, length: int, offset: int) -> bytes:
        with self._lock:  # Windows reads only where the file's one position is.
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, length)


def _parted(record: bytes) -> tuple[str, bytes]:
    end = _HEAD_BYTES + int.from_bytes(record[:_HEAD_BYTES], "big")
    if not _HEAD_BYTES < end <= len(record):
        raise ValueError("no card where the index says that one is")
    return record[_HEAD_BYTES:end].decode(), record[end:]
