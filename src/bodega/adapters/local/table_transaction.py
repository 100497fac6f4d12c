"""Turn a transaction into SQL: check it in the caller's thread, decide it and write it in the writer's."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeAlias

import apsw
import msgspec

from bodega.adapters.local.table_conditions import check_condition, holds
from bodega.adapters.local.table_layout import TableLayout, decode, encode
from bodega.adapters.local.table_limits import (
    check_integer,
    check_key,
    measure_attributes,
    measure_item,
    text_bytes,
)
from bodega.errors import InvalidError
from bodega.ports.table import (
    MAX_EVENT_DATA_BYTES,
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_WRITES,
    Check,
    Condition,
    ConditionFailedError,
    Event,
    Item,
    Key,
    LimitExceededError,
    Put,
    TokenReusedError,
    Update,
    Write,
)

TOKEN_SECONDS = 600
MAX_TOKEN_CHARACTERS = 255
CREATE_TOKENS = (
    "CREATE TABLE tokens (token TEXT PRIMARY KEY, digest BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;"
    " CREATE INDEX tokens_at ON tokens (at)"
)
CREATE_OUTBOX = "CREATE TABLE outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, event BLOB NOT NULL)"
ANNOUNCE = "INSERT INTO outbox (event) VALUES (?)"

encode_event = msgspec.msgpack.Encoder().encode
decode_event = msgspec.msgpack.Decoder(Event).decode

Statement: TypeAlias = "tuple[str, tuple[str | bytes | int | None, ...]]"
Current: TypeAlias = "tuple[Item | None, Item | None]"  # the item as callers see it, and as it lies in the table


class PreparedWrite:
    """A write that passed every check which needs no look at the table."""

    __slots__ = ("condition", "key", "layout", "new_item", "new_row", "size", "write")

    def __init__(self, layout: TableLayout, write: Write) -> None:
        self.layout = layout
        self.write = write
        self.condition: Condition | None = write.condition
        self.new_item: Item | None = None
        self.new_row: bytes | None = None
        self.size = 0
        if self.condition is not None:
            check_condition(self.condition)
        # By type and not by `match`: every write of an import passes here.
        kind = type(write)
        if kind is Put:
            item = write.item  # type: ignore[union-attr]
            self.size = measure_item(item)
            self.key = layout.key(item)
            self.new_item, self.new_row = item, encode(item)
            return
        check_key(write.key)  # type: ignore[union-attr]
        self.key = write.key  # type: ignore[union-attr]
        if kind is Update:
            self.size = _check_update(layout, write)  # type: ignore[arg-type]

    def needs_current(self) -> bool:
        """Tell whether the outcome depends on what is there now."""
        return self.condition is not None or type(self.write) is Update or bool(self.layout.indexes)

    def statements(self, seen: Item | None, stored: Item | None) -> list[Statement]:
        """Return what to execute, given the item as callers see it and as it lies there, maybe expired."""
        layout, key = self.layout, self.key
        new, row = self.new_item, self.new_row
        kind = type(self.write)
        if kind is Check:
            return []
        if kind is Update:
            new = _updated(layout, self.write, seen)  # type: ignore[arg-type]
            measure_item(new)
            row = encode(new)
        if new is None or row is None:
            statements: list[Statement] = [(layout.delete, (key.partition, key.sort))]
        else:
            statements = [(layout.put, (key.partition, key.sort, layout.expires(new), row))]
        if layout.indexes:
            statements += _index_statements(layout, key, stored, new)
        return statements


class Transaction:
    """A checked transaction; calling `run` with the writer's connection decides and applies it."""

    __slots__ = ("_digest", "_now", "_token", "_writes", "announcements", "bytes", "count")

    def __init__(
        self,
        layout_of: Callable[[str], TableLayout],
        writes: Sequence[Write],
        events: Sequence[Event],
        *,
        now: int,
        token: str | None = None,
    ) -> None:
        self.count = len(writes) + len(events)
        if not 1 <= self.count <= MAX_TRANSACTION_WRITES:
            raise LimitExceededError(
                f"a transaction has 1 to {MAX_TRANSACTION_WRITES} writes and events, not {self.count}"
            )
        self._writes = [PreparedWrite(layout_of(write.table), write) for write in writes]
        if len(writes) > 1 and len({(one.layout.name, one.key) for one in self._writes}) < len(writes):
            raise InvalidError("a transaction must not write the same item twice")
        self.announcements = [_prepared_event(event) for event in events]
        self.bytes = sum(one.size for one in self._writes) + sum(len(one) for one in self.announcements)
        if self.bytes > MAX_TRANSACTION_BYTES:
            raise LimitExceededError(f"a transaction has at most {MAX_TRANSACTION_BYTES} bytes, not {self.bytes}")
        self._now = now
        self._token = token
        self._digest = b"" if token is None else _digest(token, writes, events)

    @property
    def writes(self) -> Sequence[PreparedWrite]:
        """The single writes, for those who count them."""
        return self._writes

    def run(self, connection: apsw.Connection) -> None:
        """Decide everything, then write everything; a refusal leaves the connection as it was."""
        if self._token is not None and self._was_done(connection):
            return
        for sql, values in self.decide(connection):
            connection.execute(sql, values)
        for announcement in self.announcements:
            connection.execute(ANNOUNCE, (announcement,))
        if self._token is not None:
            connection.execute("DELETE FROM tokens WHERE at <= ?", (self._now - TOKEN_SECONDS,))
            connection.execute("INSERT INTO tokens VALUES (?, ?, ?)", (self._token, self._digest, self._now))

    def decide(self, connection: apsw.Connection) -> list[Statement]:
        """Check all conditions and return what to execute; ConditionFailedError if one does not hold."""
        failed: dict[int, Item | None] = {}
        statements: list[Statement] = []
        for index, one in enumerate(self._writes):
            seen, stored = self._current(connection, one) if one.needs_current() else (None, None)
            if one.condition is not None and not holds(one.condition, seen):
                failed[index] = seen
            elif not failed:
                statements += one.statements(seen, stored)
        if failed:
            raise ConditionFailedError(failed)
        return statements

    def _current(self, connection: apsw.Connection, one: PreparedWrite) -> Current:
        row = connection.execute(one.layout.get_row, (one.key.partition, one.key.sort)).fetchone()
        if row is None:
            return None, None
        stored = decode(row[0])
        expired = one.layout.ttl is not None and row[1] is not None and row[1] <= self._now
        return (None if expired else stored), stored

    def _was_done(self, connection: apsw.Connection) -> bool:
        row = connection.execute(
            "SELECT digest FROM tokens WHERE token = ? AND at > ?", (self._token, self._now - TOKEN_SECONDS)
        ).fetchone()
        if row is None:
            return False
        if row[0] != self._digest:
            raise TokenReusedError
        return True


