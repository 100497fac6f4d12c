"""Make the SQL tables that a schema asks for, and fill indexes that were added or changed since."""

# ruff: noqa: S608 - names in the SQL come from the schema and were checked; values never do

import typing

import apsw
import msgspec

from bodega.adapters.local import table_backlog
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table_layout import IndexLayout, TableLayout, decode
from bodega.adapters.local.table_transaction import CREATE_OUTBOX, CREATE_TOKENS
from bodega.errors import UnavailableError

_CREATE_DECLARATIONS = "CREATE TABLE declarations (name TEXT PRIMARY KEY, declaration BLOB NOT NULL) WITHOUT ROWID"


class ChangedSchemaError(UnavailableError):
    """The data was stored under other keys than the schema declares now, so it cannot be found by them."""

    code = "changed_schema"


def set_up(database: Database, layouts: list[TableLayout]) -> None:
    """Bring the database to what the schema declares; writes nothing if it is there already."""
    if not _is_current(database.reader(), layouts):
        database.write(lambda connection: _bring_up(connection, layouts))


def _is_current(connection: apsw.Connection, layouts: list[TableLayout]) -> bool:
    if not (_has_table(connection, "declarations") and _has_table(connection, table_backlog.TABLE)):
        return False
    return _declared(connection).items() >= _wanted(layouts).items()


def _bring_up(connection: apsw.Connection, layouts: list[TableLayout]) -> None:
    # Looked at again inside the transaction: another process may have done it meanwhile.
    if not _has_table(connection, "declarations"):
        connection.execute(f"{_CREATE_DECLARATIONS}; {CREATE_OUTBOX}; {CREATE_TOKENS}")
    if not _has_table(connection, table_backlog.TABLE):
        connection.execute(table_backlog.CREATE)
    declared = _declared(connection)
    for layout in layouts:
        _bring_up_table(connection, layout, declared)
        for index in layout.indexes.values():
            if declared.get(index.name) != _index_declaration(layout, index):
                connection.execute(f"DROP TABLE IF EXISTS {index.name}; {index.create}")
                table_backlog.drop_index(connection, index.name)
                _fill(connection, layout, index)
    for name, declaration in _wanted(layouts).items():
        connection.execute("INSERT OR REPLACE INTO declarations VALUES (?, ?)", (name, declaration))


def _bring_up_table(connection: apsw.Connection, layout: TableLayout, declared: dict[str, bytes]) -> None:
    if layout.name not in declared:
        connection.execute(f"{layout.create}; {layout.create_expiry}")
    elif declared[layout.name] != _table_declaration(layout):
        raise ChangedSchemaError(
            f"table {layout.table.name!r} is stored under other keys; export it with the version that made it"
        )


def _fill(connection: apsw.Connection, layout: TableLayout, index: IndexLayout) -> None:
    for partition, sort, expires, row in connection.execute(f"SELECT pk, sk, expires, item FROM {layout.name}"):
        entry = index.row(decode(row))
        if entry is not None:
            values = (*entry[:2], partition, sort, expires, entry[2])
            connection.execute(index.put, values)


def _wanted(layouts: list[TableLayout]) -> dict[str, bytes]:
    wanted = {layout.name: _table_declaration(layout) for layout in layouts}
    for layout in layouts:
        for index in layout.indexes.values():
            wanted[index.name] = _index_declaration(layout, index)
    return wanted


def _declared(connection: apsw.Connection) -> dict[str, bytes]:
    rows: typing.Any = connection.execute("SELECT name, declaration FROM declarations")
    return dict(rows)


def _table_declaration(layout: TableLayout) -> bytes:
    return msgspec.json.encode([layout.partition_key, layout.sort_key, layout.ttl])


def _index_declaration(layout: TableLayout, index: IndexLayout) -> bytes:
    return msgspec.json.encode([layout.table.name, index.partition_key, index.sort_key, index.shown])


def _has_table(connection: apsw.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None
