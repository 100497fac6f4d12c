"""Say how a declared table lies in SQLite: its SQL, and what its rows and index rows are made of.

Rows are kept in the order of their keys (WITHOUT ROWID), so that a page of a partition is one walk along
neighbours. An index has rows of its own with the projected attributes in them: one walk as well.
"""

# ruff: noqa: S608 - names in the SQL come from the schema and were checked; values never do

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from bodega.adapters.rules.table_limits import PLAIN_SLACK, are_short_keys, check_key_part, is_plain, measure_item
from bodega.errors import InvalidError
from bodega.ports.table import MAX_ITEM_BYTES, MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES, Item, Key
from bodega.schema import Index, Table

encode: Callable[[Item], bytes] = msgspec.msgpack.Encoder().encode
decode: Callable[[bytes], Item] = msgspec.msgpack.Decoder().decode

_NOTHING: Any = object()
_NAME = re.compile(r"[a-z][a-z0-9_]*")


IndexRow: TypeAlias = tuple[str, str, bytes]
"""An item's entry in an index: partition and sort key there, and what it shows."""


class IndexLayout:
    """How an index lies in SQLite."""

    def __init__(self, table: Table, index: Index) -> None:
        self.index = index
        self.name = f"x_{_checked(table.name)}__{_checked(index.name)}"
        self.partition_key = index.partition_key
        self.sort_key = index.sort_key
        self.shown = tuple(
            dict.fromkeys((table.partition_key, table.sort_key, index.partition_key, index.sort_key, *index.projection))
        )
        self._all_shown = frozenset(self.shown)
        self.create = (
            f"CREATE TABLE {self.name} (ipk TEXT NOT NULL, isk TEXT NOT NULL, pk TEXT NOT NULL,"
            " sk TEXT NOT NULL, expires INTEGER, item BLOB NOT NULL,"
            " PRIMARY KEY (ipk, isk, pk, sk)) WITHOUT ROWID"
        )
        self.put = f"INSERT OR REPLACE INTO {self.name} (ipk, isk, pk, sk, expires, item) VALUES (?, ?, ?, ?, ?, ?)"
        self.delete = f"DELETE FROM {self.name} WHERE ipk = ? AND isk = ? AND pk = ? AND sk = ?"

    def row(self, item: Item, encoded: bytes | None = None) -> IndexRow | None:
        """Return the item's entry, None if it lacks a key of the index; InvalidError for an unfit key.

        `encoded` is the whole item, for whoever has that already: an index that shows everything takes it.
        """
        partition, sort = item.get(self.partition_key, _NOTHING), item.get(self.sort_key, _NOTHING)
        if partition is _NOTHING or sort is _NOTHING:
            return None
        if not are_short_keys(partition, sort):
            check_key_part(partition, MAX_PARTITION_KEY_BYTES)
            check_key_part(sort, MAX_SORT_KEY_BYTES)
        if encoded is None or item.keys() != self._all_shown:
            encoded = encode({name: item[name] for name in self.shown if name in item})
        return partition, sort, encoded


class TableLayout:
    """How a table lies in SQLite."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.name = f"t_{_checked(table.name)}"
        self.partition_key = table.partition_key
        self.sort_key = table.sort_key
        self.ttl = table.ttl
        self.indexes = {index.name: IndexLayout(table, index) for index in table.indexes}
        self.all_indexes = tuple(self.indexes.values())
        self.create = (
            f"CREATE TABLE {self.name} (pk TEXT NOT NULL, sk TEXT NOT NULL, expires INTEGER,"
            " item BLOB NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID"
        )
        self.create_expiry = f"CREATE INDEX e_{table.name} ON {self.name} (expires) WHERE expires IS NOT NULL"
        alive = " AND (expires IS NULL OR expires > ?)" if table.ttl else ""
        self.get = f"SELECT item FROM {self.name} WHERE pk = ? AND sk = ?{alive}"
        self.get_row = f"SELECT expires, item FROM {self.name} WHERE pk = ? AND sk = ?"
        self.get_one = f"SELECT pk, sk, expires, item FROM {self.name} WHERE pk = ? AND sk = ?"
        # Many at once that have one of the two in common.
        self.get_sorts = f"SELECT pk, sk, expires, item FROM {self.name} WHERE pk = ? AND sk IN carray(?)"
        self.get_partitions = f"SELECT pk, sk, expires, item FROM {self.name} WHERE sk = ? AND pk IN carray(?)"
        self.insert = f"INSERT INTO {self.name} (pk, sk, expires, item) VALUES (?, ?, ?, ?)"
        self.put = f"INSERT OR REPLACE INTO {self.name} (pk, sk, expires, item) VALUES (?, ?, ?, ?)"
        self.delete = f"DELETE FROM {self.name} WHERE pk = ? AND sk = ?"
        self.find_expired = (
            f"SELECT pk, sk, item FROM {self.name} WHERE expires IS NOT NULL AND expires <= ? ORDER BY expires LIMIT ?"
        )

    def key(self, item: Item) -> Key:
        """Return the item's key; InvalidError if it has none that could be stored."""
        return Key(*self.key_parts(item))

    def key_parts(self, item: Item) -> tuple[str, str]:
        """Return the item's partition and sort key; InvalidError if it has none that could be stored."""
        partition, sort = item.get(self.partition_key), item.get(self.sort_key)
        if not are_short_keys(partition, sort):
            check_key_part(partition, MAX_PARTITION_KEY_BYTES)
            check_key_part(sort, MAX_SORT_KEY_BYTES)
        return partition, sort  # type: ignore[return-value]

    def expires(self, item: Item) -> int | None:
        """Return when the item expires; as on AWS, an attribute that is not a number means never."""
        if self.ttl is None:
            return None
        value = item.get(self.ttl)
        return value if type(value) is int else None

    def index_rows(self, item: Item | None) -> Iterator[tuple[IndexLayout, IndexRow | None]]:
        """Yield each index with the item's entry in it."""
        for index in self.all_indexes:
            yield index, None if item is None else index.row(item)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidError(f"{name!r} cannot name a table or index: lower-case letters, digits and _ only")
    return name


def sized(item: Item) -> tuple[int, bytes]:
    """Return at least the item's size, at most a few bytes more, and what is stored; InvalidError if it cannot be.

    `measure_item` has the exact size, which takes as long as all else of a write.
    """
    if type(item) is dict and is_plain(item):
        try:
            body = encode(item)
        except UnicodeEncodeError:
            pass  # measuring says what is wrong
        else:
            size = len(body) + PLAIN_SLACK * len(item)
            if size <= MAX_ITEM_BYTES:
                return size, body
    return measure_item(item), encode(item)
