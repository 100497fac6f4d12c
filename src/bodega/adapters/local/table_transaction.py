"""Turn a transaction into rows: check it in the caller's thread, decide it and write it in the writer's."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from bodega.adapters.local import table_backlog
from bodega.adapters.local.sqlite_batch import Batch, RowChange
from bodega.adapters.local.table_layout import TableLayout, decode, encode, sized
from bodega.adapters.rules.table_changes import TOKEN_SECONDS, check_update, encode_event, token_digest, updated
from bodega.adapters.rules.table_conditions import check_condition, holds
from bodega.adapters.rules.table_limits import check_key, check_size, measure_item
from bodega.errors import InvalidError
from bodega.ports.table import (
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

CREATE_TOKENS = (
    "CREATE TABLE tokens (token TEXT PRIMARY KEY, digest BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;"
    " CREATE INDEX tokens_at ON tokens (at)"
)
FORGET_TOKENS = "DELETE FROM tokens WHERE at <= ?"
CREATE_OUTBOX = "CREATE TABLE outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, event BLOB NOT NULL)"
ANNOUNCE = "INSERT INTO outbox (event) VALUES (?)"

Current: TypeAlias = "tuple[Item | None, Item | None]"  # the item as callers see it, and as it lies in the table


class _Tokens:
    """How tokens lie in SQLite."""

    get_row = "SELECT digest, at FROM tokens WHERE token = ?"
    put = "INSERT OR REPLACE INTO tokens (token, digest, at) VALUES (?, ?, ?)"
    delete = "DELETE FROM tokens WHERE token = ?"


TOKENS = _Tokens()


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
            self.size, self.new_row = sized(item)
            self.key = layout.key(item)
            self.new_item = item
            return
        check_key(write.key)  # type: ignore[union-attr]
        self.key = write.key  # type: ignore[union-attr]
        if kind is Update:
            self.size = check_update(write, (layout.partition_key, layout.sort_key))  # type: ignore[arg-type]

    def needs_current(self) -> bool:
        """Tell whether the outcome depends on what is there now."""
        return self.condition is not None or type(self.write) is Update or bool(self.layout.indexes)

    def changes(self, seen: Item | None, stored: Item | None, *, lagging: bool) -> list[RowChange]:
        """Return which rows become what; InvalidError for an update that this item does not allow.

        With `lagging` the index entries of an item that was not there wait.
        """
        layout, key = self.layout, self.key
        new, row = self.new_item, self.new_row
        kind = type(self.write)
        if kind is Check:
            return []
        if kind is Update:
            new = updated(self.write, (layout.partition_key, layout.sort_key), seen)  # type: ignore[arg-type]
            row = encode(new)
            check_size(new, row)
        rest = None if new is None else (layout.expires(new), row)
        changes: list[RowChange] = [(layout, (key.partition, key.sort), rest)]
        if layout.indexes:
            entries = _index_changes(layout, key, stored, new)
            changes += map(table_backlog.waiting, entries) if lagging and stored is None else entries
        return changes


class Transaction:
    """A checked transaction; calling `run` with the writer's batch decides and applies it."""

    __slots__ = ("_digest", "_lagging", "_now", "_token", "_writes", "announcements", "bytes", "count")

    def __init__(
        self,
        layouts: Mapping[str, TableLayout],
        writes: Sequence[Write],
        events: Sequence[Event],
        *,
        now: int,
        token: str | None = None,
        lagging: bool = False,
    ) -> None:
        """Take `lagging` if the index entries of new items may be left for later."""
        self.count = len(writes) + len(events)
        if not 1 <= self.count <= MAX_TRANSACTION_WRITES:
            raise LimitExceededError(
                f"a transaction has 1 to {MAX_TRANSACTION_WRITES} writes and events, not {self.count}"
            )
        self._writes = [PreparedWrite(layouts[write.table], write) for write in writes]
        if len(writes) > 1 and len({(one.layout.name, one.key) for one in self._writes}) < len(writes):
            raise InvalidError("a transaction must not write the same item twice")
        self.announcements = [(encode_event(event),) for event in events]
        self.bytes = sum(one.size for one in self._writes) + sum(len(event) for (event,) in self.announcements)
        if self.bytes > MAX_TRANSACTION_BYTES and self._exact_bytes() > MAX_TRANSACTION_BYTES:
            raise LimitExceededError(f"a transaction has at most {MAX_TRANSACTION_BYTES} bytes, not {self.bytes}")
        self._now = now
        self._lagging = lagging
        self._token = token
        self._digest = b"" if token is None else token_digest(token, writes, events)

    def _exact_bytes(self) -> int:
        excess = sum(one.size - measure_item(one.new_item) for one in self._writes if one.new_item is not None)
        return self.bytes - excess

    @property
    def writes(self) -> Sequence[PreparedWrite]:
        """The single writes, for those who count them."""
        return self._writes

    def run(self, batch: Batch) -> None:
        """Decide everything, then write everything; a refusal leaves the batch as it was."""
        if self._token is not None and self._was_done(batch, self._token):
            return
        for rows, place, rest in self.decide(batch):
            batch.set(rows, place, rest)
        if self.announcements:
            batch.later(ANNOUNCE, self.announcements)
        if self._token is not None:
            batch.later(FORGET_TOKENS, [(self._now - TOKEN_SECONDS,)])
            batch.set(TOKENS, (self._token,), (self._digest, self._now))

    def decide(self, batch: Batch) -> list[RowChange]:
        """Check all conditions and return what becomes of which rows; ConditionFailedError if one does not hold."""
        failed: dict[int, Item | None] = {}
        changes: list[RowChange] = []
        moved: list[table_backlog.Indexed] = []
        for index, one in enumerate(self._writes):
            seen, stored = self._current(batch, one) if one.needs_current() else (None, None)
            if one.condition is not None and not holds(one.condition, seen):
                failed[index] = seen
            elif not failed:
                changes += one.changes(seen, stored, lagging=self._lagging)
                if stored is not None and one.layout.indexes:
                    moved.append((one.layout, one.key.partition, one.key.sort))
        if failed:
            raise ConditionFailedError(failed)
        return changes + table_backlog.voids(batch, moved) if moved else changes

    def _current(self, batch: Batch, one: PreparedWrite) -> Current:
        found = batch.find(one.layout, (one.key.partition, one.key.sort))
        if found is None:
            return None, None
        expires, row = found
        stored = decode(cast("bytes", row))
        expired = one.layout.ttl is not None and expires is not None and cast("int", expires) <= self._now
        return (None if expired else stored), stored

    def _was_done(self, batch: Batch, token: str) -> bool:
        found = batch.find(TOKENS, (token,))
        if found is None or cast("int", found[1]) <= self._now - TOKEN_SECONDS:
            return False
        if found[0] != self._digest:
            raise TokenReusedError
        return True


def _index_changes(layout: TableLayout, key: Key, old: Item | None, new: Item | None) -> list[RowChange]:
    changes: list[RowChange] = []
    expires = None if new is None else layout.expires(new)
    for (index, before), (_, after) in zip(layout.index_rows(old), layout.index_rows(new), strict=True):
        if before is not None and (after is None or before[:2] != after[:2]):
            changes.append((index, (*before[:2], key.partition, key.sort), None))
        if after is not None and (after != before or layout.ttl is not None):
            changes.append((index, (*after[:2], key.partition, key.sort), (expires, after[2])))
    return changes
