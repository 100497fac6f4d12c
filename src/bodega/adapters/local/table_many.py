"""Read many items of a table in few statements: those that have a partition or a sort key in common at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw

from bodega.adapters.local.table_layout import TableLayout
from bodega.ports.table import Key


def read_many(connection: apsw.Connection, layout: TableLayout, keys: Sequence[Key], now: int) -> dict[Key, bytes]:
    """Return the items, still encoded, of those keys that are there and have not expired."""
    found = {}
    for partition, sort, expires, item in _rows(connection, layout, keys):
        if layout.ttl is None or expires is None or expires > now:
            found[Key(partition, sort)] = item
    return found


def _rows(connection: apsw.Connection, layout: TableLayout, keys: Iterable[Key]) -> Iterator[Any]:
    sorts: defaultdict[str, list[str]] = defaultdict(list)
    partitions: defaultdict[str, list[str]] = defaultdict(list)
    for key in keys:
        if "\0" in key.partition or "\0" in key.sort:  # which no array of C's can hold
            yield from connection.execute(layout.get_one, (key.partition, key.sort))
        else:
            sorts[key.partition].append(key.sort)
            partitions[key.sort].append(key.partition)
    together, sql = (partitions, layout.get_partitions) if len(partitions) < len(sorts) else (sorts, layout.get_sorts)
    for common, others in together.items():
        yield from connection.execute(sql, (common, apsw.carray(tuple(others))))
