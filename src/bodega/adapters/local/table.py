"""Answer the table port with SQLite, as strict as DynamoDB."""

import typing
from collections.abc import Iterable, Iterator, Sequence

import apsw

from bodega.adapters.local import table_backlog
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.sqlite_writer import Pending
from bodega.adapters.local.table_chunk import Chunk
from bodega.adapters.local.table_layout import TableLayout, decode
from bodega.adapters.local.table_many import read_many
from bodega.adapters.local.table_rates import PartitionRates
from bodega.adapters.local.table_reads import Walk, index_walk, read_page, scan_walk, table_walk
from bodega.adapters.local.table_setup import set_up
from bodega.adapters.local.table_transaction import Transaction
from bodega.adapters.rules.table_changes import decode_event
from bodega.adapters.rules.table_limits import check_key, check_key_part, check_limit
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.table import (
    MAX_BATCH_GET,
    MAX_PARTITION_KEY_BYTES,
    Announced,
    ConditionFailedError,
    Delete,
    Event,
    Item,
    Key,
    LimitExceededError,
    Put,
    QueryPage,
    SortRange,
    Write,
)
from bodega.schema import Table

LOAD_WRITES = 8000  # in one commit: so many that its fsync is cheap, so few that others get a turn
LOAD_BYTES = 8 * 1024 * 1024
TRIM_ROWS = 10_000
TOGETHER = 5  # from so many on, reading them in one statement is cheaper than one by one
ANNOUNCED_BYTES = 4 * 1024 * 1024


