"""Cut the hits of a question into pages that join without gaps, and write and read their cursors."""

import base64
import hashlib
from typing import NamedTuple

import msgspec
import tantivy

from bodega.adapters.local import search_fields
from bodega.errors import InvalidError
from bodega.ports.search import MAX_RELEVANT, SearchQuery


class Order(NamedTuple):
    """A field to sort by, and the direction; the field `tie` decides between equals, always ascending."""

    field: str
    descending: bool


ORDERS = {
    "price": Order("price", descending=False),
    "-price": Order("price_down", descending=True),
    "created_at": Order("created_at", descending=False),
    "-created_at": Order("created_at", descending=True),
    "best_selling": Order("sold", descending=True),
    "rating": Order("rating", descending=True),
}


class Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: after so many hits by relevance, or at a sort value and tie; and whose it was."""

    question: str = ""
    corrected: bool = False
    skip: int = 0
    value: int = 0
    tie: int = 0


class Row(NamedTuple):
    """A hit's place in an order."""

    value: int
    tie: int
    address: tantivy.DocAddress


def fingerprint(query: SearchQuery) -> str:
    """Return what tells whether a cursor belongs to a question: everything but the page and the facets."""
    plain = msgspec.structs.replace(query, after=None, limit=0, facets=())
    return hashlib.blake2b(msgspec.json.encode(plain), digest_size=8).hexdigest()


def read_cursor(query: SearchQuery) -> Cursor | None:
    """Return where to continue; InvalidError for a cursor that is broken or of another question."""
    if query.after is None:
        return None
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(query.after.encode("ascii")), type=Cursor)
    except (ValueError, msgspec.MsgspecError) as error:
        raise InvalidError("the cursor is broken") from error
    bounds = range(-search_fields.NO_PRICE, search_fields.NO_PRICE + 1)
    if cursor.question != fingerprint(query) or cursor.value not in bounds or not 0 <= cursor.tie < 2**63 - 1:
        raise InvalidError("the cursor belongs to another search")
    if not 0 <= cursor.skip < MAX_RELEVANT:
        raise InvalidError(f"by relevance the first {MAX_RELEVANT} hits can be read; sort by a field to read on")
    return cursor


def write_cursor(cursor: Cursor) -> str:
    """Return the cursor as text for an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def page(
    searcher: tantivy.Searcher, hits: tantivy.Query, order: Order, after: Cursor | None, limit: int
) -> tuple[list[Row], bool]:
    """Return up to `limit` hits behind a place, by value and tie, and whether there are more.

    tantivy sorts by one field only and leaves equals in no order. So a run of equal values that goes over
    the end of the page is asked for again, by tie; a page costs at most three searches, at any depth.
    """
    rows: list[Row] = []
    if after is not None:
        equals = both(hits, _between(order.field, after.value, after.value), _between("tie", after.tie + 1, None))
        rows = _rows(searcher, equals, order.field, limit + 1, by_tie=True)
        low, high = (None, after.value - 1) if order.descending else (after.value + 1, None)
        hits = both(hits, _between(order.field, low, high))
    wanted = limit - len(rows)
    if wanted < 0:
        return rows[:limit], True
    found = _rows(searcher, hits, order.field, wanted + 1, descending=order.descending)
    if len(found) <= wanted:
        return rows + found, False
    if wanted == 0:
        return rows, True
    last = found[wanted - 1].value
    if found[wanted].value == last:
        found = [row for row in found if row.value != last]
        equals = both(hits, _between(order.field, last, last))
        found += _rows(searcher, equals, order.field, wanted - len(found), by_tie=True)
    return rows + found[:wanted], True


def both(first: tantivy.Query, *others: tantivy.Query) -> tantivy.Query:
    """Return the query for what all find."""
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in (first, *others)])


def _rows(
    searcher: tantivy.Searcher,
    hits: tantivy.Query,
    field: str,
    limit: int,
    *,
    descending: bool = False,
    by_tie: bool = False,
) -> list[Row]:
    direction = tantivy.Order.Desc if descending else tantivy.Order.Asc
    key = "tie" if by_tie else field
    found = searcher.search(hits, limit, count=False, order_by_field=key, order=direction).hits
    addresses = [address for _, address in found]
    values = searcher.fast_field_values(field, addresses)
    ties = searcher.fast_field_values("tie", addresses)
    rows = [Row(int(v or 0), int(t or 0), address) for v, t, address in zip(values, ties, addresses, strict=True)]
    rows.sort(key=lambda row: (-row.value if descending else row.value, row.tie))
    return rows


def _between(field: str, low: int | None, high: int | None) -> tantivy.Query:
    return tantivy.Query.range_query(search_fields.SCHEMA, field, tantivy.FieldType.Integer, low, high)
