"""Say how a declared table lies in DynamoDB: its name there, its keys, and what its indexes show."""

from collections.abc import Iterable, Mapping
from typing import Any

from bodega.adapters.aws.table_values import typed
from bodega.adapters.rules.table_limits import check_key_part
from bodega.ports.table import MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES, Item, Key
from bodega.schema import Index, Table


class IndexLayout:
    """How an index lies in DynamoDB; it also holds the expiry, so that expired items can be left out."""

    def __init__(self, table: Table, index: Index) -> None:
        self.name = index.name
        self.partition_key = index.partition_key
        self.sort_key = index.sort_key
        keys = (table.partition_key, table.sort_key, index.partition_key, index.sort_key)
        self.shown = frozenset((*keys, *index.projection))
        self.projected = sorted({*index.projection, *((table.ttl,) if table.ttl is not None else ())}.difference(keys))

    def shows(self, item: Item) -> Item:
        """Return what the port shows of an index's item."""
        return {name: value for name, value in item.items() if name in self.shown}


class TableLayout:
    """How a table lies in DynamoDB."""

    def __init__(self, table: Table, *, prefix: str) -> None:
        self.table = table
        self.physical = prefix + table.name
        self.partition_key = table.partition_key
        self.sort_key = table.sort_key
        self.ttl = table.ttl
        self.indexes = {index.name: IndexLayout(table, index) for index in table.indexes}
        self._index_keys = [
            (name, limit)
            for index in table.indexes
            for name, limit in (
                (index.partition_key, MAX_PARTITION_KEY_BYTES),
                (index.sort_key, MAX_SORT_KEY_BYTES),
            )
            if name not in {table.partition_key, table.sort_key}
        ]

    def key(self, item: Item) -> Key:
        """Return the item's key; InvalidError if it has none that could be stored."""
        partition, sort = item.get(self.partition_key), item.get(self.sort_key)
        check_key_part(partition, MAX_PARTITION_KEY_BYTES)
        check_key_part(sort, MAX_SORT_KEY_BYTES)
        return Key(partition, sort)  # type: ignore[arg-type]

    def typed_key(self, key: Key) -> dict[str, Any]:
        """Return a key as DynamoDB writes it."""
        return {self.partition_key: typed(key.partition), self.sort_key: typed(key.sort)}

    def check_index_keys(self, attributes: Mapping[str, Any]) -> None:
        """Refuse attributes that could not be keys of the indexes they are keys of; those that lack are fine."""
        for name, limit in self._index_keys:
            if name in attributes:
                check_key_part(attributes[name], limit)

    def living(self, item: Item | None, now: int) -> Item | None:
        """Return the item unless it has expired; an expiry that is not a number means never."""
        if item is None or self.ttl is None:
            return item
        expires = item.get(self.ttl)
        return None if type(expires) is int and expires <= now else item


def layouts_of(tables: Iterable[Table], *, prefix: str) -> dict[str, TableLayout]:
    """Return the layouts by the tables' own names."""
    return {table.name: TableLayout(table, prefix=prefix) for table in tables}
