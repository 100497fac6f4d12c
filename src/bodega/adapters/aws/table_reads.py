"""Ask for pages of partitions, indexes and tables, and end them where the port says."""

from collections.abc import Callable
from typing import Any

import msgspec

from bodega.adapters.aws.table_layout import IndexLayout, TableLayout
from bodega.adapters.aws.table_values import plain_item, typed
from bodega.adapters.rules.table_limits import check_key, check_key_part
from bodega.errors import InvalidError
from bodega.ports.table import MAX_SORT_KEY_BYTES, Item, Key, QueryPage, SortRange

Ask = Callable[[dict[str, Any]], dict[str, Any]]


class Walk(msgspec.Struct, frozen=True):
    """A request without its limit, what it walks along, and whether it can find anything at all."""

    request: dict[str, Any]
    layout: TableLayout
    index: IndexLayout | None = None
    empty: bool = False


def query_walk(
    layout: TableLayout,
    index: IndexLayout | None,
    partition: str,
    sort: SortRange | None,
    after: Key | None,
    *,
    descending: bool,
) -> Walk:
    """Return the walk along a partition of the table or of an index."""
    low, high, prefix = _checked_bounds(sort)
    ordered: TableLayout | IndexLayout = layout if index is None else index
    partition_key, sort_key = ordered.partition_key, ordered.sort_key
    request: dict[str, Any] = {
        "TableName": layout.physical,
        "KeyConditionExpression": "#p = :p",
        "ExpressionAttributeNames": {"#p": partition_key},
        "ExpressionAttributeValues": {":p": typed(partition)},
        "ScanIndexForward": not descending,
    }
    if index is None:
        request["ConsistentRead"] = True
    else:
        request["IndexName"] = index.name
    place = None if after is None else _place(after, partition, indexed=index is not None)
    # DynamoDB refuses to start outside of the bounds, where a walk may well have got to: behind it is nothing, before
    # it is everything.
    where = "inside" if place is None else _where(place, low, high, prefix)
    if (low is not None and high is not None and low > high) or where == ("before" if descending else "behind"):
        return Walk(request, layout, index, empty=True)
    _bound(request, sort_key, low, high, prefix)
    if after is not None and where == "inside":
        start = layout.typed_key(after)
        if index is not None:
            start |= {partition_key: typed(partition), sort_key: typed(place)}
        request["ExclusiveStartKey"] = start
    return Walk(request, layout, index)


def scan_walk(layout: TableLayout, sort: str | None, after: Key | None) -> Walk:
    """Return the walk through a whole table."""
    request: dict[str, Any] = {"TableName": layout.physical, "ConsistentRead": True}
    if sort is not None:
        check_key_part(sort, MAX_SORT_KEY_BYTES)
        request["FilterExpression"] = "#s = :s"
        request["ExpressionAttributeNames"] = {"#s": layout.sort_key}
        request["ExpressionAttributeValues"] = {":s": typed(sort)}
    if after is not None:
        check_key(after)
        request["ExclusiveStartKey"] = layout.typed_key(after)
    return Walk(request, layout)


def read_page(ask: Ask, walk: Walk, limit: int, *, now: int) -> QueryPage:
    """Return up to `limit` living items; one more is looked for, to know whether there is more."""
    items: list[Item] = []
    request = dict(walk.request)
    while not walk.empty:
        request["Limit"] = limit + 1 - len(items)
        answer = ask(request)
        found = (walk.layout.living(plain_item(item), now) for item in answer.get("Items", ()))
        items += [item for item in found if item is not None]
        start = answer.get("LastEvaluatedKey")
        if len(items) > limit:
            return _page(walk, items[:limit], more=True)
        if start is None:
            break
        request["ExclusiveStartKey"] = start
        if items:
            # The megabyte is full, or expired items were left out. A short page is no fault in either case.
            return QueryPage(_shown(walk, items), _key_of(walk, start))
    return _page(walk, items, more=False)


def _page(walk: Walk, items: list[Item], *, more: bool) -> QueryPage:
    if not more:
        return QueryPage(_shown(walk, items), None)
    last = walk.layout.key(items[-1])
    if walk.index is not None:
        last = Key(last.partition, last.sort, str(items[-1][walk.index.sort_key]))
    return QueryPage(_shown(walk, items), last)


def _key_of(walk: Walk, start: dict[str, Any]) -> Key:
    plain = plain_item(start)
    key = walk.layout.key(plain)
    return key if walk.index is None else Key(key.partition, key.sort, str(plain[walk.index.sort_key]))


def _shown(walk: Walk, items: list[Item]) -> list[Item]:
    return items if walk.index is None else [walk.index.shows(item) for item in items]


def _place(after: Key, partition: str, *, indexed: bool) -> str:
    check_key(after)
    if not indexed:
        if after.partition != partition or after.index_sort is not None:
            raise InvalidError("`after` is not a key of this partition")
        return after.sort
    if after.index_sort is None:
        raise InvalidError("`after` is not the `last` of a page of this index")
    check_key_part(after.index_sort, MAX_SORT_KEY_BYTES)
    return after.index_sort


def _checked_bounds(sort: SortRange | None) -> tuple[str | None, str | None, str | None]:
    if sort is None:
        return None, None, None
    for text in (sort.low, sort.high, sort.prefix):
        if text is not None:
            check_key_part(text, MAX_SORT_KEY_BYTES)
    if sort.prefix is not None and (sort.low is not None or sort.high is not None):
        raise InvalidError("a range has a prefix or bounds, not both")
    return sort.low, sort.high, sort.prefix


def _where(place: str, low: str | None, high: str | None, prefix: str | None) -> str:
    """Tell whether a sort key lies before, inside or behind bounds; code points and UTF-8 are in one order."""
    if prefix is not None:
        if place.startswith(prefix):
            return "inside"
        return "before" if place < prefix else "behind"
    if low is not None and place < low:
        return "before"
    return "behind" if high is not None and place > high else "inside"


def _bound(request: dict[str, Any], sort_key: str, low: str | None, high: str | None, prefix: str | None) -> None:
    values = request["ExpressionAttributeValues"]
    if prefix is not None:
        expression = "begins_with(#s, :x)"
        values[":x"] = typed(prefix)
    elif low is not None and high is not None:
        expression = "#s BETWEEN :l AND :h"
        values |= {":l": typed(low), ":h": typed(high)}
    elif low is not None:
        expression = "#s >= :l"
        values[":l"] = typed(low)
    elif high is not None:
        expression = "#s <= :h"
        values[":h"] = typed(high)
    else:
        return
    request["ExpressionAttributeNames"]["#s"] = sort_key
    request["KeyConditionExpression"] += f" AND {expression}"
