"""Apply many transactions in one commit in the order in which SQLite likes to write: by table and key."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import apsw

from bodega.adapters.local.table_transaction import ANNOUNCE, Statement, Transaction
from bodega.ports.table import ConditionFailedError

Outcome: TypeAlias = ConditionFailedError | None


def apply_all(transactions: Sequence[Transaction], connection: apsw.Connection) -> list[Outcome]:
    """Decide each transaction by itself and write all that may be, as if one came after the other.

    What they write is collected and written sorted: rows that are neighbours in a B-tree then touch a page once,
    which is worth a factor of three for a catalogue. A transaction that touches a key which is still being collected
    must see it written, so what was collected is written first.
    """
    outcomes: list[Outcome] = []
    collected = _Collected()
    for transaction in transactions:
        places = [(one.layout.name, one.key) for one in transaction.writes]
        if not collected.touched.isdisjoint(places):
            collected.write(connection)
        try:
            statements = transaction.decide(connection)
        except ConditionFailedError as refusal:
            outcomes.append(refusal.with_traceback(None))
            continue
        collected.touched.update(places)
        collected.add(statements)
        collected.announcements += [(announcement,) for announcement in transaction.announcements]
        outcomes.append(None)
    collected.write(connection)
    return outcomes


class _Collected:
    """Statements that wait to be written, by their SQL."""

    def __init__(self) -> None:
        self.touched: set[object] = set()
        self.announcements: list[tuple[bytes]] = []
        self._rows: defaultdict[str, list[tuple[str | bytes | int | None, ...]]] = defaultdict(list)

    def add(self, statements: Iterable[Statement]) -> None:
        for sql, values in statements:
            self._rows[sql].append(values)

    def write(self, connection: apsw.Connection) -> None:
        # Deletions first: an index entry may be deleted and put again by one transaction.
        for sql in sorted(self._rows):
            rows = self._rows[sql]
            rows.sort(key=_place)
            connection.executemany(sql, rows).fetchall()
        if self.announcements:
            connection.executemany(ANNOUNCE, self.announcements).fetchall()
        self.touched.clear()
        self._rows.clear()
        self.announcements = []


def _place(values: Sequence[object]) -> tuple[object, object]:
    return values[0], values[1]
