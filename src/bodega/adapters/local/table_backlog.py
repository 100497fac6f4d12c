"""Keep what is yet to be written into indexes, and write it in their order.

An index of a large table is written at random: every entry touches a page of its own, which is read, written to the
log and moved from there. A load may therefore leave the entries of new items here, in the order of arrival, and pay
for the pages once when they are sorted and merged. They are part of the load's transaction, so that a crash loses none.

An item that is changed or deleted while its entries wait has them put right at once; the waiting ones are void.
"""

# ruff: noqa: S608 - the names in the SQL are our own

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TypeAlias, cast

import apsw

from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.sqlite_batch import Batch, Place, RowChange
from bodega.adapters.local.table_layout import IndexLayout, TableLayout
from bodega.adapters.system.file_lock import file_lock

CREATE = (
    "CREATE TABLE index_backlog (position INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, ipk TEXT NOT NULL,"
    " isk TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, expires INTEGER, item BLOB NOT NULL);"
    " CREATE TABLE index_void (name TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, up_to INTEGER NOT NULL,"
    " PRIMARY KEY (name, pk, sk)) WITHOUT ROWID"
)
TABLE = "index_backlog"

_LAST = f"SELECT max(position) FROM {TABLE}"
_SORTED = (
    f"SELECT name, ipk, isk, pk, sk, expires, item, position FROM {TABLE} WHERE position <= ?"
    " ORDER BY name, ipk, isk, pk, sk, position"
)
_FORGET = f"DELETE FROM {TABLE} WHERE position IN (SELECT position FROM {TABLE} WHERE position <= ? LIMIT ?)"
# A row of the backlog, unless it is void.
_MERGE = (
    "INSERT OR REPLACE INTO {} (ipk, isk, pk, sk, expires, item) SELECT ?2, ?3, ?4, ?5, ?6, ?7"
    " WHERE NOT EXISTS (SELECT 1 FROM index_void WHERE name = ?1 AND pk = ?4 AND sk = ?5 AND up_to >= ?8)"
)
_CHUNK = 4000  # entries in one commit; others get a turn between two
_LOCK_SECONDS = 600.0

_Row: TypeAlias = tuple[Any, ...]
Indexed: TypeAlias = tuple[TableLayout, str, str]
"""An item of a table with indexes: the table, partition and sort key."""


class _Waiting:
    """How entries wait: each as it would stand in its index, behind the index's name."""

    put = f"INSERT INTO {TABLE} (name, ipk, isk, pk, sk, expires, item) VALUES (?, ?, ?, ?, ?, ?, ?)"
    delete = f"DELETE FROM {TABLE} WHERE name = ? AND ipk = ? AND isk = ? AND pk = ? AND sk = ?"


class _Void:
    """Items by an index, and up to where in the backlog no entry of theirs counts."""

    put = "INSERT OR REPLACE INTO index_void (name, pk, sk, up_to) VALUES (?, ?, ?, ?)"
    delete = "DELETE FROM index_void WHERE name = ? AND pk = ? AND sk = ?"


WAITING = _Waiting()
_VOID = _Void()


def waiting(entry: RowChange) -> RowChange:
    """Return what leaves an entry of an index for later."""
    index, place, rest = entry
    return WAITING, (cast("IndexLayout", index).name, *place), rest


def voids(batch: Batch, items: Sequence[Indexed]) -> list[RowChange]:
    """Return what makes void the entries that wait for items."""
    if batch.has(WAITING):
        batch.write()  # each must have its number before it can be told from what comes later
    last = batch.connection.execute(_LAST).get
    return [] if last is None else [(_VOID, place, (last,)) for place in _places(items)]


def void_now(connection: apsw.Connection, items: Sequence[Indexed]) -> None:
    """Make void what waits for items, for whoever writes without waiting."""
    last = connection.execute(_LAST).get
    if last is not None:
        connection.executemany(_VOID.put, [(*place, last) for place in _places(items)]).fetchall()


def _places(items: Sequence[Indexed]) -> Iterator[Place]:
    return ((index.name, partition, sort) for layout, partition, sort in items for index in layout.all_indexes)


def drop_index(connection: apsw.Connection, name: str) -> None:
    """Forget what waits for an index that is made anew."""
    connection.execute(f"DELETE FROM {TABLE} WHERE name = ?", (name,))


def catch_up(database: Database) -> None:
    """Write everything that waits now, a piece at a time.

    One caller at a time does it; a second waits. Whoever is killed half-way leaves nothing that cannot be done again.
    """
    with file_lock(database.path.with_name(f"{database.path.name}-indexes"), wait_seconds=_LOCK_SECONDS):
        last = database.reader().execute(_LAST).get
        if last is None:
            return
        with database.sorting_reader() as connection:
            rows: Iterator[_Row] = iter(connection.execute(_SORTED, (last,)))
            while chunk := list(islice(rows, _CHUNK)):
                database.write_planned(partial(_merge, chunk))
        while database.write_planned(partial(_forget, last)) == _CHUNK:
            pass


def _merge(chunk: Iterable[_Row], batch: Batch) -> None:
    batch.write()
    for name, entries in groupby(chunk, itemgetter(0)):
        batch.connection.executemany(_MERGE.format(name), list(entries)).fetchall()


def _forget(last: int, batch: Batch) -> int:
    """Forget some of what was written, and what was void once nothing of it waits any more; return how many."""
    batch.write()
    connection = batch.connection
    connection.execute(_FORGET, (last, _CHUNK))
    forgotten = connection.changes()
    if forgotten < _CHUNK:
        connection.execute("DELETE FROM index_void WHERE up_to <= ?", (last,))
    return forgotten
