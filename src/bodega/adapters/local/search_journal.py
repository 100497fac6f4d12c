"""Note what is applied to the search index while a new generation is built, for its builder to add."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import tantivy

from bodega.adapters.local import search_fields
from bodega.ports.search import SearchDocument

_NAME = "journal"
_LENGTH_BYTES = 8


class Record(NamedTuple):
    """A product as the index keeps it: a document without its stamp, and its card."""

    id: str
    document: tantivy.Document
    card: bytes


def record_of(document: SearchDocument) -> Record:
    """Return the product as the index keeps it."""
    return Record(document.id, search_fields.record(document), document.card)


class Change(msgspec.Struct, frozen=True, array_like=True):
    """The arguments of one `apply`."""

    upserts: Sequence[SearchDocument]
    deletes: Sequence[str]
    position: int

    def latest(self) -> dict[str, SearchDocument]:
        """Return the upserts by id, of two with one id the last; InvalidError if one is out of bounds."""
        for document in self.upserts:
            search_fields.check(document)
        return {document.id: document for document in self.upserts}


class Journal:
    """A file in the folder of a generation that is being built. Used only by who holds the writing lock.

    It need not survive a power cut: the building does not either.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def start(self) -> None:
        """Ask for changes to be noted."""
        self._path.touch()

    def note(self, change: Change) -> None:
        """Add a change, unless nobody asked."""
        if self._path.exists():
            body = msgspec.msgpack.encode(change)
            with self._path.open("ab") as file:
                file.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)

    def changes(self) -> Iterator[Change]:
        """Return the changes in the order in which they were applied."""
        with self._path.open("rb") as file:
            while head := file.read(_LENGTH_BYTES):
                body = file.read(int.from_bytes(head, "big"))
                yield msgspec.msgpack.decode(body, type=Change)

    def end(self) -> None:
        """Stop asking."""
        self._path.unlink()
