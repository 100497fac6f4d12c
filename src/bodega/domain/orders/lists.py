"""Page through a list that is spread over several index partitions, in both directions."""

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from bodega import schema
from bodega.errors import InvalidError
from bodega.ports.table import Item, Key, TableStore
from bodega.values.page import MAX_LIMIT, Page, Position
from bodega.values.times import format_time

T = TypeVar("T")
_US = "\x1f"
_BEFORE_ALL = " "  # sorts before every id


def merged_page(
    table: TableStore,
    index: str,
    partitions: Sequence[str],
    *,
    position: Position | None,
    limit: int,
    read: Callable[[Item], T],
    newest_first: bool,
) -> Page[T]:
    """Return a page of orders by time and id: as many rows from each partition as could all be on it, merged.

    InvalidError for a limit out of range, or a position that was not given out by such a list.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidError(f"a page has 1 to {MAX_LIMIT} rows, not {limit}")
    backwards = position is not None and position.backwards
    descending = newest_first != backwards
    after = _parse(position.after) if position is not None else None
    found = [
        table.query(schema.ORDERS, name, index=index, after=after, descending=descending, limit=limit + 1).items
        for name in partitions
    ]
    merged = list(heapq.merge(*found, key=_place, reverse=descending))
    rows, more = merged[:limit], len(merged) > limit
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows=[])
    before, behind = (more, True) if backwards else (position is not None, more)
    return Page(
        rows=[read(item) for item in rows],
        next=Position(_US.join(_place(rows[-1]))) if behind else None,
        prev=Position(_US.join(_place(rows[0])), backwards=True) if before else None,
    )


def start_at(moment: datetime) -> Position:
    """Return the position from which a list, oldest first, begins with what happened at that moment."""
    return Position(_US.join((format_time(moment), _BEFORE_ALL)))


def _place(item: Item) -> tuple[str, str]:
    return str(item["placed_at"]), str(item["order_id"])


def _parse(after: str) -> Key:
    placed_at, found, order_id = after.partition(_US)
    if not found or not order_id:
        raise InvalidError("this is no position in a list of orders")
    return Key(order_id, "order", placed_at)
