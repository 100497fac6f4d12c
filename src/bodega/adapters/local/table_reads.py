"""Read pages: the SQL of a walk through a partition, an index or a table, and where a page ends."""

# ruff: noqa: S608 - names in the SQL come from the schema and were checked; values never do

from typing import NamedTuple

import apsw

from bodega.adapters.local.table_layout import IndexLayout, TableLayout, decode
from bodega.adapters.rules.table_limits import check_key, check_key_part, measure_item
from bodega.errors import InvalidError
from bodega.ports.table import MAX_PAGE_BYTES, MAX_SORT_KEY_BYTES, Item, Key, SortRange

# An item counts at most 5 times its encoded length (an empty list: 4 bytes for 1).
_SURELY_SHORT_PAGE = MAX_PAGE_BYTES // 8
_LAST_CHARACTER = 0x10FFFF
_BEFORE_SURROGATES, _BEHIND_SURROGATES = 0xD7FF, 0xE000


class Walk(NamedTuple):
    """A statement without its limit, and the values of its parameters."""

    sql: str
    values: tuple[str | int, ...]


def table_walk(
    layout: TableLayout,
    partition: str,
    sort: SortRange | None,
    after: Key | None,
    now: int,
    *,
    descending: bool,
) -> Walk:
    """Return the walk along a partition of a table."""
    low, high, beyond = _bounds(sort)
    where, values = "pk = ?", [partition]
    if after is not None:
        check_key(after)
        if after.partition != partition or after.index_sort is not None:
            raise InvalidError("`after` is not a key of this partition")
        # Only the tighter of two bounds goes into the statement: SQLite might seek by the other.
        if descending:
            high, beyond = _lower(high, after.sort, beyond=beyond)
        elif low is None or after.sort >= low:
            low = None
            where += " AND sk > ?"
            values.append(after.sort)
    if low is not None:
        where += " AND sk >= ?"
        values.append(low)
    if high is not None:
        where += " AND sk < ?" if beyond else " AND sk <= ?"
        values.append(high)
    order = "sk DESC" if descending else "sk"
    return _walk(layout.name, where, values, order, layout, now)


def index_walk(
    layout: TableLayout,
    index: IndexLayout,
    partition: str,
    sort: SortRange | None,
    after: Key | None,
    now: int,
    *,
    descending: bool,
) -> Walk:
    """Return the walk along a partition of an index; equal sort keys are in order of the table's keys."""
    low, high, beyond = _bounds(sort)
    where, values = "ipk = ?", [partition]
    if after is not None:
        check_key(after)
        if after.index_sort is None:
            raise InvalidError("`after` is not the `last` of a page of this index")
        check_key_part(after.index_sort, MAX_SORT_KEY_BYTES)
        where += f" AND (isk, pk, sk) {'<' if descending else '>'} (?, ?, ?)"
        values += [after.index_sort, after.partition, after.sort]
    if low is not None and (descending or after is None or str(after.index_sort) < low):
        where += " AND isk >= ?"
        values.append(low)
    if high is not None and (not descending or after is None or str(after.index_sort) > high):
        where += " AND isk < ?" if beyond else " AND isk <= ?"
        values.append(high)
    order = "isk DESC, pk DESC, sk DESC" if descending else "isk, pk, sk"
    return _walk(index.name, where, values, order, layout, now)


def scan_walk(layout: TableLayout, sort: str | None, after: Key | None, now: int) -> Walk:
    """Return the walk through a whole table."""
    where, values = "TRUE", []
    if sort is not None:
        check_key_part(sort, MAX_SORT_KEY_BYTES)
        where, values = "sk = ?", [sort]
    if after is not None:
        check_key(after)
        where += " AND (pk, sk) > (?, ?)"
        values += [after.partition, after.sort]
    return _walk(layout.name, where, values, "pk, sk", layout, now)


def read_page(connection: apsw.Connection, walk: Walk, limit: int) -> tuple[list[Item], bool]:
    """Return the items of a page and whether there are more behind it."""
    items: list[Item] = []
    encoded_bytes = 0
    page_bytes = -1  # not counted yet
    cursor = connection.execute(walk.sql, (*walk.values, limit + 1))
    for (row,) in cursor:
        if len(items) == limit:
            cursor.close()  # or its snapshot would stay open and keep the log from starting over
            return items, True
        item = decode(row)
        encoded_bytes += len(row)
        if encoded_bytes > _SURELY_SHORT_PAGE:
            if page_bytes < 0:
                page_bytes = sum(measure_item(one) for one in items)
            page_bytes += measure_item(item)
            if page_bytes > MAX_PAGE_BYTES:
                cursor.close()
                return items, True
        items.append(item)
    return items, False


def _walk(name: str, where: str, values: list[str], order: str, layout: TableLayout, now: int) -> Walk:
    if layout.ttl is None:
        return Walk(f"SELECT item FROM {name} WHERE {where} ORDER BY {order} LIMIT ?", tuple(values))
    alive = "(expires IS NULL OR expires > ?)"
    return Walk(f"SELECT item FROM {name} WHERE {where} AND {alive} ORDER BY {order} LIMIT ?", (*values, now))


def _bounds(sort: SortRange | None) -> tuple[str | None, str | None, bool]:
    """Return the lower bound, the upper bound, and whether the upper one is excluded."""
    if sort is None:
        return None, None, False
    for text in (sort.low, sort.high, sort.prefix):
        if text is not None:
            check_key_part(text, MAX_SORT_KEY_BYTES)
    if sort.prefix is None:
        return sort.low, sort.high, False
    if sort.low is not None or sort.high is not None:
        raise InvalidError("a range has a prefix or bounds, not both")
    return sort.prefix, _behind(sort.prefix), True


def _lower(high: str | None, after: str, *, beyond: bool) -> tuple[str, bool]:
    """Return the tighter of an upper bound and one that excludes `after`."""
    if high is None or after <= high:
        return after, True
    return high, beyond


def _behind(prefix: str) -> str | None:
    """Return the least text above everything with this prefix, None if there is none.

    UTF-8 bytes and code points are in the same order, and text has no surrogates.
    """
    stem = prefix.rstrip(chr(_LAST_CHARACTER))
    if not stem:
        return None
    last = ord(stem[-1])
    return stem[:-1] + chr(_BEHIND_SURROGATES if last == _BEFORE_SURROGATES else last + 1)
