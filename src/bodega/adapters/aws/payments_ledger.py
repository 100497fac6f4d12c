"""What the sandbox remembers of payments, in the shop's own tables: the same for all machines that sell from them.

    partition            sort              what
    sandbox#payments     <payment id>      a payment
    sandbox#operations   <operation id>    what was done to one
    sandbox#webhooks     <second> <id>     a webhook that waits until then

A change is made on what it read, and made again if anything of that is not so any more. One partition each is enough:
no shop takes real money through the sandbox.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

from bodega import schema
from bodega.errors import ConflictError
from bodega.ports.ids import Ids
from bodega.ports.table import (
    Check,
    Condition,
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Key,
    NotExists,
    Put,
    SortRange,
    TableStore,
    Write,
    query_all,
)

T = TypeVar("T")
_WEBHOOKS = "sandbox#webhooks"
_TRIES = 50
_PAGE = 500


class TableLedger:
    """A ledger in the table of the shop's own affairs. Thread-safe; any number of machines may write it."""

    def __init__(self, table: TableStore, *, ids: Ids) -> None:
        self._table = table
        self._ids = ids

    def change(self, plan: Callable[["_TableBook"], T]) -> T:
        """Make a change, all or nothing; ConflictError if others change the same again and again."""
        for _ in range(_TRIES):
            book = _TableBook(self._table, self._ids)
            result = plan(book)
            writes = book.writes()
            # What was read of two documents may be from two moments, so that they are checked even if nothing changes.
            if not book.changes and len(writes) <= 1:
                return result
            try:
                self._table.transact(writes)
            except ConditionFailedError:
                continue
            return result
        raise ConflictError("this payment changes too fast; try again")

    def find(self, subject: str, key: str) -> bytes | None:
        """Return a document or None."""
        item = self._table.get(schema.SYSTEM, _key(subject, key))
        return cast("bytes", item["doc"]) if item is not None else None

    def all_payments(self) -> Iterable[bytes]:
        """Return the documents of all payments."""
        for item in query_all(self._table, schema.SYSTEM, _partition("payments"), page_size=_PAGE):
            yield cast("bytes", item["doc"])

    def due(self, moment: int, *, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return webhooks that waited."""
        until = SortRange(high=f"{moment:012d}~")  # which sorts behind every id
        page = self._table.query(schema.SYSTEM, _WEBHOOKS, sort=until, limit=limit)
        return [(str(item["part"]), cast("bytes", item["doc"])) for item in page.items]

    def drop(self, webhook_id: str) -> None:
        """Forget a webhook."""
        self._table.transact([Delete(schema.SYSTEM, Key(_WEBHOOKS, webhook_id))])


class _TableBook:
    """A ledger within one change: what it read, and what it will write if that is still so."""

    def __init__(self, table: TableStore, ids: Ids) -> None:
        self._table = table
        self._ids = ids
        self._read: dict[Key, Item | None] = {}
        self._documents: dict[Key, bytes] = {}
        self._reminders: list[Write] = []

    @property
    def changes(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self._documents or self._reminders)

    def find(self, subject: str, key: str) -> bytes | None:
        """Return a document, with what this change has put."""
        place = _key(subject, key)
        if place in self._documents:
            return self._documents[place]
        item = self._known(place)
        return cast("bytes", item["doc"]) if item is not None else None

    def put(self, subject: str, key: str, document: bytes) -> None:
        """Put a document, if it still is as it was found."""
        place = _key(subject, key)
        self._known(place)
        self._documents[place] = document

    def remind(self, due: int, body: bytes) -> None:
        """Have a webhook wait."""
        place = Key(_WEBHOOKS, f"{due:012d}.{self._ids.new('whd')}")
        self._reminders.append(Put(schema.SYSTEM, _item(place, body, 1), NotExists()))

    def writes(self) -> list[Write]:
        """Return what to write: documents where they were looked for, and a check of all else that was read."""
        made: list[Write] = list(self._reminders)
        for place, item in self._read.items():
            version = 0 if item is None else cast("int", item["version"])
            same: Condition = NotExists() if item is None else Equals("version", version)
            document = self._documents.get(place)
            if document is None:
                made.append(Check(schema.SYSTEM, place, same))
            else:
                made.append(Put(schema.SYSTEM, _item(place, document, version + 1), same))
        return made

    def _known(self, place: Key) -> Item | None:
        if place not in self._read:
            self._read[place] = self._table.get(schema.SYSTEM, place)
        return self._read[place]


def _partition(subject: str) -> str:
    return f"sandbox#{subject}"


def _key(subject: str, key: str) -> Key:
    return Key(_partition(subject), key)


def _item(place: Key, document: bytes, version: int) -> Item:
    return {"name": place.partition, "part": place.sort, "doc": document, "version": version}