def _check_update(layout: TableLayout, update: Update) -> int:
    names = [*update.set, *update.add, *update.remove]
    if len(set(names)) < len(names):
        raise InvalidError("an update must not change one attribute twice")
    for name in (layout.partition_key, layout.sort_key):
        if name in names:
            raise InvalidError(f"{name!r} is part of the key and cannot be changed")
    for number in update.add.values():
        check_integer(number)
    size = measure_attributes(update.set) + measure_attributes(update.add)
    size += measure_attributes(dict.fromkeys(update.remove))
    if size > MAX_ITEM_BYTES:
        raise LimitExceededError(f"an item has at most {MAX_ITEM_BYTES} bytes, this update has {size}")
    return size


def _updated(layout: TableLayout, update: Update, seen: Item | None) -> Item:
    item: Item = {layout.partition_key: update.key.partition, layout.sort_key: update.key.sort}
    item.update(seen or {})
    for name, number in update.add.items():
        present = item.get(name, 0)
        if type(present) is not int:
            raise InvalidError(f"cannot add to {name!r}: it is not an integer")
        check_integer(present + number)
        item[name] = present + number
    item.update(update.set)
    for name in update.remove:
        item.pop(name, None)
    return item


def _index_statements(layout: TableLayout, key: Key, old: Item | None, new: Item | None) -> list[Statement]:
    statements: list[Statement] = []
    expires = None if new is None else layout.expires(new)
    for (index, before), (_, after) in zip(layout.index_rows(old), layout.index_rows(new), strict=True):
        if before is not None and (after is None or before[:2] != after[:2]):
            statements.append((index.delete, (before.partition, before.sort, key.partition, key.sort)))
        if after is not None and (after != before or layout.ttl is not None):
            place = (after.partition, after.sort, key.partition, key.sort)
            statements.append((index.put, (*place, expires, after.shown)))
    return statements


def _prepared_event(event: Event) -> bytes:
    for text in (event.id, event.name, event.resource, event.occurred_at):
        text_bytes(text)
    check_integer(event.version)
    if len(event.data) > MAX_EVENT_DATA_BYTES:
        raise LimitExceededError(f"an event has at most {MAX_EVENT_DATA_BYTES} bytes of data, not {len(event.data)}")
    encoded = encode_event(event)
    if len(encoded) > MAX_ITEM_BYTES:
        raise LimitExceededError(f"an event has at most {MAX_ITEM_BYTES} bytes, not {len(encoded)}")
    return encoded


def _digest(token: str, writes: Sequence[Write], events: Sequence[Event]) -> bytes:
    if not 1 <= len(token) <= MAX_TOKEN_CHARACTERS:
        raise InvalidError(f"a token has 1 to {MAX_TOKEN_CHARACTERS} characters")
    text_bytes(token)
    # A repr names every class; the encodings of Exists() and NotExists() would be the same.
    return blake2b(repr((list(writes), list(events))).encode(), digest_size=16).digest()