class SqliteTableStore:
    """The tables of a schema in an SQLite database.

    The database belongs to whoever opened it: closing the store only ends its use here.
    With `max_rates` a partition takes no more reads and writes a second than on AWS.
    """

    def __init__(self, database: Database, tables: Sequence[Table], *, clock: Clock, max_rates: bool = False) -> None:
        self._database = database
        self._clock = clock
        self._rates = PartitionRates(clock) if max_rates else None
        self._layouts = _Layouts((table.name, TableLayout(table)) for table in tables)
        self._closed = False
        set_up(database, list(self._layouts.values()))

    # -- reads ---------------------------------------------------------------------------------------------

    def get(self, table: str, key: Key) -> Item | None:
        """See the port."""
        layout = self._layout(table)
        check_key(key)
        if self._rates is not None:
            self._rates.admit_read(table, key.partition)
        values = (key.partition, key.sort) if layout.ttl is None else (key.partition, key.sort, self._now())
        try:
            row = self._database.reader().execute(layout.get, values).get
        except apsw.Error as error:
            raise _unavailable(error) from error
        if self._rates is not None:
            self._rates.charge_read(table, key.partition, len(row or b""))
        return None if row is None else decode(row)

    def batch_get(self, table: str, keys: Sequence[Key]) -> dict[Key, Item]:
        """See the port."""
        if len(keys) > MAX_BATCH_GET:
            raise LimitExceededError(f"at most {MAX_BATCH_GET} items can be read at once, not {len(keys)}")
        if len(set(keys)) < len(keys):
            raise InvalidError("the same key was asked for twice")
        if len(keys) < TOGETHER or self._rates is not None:
            found = ((key, self.get(table, key)) for key in keys)
            return {key: item for key, item in found if item is not None}
        layout = self._layout(table)
        for key in keys:
            check_key(key)
        try:
            rows = read_many(self._database.reader(), layout, keys, self._now())
        except apsw.Error as error:
            raise _unavailable(error) from error
        return {key: decode(rows[key]) for key in keys if key in rows}

    def query(
        self,
        table: str,
        partition: str,
        *,
        index: str | None = None,
        sort: SortRange | None = None,
        after: Key | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> QueryPage:
        """See the port."""
        layout = self._layout(table)
        check_key_part(partition, MAX_PARTITION_KEY_BYTES)
        now = self._now() if layout.ttl is not None else 0
        if index is None:
            walk = table_walk(layout, partition, sort, after, now, descending=descending)
            return self._page(layout, walk, limit, partition=partition)
        laid = layout.indexes.get(index)
        if laid is None:
            raise InvalidError(f"table {table!r} has no index {index!r}")
        walk = index_walk(layout, laid, partition, sort, after, now, descending=descending)
        return self._page(layout, walk, limit, partition=partition, index_sort=laid.sort_key)

    def scan(self, table: str, *, sort: str | None = None, after: Key | None = None, limit: int = 1000) -> QueryPage:
        """See the port."""
        layout = self._layout(table)
        now = self._now() if layout.ttl is not None else 0
        return self._page(layout, scan_walk(layout, sort, after, now), limit)

    # -- writes --------------------------------------------------------------------------------------------

    def transact(self, writes: Sequence[Write], events: Sequence[Event] = (), *, token: str | None = None) -> None:
        """See the port."""
        self._check_open()
        transaction = Transaction(self._layouts, writes, events, now=self._now(), token=token)
        self._charge(transaction)
        self._database.write_planned(transaction.run)

    def write_batch(self, writes: Sequence[Put | Delete]) -> None:
        """See the port."""
        for write in writes:
            if not isinstance(write, Put | Delete) or write.condition is not None:
                raise InvalidError("a batch holds puts and deletes without conditions")
        self.load(((write,), ()) for write in writes)

    def load(
        self, transactions: Iterable[tuple[Sequence[Write], Sequence[Event]]], *, lagging: bool = False
    ) -> list[ConditionFailedError | None]:
        """See the port."""
        outcomes: list[ConditionFailedError | None] = []
        ahead: Pending[list[ConditionFailedError | None]] | None = None
        try:
            for chunk in self._chunks(transactions, lagging=lagging):
                # The next chunk is checked and encoded while the writer commits this one.
                behind, ahead = ahead, self._database.start_planned(chunk.apply)
                if behind is not None:
                    outcomes += behind.wait()
        finally:
            if ahead is not None:
                outcomes += ahead.wait()
        return outcomes

    def catch_up_indexes(self) -> None:
        """See the port."""
        self._check_open()
        table_backlog.catch_up(self._database)

    # -- events --------------------------------------------------------------------------------------------

    def announced(self, after: int, *, limit: int = 1000) -> Sequence[Announced]:
        """See the port."""
        check_limit(limit)
        found: list[Announced] = []
        size = 0
        sql = "SELECT position, event FROM outbox WHERE position > ? ORDER BY position LIMIT ?"
        try:
            cursor = self._reader().execute(sql, (after, limit))
            for position, event in cursor:
                found.append(Announced(position, decode_event(event)))
                size += len(event)
                if size > ANNOUNCED_BYTES:
                    cursor.close()
                    break
        except apsw.Error as error:
            raise _unavailable(error) from error
        return found

    def last_position(self) -> int:
        """See the port."""
        # Not max(position): the newest events may have been trimmed.
        sql = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
        try:
            return self._reader().execute(sql).get or 0
        except apsw.Error as error:
            raise _unavailable(error) from error

    def forgotten(self) -> int:
        """See the port."""
        # One statement, and so one moment: an event between two would be taken for a forgotten one.
        sql = (
            "SELECT coalesce((SELECT min(position) - 1 FROM outbox),"
            " (SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0)"
        )
        try:
            return int(self._reader().execute(sql).get)
        except apsw.Error as error:
            raise _unavailable(error) from error

    def trim_announced(self, up_to: int) -> None:
        """See the port."""
        self._check_open()
        sql = (
            "DELETE FROM outbox WHERE position IN"
            " (SELECT position FROM outbox WHERE position <= ? ORDER BY position LIMIT ?)"
        )

        def trim(connection: apsw.Connection) -> int:
            connection.execute(sql, (up_to, TRIM_ROWS))
            return connection.changes()

        while self._database.write(trim) == TRIM_ROWS:
            pass

    def sweep_expired(self, *, limit: int = 1000) -> int:
        """See the port."""
        self._check_open()
        check_limit(limit)
        now = self._now()
        layouts = [layout for layout in self._layouts.values() if layout.ttl is not None]

        def sweep(connection: apsw.Connection) -> int:
            swept = 0
            for layout in layouts:
                swept += _sweep(connection, layout, now, limit - swept)
            return swept

        return self._database.write(sweep)

    def close(self) -> None:
        """See the port; the database itself is closed by whoever opened it."""
        self._closed = True

    # -- inside --------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError("the store is closed")

    def _reader(self) -> apsw.Connection:
        self._check_open()
        return self._database.reader()

    def _layout(self, table: str) -> TableLayout:
        self._check_open()
        return self._layouts[table]

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _page(
        self,
        layout: TableLayout,
        walk: Walk,
        limit: int,
        *,
        partition: str = "",
        index_sort: str | None = None,
    ) -> QueryPage:
        check_limit(limit)
        if self._rates is not None:
            self._rates.admit_read(layout.table.name, partition)
        try:
            items, more = read_page(self._database.reader(), walk, limit)
        except apsw.Error as error:
            raise _unavailable(error) from error
        if self._rates is not None:
            size = sum(len(str(item)) for item in items)
            self._rates.charge_read(layout.table.name, partition, size)
        if not more:
            return QueryPage(items, None)
        last = layout.key(items[-1])
        if index_sort is not None:
            last = Key(last.partition, last.sort, items[-1][index_sort])  # type: ignore[arg-type]
        return QueryPage(items, last)

    def _charge(self, transaction: Transaction) -> None:
        if self._rates is not None:
            writes = [(one.layout.table.name, one.key.partition, one.size) for one in transaction.writes]
            self._rates.charge_writes(writes, transactional=transaction.count > 1)

    def _chunks(
        self, transactions: Iterable[tuple[Sequence[Write], Sequence[Event]]], *, lagging: bool
    ) -> Iterator[Chunk]:
        self._check_open()
        chunk = self._chunk(lagging=lagging, fresh=True)
        for writes, events in transactions:
            if self._rates is not None:
                self._charge(Transaction(self._layouts, writes, events, now=self._now()))
            chunk.add(writes, events)
            if chunk.count >= LOAD_WRITES or chunk.bytes >= LOAD_BYTES:
                yield chunk
                # What follows a change is likely to be one.
                chunk = self._chunk(lagging=lagging, fresh=chunk.fresh)
        if chunk.count:
            yield chunk

    def _chunk(self, *, lagging: bool, fresh: bool) -> Chunk:
        return Chunk(self._layouts, now=self._now(), lagging=lagging, fresh=fresh)


class _Layouts(dict[str, TableLayout]):
    """Layouts by the tables' names; asking for a table that was not declared is the caller's fault."""

    def __missing__(self, table: str) -> TableLayout:
        raise InvalidError(f"there is no table {table!r}")


def _sweep(connection: apsw.Connection, layout: TableLayout, now: int, limit: int) -> int:
    rows: list[typing.Any] = connection.execute(layout.find_expired, (now, limit)).fetchall()
    if layout.indexes:
        table_backlog.void_now(connection, [(layout, partition, sort) for partition, sort, _ in rows])
    for partition, sort, row in rows:
        connection.execute(layout.delete, (partition, sort))
        for index, entry in layout.index_rows(decode(row)):
            if entry is not None:
                connection.execute(index.delete, (*entry[:2], partition, sort))
    return len(rows)


def _unavailable(error: apsw.Error) -> UnavailableError:
    if isinstance(error, apsw.ConnectionClosedError):
        return UnavailableError("the store is closed")
    return UnavailableError(f"the database cannot be read: {error}")
