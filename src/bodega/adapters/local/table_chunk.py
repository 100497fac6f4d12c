"""Take the transactions of a load, a commit's worth at a time, and write what is new in the cheapest way there is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import apsw

from bodega.adapters.local.sqlite_batch import Batch, Row
from bodega.adapters.local.table_backlog import WAITING
from bodega.adapters.local.table_layout import TableLayout, decode, sized
from bodega.adapters.local.table_load import Outcome, apply_all
from bodega.adapters.local.table_transaction import ANNOUNCE, Transaction
from bodega.adapters.rules.table_changes import encode_event
from bodega.adapters.rules.table_conditions import check_condition, holds
from bodega.adapters.rules.table_limits import check_key
from bodega.ports.table import (
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_WRITES,
    Check,
    Condition,
    Event,
    NotExists,
    Put,
    Write,
)

Place: TypeAlias = tuple[str, str, str]  # the table in SQLite, partition and sort key


class Chunk:
    """Transactions for one commit.

    As long as all of them only put things that should be new, their rows are inserted together, and that one of them
    was there already shows by SQLite's refusal. Then, and for everything else, each is decided by itself: what a
    transaction means is said by `Transaction` alone.
    """

    def __init__(self, layouts: Mapping[str, TableLayout], *, now: int, lagging: bool, fresh: bool) -> None:
        """Take whether to begin with the hope that everything is new."""
        self.count = self.bytes = 0
        self.fresh = fresh
        self._layouts = layouts
        self._now = now
        self._lagging = lagging
        self._given: list[tuple[Sequence[Write], Sequence[Event]]] = []
        self._transactions: list[Transaction] = []
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._places: set[Place] = set()
        self._puts = 0
        self._checks: dict[Place, tuple[TableLayout, Condition]] = {}
        self._announcements: list[tuple[bytes]] = []

    def add(self, writes: Sequence[Write], events: Sequence[Event]) -> None:
        """Take a transaction, checked and encoded."""
        self._given.append((writes, events))
        if self.fresh and not self._add_fresh(writes, events):
            self.fresh = False
            self.count = self.bytes = 0
        if not self.fresh:
            self._add_others()

    def apply(self, batch: Batch) -> list[Outcome]:
        """Write everything that may be, as if one transaction came after the other."""
        if self.fresh and self._checks_hold(batch):
            batch.write()  # what waits may be what we hope is not there
            if self._insert(batch.connection):
                return [None] * len(self._given)
        self._add_others()
        return apply_all(self._transactions, batch)

    # -- what is new

    def _add_fresh(self, writes: Sequence[Write], events: Sequence[Event]) -> bool:
        size = 0
        for write in writes:
            layout = self._layouts[write.table]
            if type(write) is Put and (write.condition is None or type(write.condition) is NotExists):
                size += self._add_put(layout, write)
            elif type(write) is Check:
                self._add_check(layout, write)
            else:
                return False
        announcements = [(encode_event(event),) for event in events]
        size += sum([len(announcement) for (announcement,) in announcements])
        count = len(writes) + len(events)
        if not (0 < count <= MAX_TRANSACTION_WRITES and size <= MAX_TRANSACTION_BYTES):
            return False
        self._announcements += announcements
        self.count += count
        self.bytes += size
        # A place that is written twice, or looked at after it was written, needs one transaction after the other.
        return len(self._places) == self._puts and self._places.isdisjoint(self._checks)

    def _add_put(self, layout: TableLayout, put: Put) -> int:
        item = put.item
        partition, sort = layout.key_parts(item)
        size, body = sized(item)
        expires = layout.expires(item)
        self._places.add((layout.name, partition, sort))
        self._puts += 1
        must_be_new = put.condition is not None or layout.all_indexes
        self._rows[layout.insert if must_be_new else layout.put].append((partition, sort, expires, body))
        for index in layout.all_indexes:
            entry = index.row(item, body)
            if entry is not None:
                row = (entry[0], entry[1], partition, sort, expires, entry[2])
                if self._lagging:
                    self._rows[WAITING.put].append((index.name, *row))
                else:
                    self._rows[index.put].append(row)
        return size

    def _add_check(self, layout: TableLayout, check: Check) -> None:
        place = (layout.name, check.key.partition, check.key.sort)
        if place not in self._checks:
            check_key(check.key)
            check_condition(check.condition)
            self._checks[place] = layout, check.condition
        elif self._checks[place][1] is not check.condition and self._checks[place][1] != check.condition:
            self._puts = -1  # two questions about one place: not worth the room here

    def _checks_hold(self, batch: Batch) -> bool:
        for (_, *key), (layout, condition) in self._checks.items():
            found = batch.find(layout, tuple(key))
            # Whether something that expires is still there, others decide.
            if found is None or found[0] is not None or not holds(condition, decode(cast("bytes", found[1]))):
                return False
        return True

    def _insert(self, connection: apsw.Connection) -> bool:
        """Insert all rows; False, and nothing is inserted, if anything was there."""
        connection.execute("SAVEPOINT fresh")
        try:
            for sql in sorted(self._rows):
                rows = self._rows[sql]
                rows.sort()  # a row begins with its keys, which no two of a table share
                connection.executemany(sql, rows).fetchall()
        except apsw.ConstraintError:
            connection.execute("ROLLBACK TO fresh; RELEASE fresh")
            return False
        connection.execute("RELEASE fresh")
        if self._announcements:
            connection.executemany(ANNOUNCE, self._announcements).fetchall()
        return True

    # -- everything else

    def _add_others(self) -> None:
        for writes, events in self._given[len(self._transactions) :]:
            transaction = Transaction(self._layouts, writes, events, now=self._now, lagging=self._lagging)
            self._transactions.append(transaction)
            if not self.fresh:
                self.count += transaction.count
                self.bytes += transaction.bytes
