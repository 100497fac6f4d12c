"""What the sandbox remembers of payments, and how it lies in SQLite: documents by id, and webhooks that wait."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, TypeVar, cast

from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.sqlite_batch import Batch

# ruff: noqa: S608 - the names in the SQL are those above; values never are

T = TypeVar("T")
Subject: TypeAlias = Literal["payments", "operations"]
"""Payments by id, and what was done to them by its id, calls whose answers were lost among it."""


class Book(Protocol):
    """The ledger within one change: what is found stands until the change is written, or the change is made again."""

    def find(self, subject: Subject, key: str) -> bytes | None:
        """Return a document, with what this change has put."""
        ...

    def put(self, subject: Subject, key: str, document: bytes) -> None:
        """Put a document that was looked for before."""
        ...

    def remind(self, due: int, body: bytes) -> None:
        """Have a webhook wait for a second of the epoch."""
        ...


class Ledger(Protocol):
    """Durable memory of a sandbox. Thread-safe."""

    def change(self, plan: Callable[[Book], T]) -> T:
        """Make a change, all or nothing, and return what the plan returns; it may be asked several times."""
        ...

    def find(self, subject: Subject, key: str) -> bytes | None:
        """Return a document or None."""
        ...

    def all_payments(self) -> Iterable[bytes]:
        """Return the documents of all payments, in order of their ids."""
        ...

    def due(self, moment: int, *, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return webhooks that waited until a second of the epoch, each with its id, in order of their times."""
        ...

    def drop(self, webhook_id: str) -> None:
        """Forget a webhook; nothing happens if it is forgotten already."""
        ...


class _Documents:
    """A table of documents by id."""

    def __init__(self, name: str) -> None:
        self.get_row = f"SELECT doc FROM {name} WHERE id = ?"
        self.put = f"INSERT OR REPLACE INTO {name} VALUES (?, ?)"
        self.delete = f"DELETE FROM {name} WHERE id = ?"


_TABLES = """
CREATE TABLE IF NOT EXISTS sandbox_payments (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_operations (id TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandbox_webhooks (seq INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS sandbox_webhooks_due ON sandbox_webhooks (due, seq)
"""
_ALL_PAYMENTS = "SELECT doc FROM sandbox_payments ORDER BY id"
_ADD_WEBHOOK = "INSERT INTO sandbox_webhooks (due, body) VALUES (?, ?)"
_DUE_WEBHOOKS = "SELECT seq, body FROM sandbox_webhooks WHERE due <= ? ORDER BY due, seq LIMIT ?"
_DROP_WEBHOOK = "DELETE FROM sandbox_webhooks WHERE seq = ?"
_ROWS: Mapping[Subject, _Documents] = {
    "payments": _Documents("sandbox_payments"),
    "operations": _Documents("sandbox_operations"),
}


class SqliteLedger:
    """A ledger in a database, beside whatever else is in it."""

    def __init__(self, database: Database) -> None:
        """Make the tables unless they are there."""
        self._database = database
        database.make(_TABLES, last="sandbox_webhooks_due")

    def change(self, plan: Callable[[Book], T]) -> T:
        """Make a change in the next group of commits."""
        return self._database.write_planned(lambda batch: plan(_BatchBook(batch)))

    def find(self, subject: Subject, key: str) -> bytes | None:
        """Return a document or None."""
        row = self._database.reader().execute(_ROWS[subject].get_row, (key,)).fetchone()
        return cast("bytes", row[0]) if row is not None else None

    def all_payments(self) -> Iterable[bytes]:
        """Return the documents of all payments."""
        return [doc for (doc,) in self._database.reader().execute(_ALL_PAYMENTS)]

    def due(self, moment: int, *, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return webhooks that waited."""
        return [(str(seq), body) for seq, body in self._database.reader().execute(_DUE_WEBHOOKS, (moment, limit))]

    def drop(self, webhook_id: str) -> None:
        """Forget a webhook."""
        self._database.write_planned(lambda batch: batch.later(_DROP_WEBHOOK, [(int(webhook_id),)]))


class _BatchBook:
    """A ledger within a transaction of SQLite."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def find(self, subject: Subject, key: str) -> bytes | None:
        row = self._batch.find(_ROWS[subject], (key,))
        return cast("bytes", row[0]) if row is not None else None

    def put(self, subject: Subject, key: str, document: bytes) -> None:
        self._batch.set(_ROWS[subject], (key,), (document,))

    def remind(self, due: int, body: bytes) -> None:
        self._batch.later(_ADD_WEBHOOK, [(due, body)])
