"""Answer product lists for shoppers and for staff: one way from a query to a page of stored cards."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Meta

from bodega.api.call import Desk
from bodega.api.query import MAX_BYTES, decode_query
from bodega.api.rendered import KeptPages
from bodega.api.reply import Reply, encode, etag_of_bytes, joined
from bodega.api.shapes import Cursor, Limit, Names, Words
from bodega.domain.catalog.model import Category, Collection, Status
from bodega.domain.catalog.shelves import Audience, ShelfPage, ShelfQuery
from bodega.errors import Fault, InvalidError
from bodega.ports.search import MAX_TEXT_LENGTH
from bodega.values.page import DEFAULT_LIMIT

Amount = Annotated[int, Meta(ge=0, le=10**15)]
SortName = Literal["relevance", "price", "-price", "created_at", "-created_at", "best_selling", "rating", "-rating"]
Place = TypeVar("Place", Category, Collection)
_NAME = "A name of an attribute or option in place of NAME; repeat for alternatives."


class ProductQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of the shoppers' product list. Alternatives of one filter are given by repeating it."""

    q: Annotated[str, Meta(max_length=MAX_TEXT_LENGTH, description="Words; the last may be a beginning.")] = ""
    category: Annotated[Names, Meta(description="Ids or slugs.")] = msgspec.field(default=[], name="filter[category]")
    collection: Annotated[Names, Meta(description="Ids or slugs.")] = msgspec.field(
        default=[], name="filter[collection]"
    )
    brand: Names = msgspec.field(default=[], name="filter[brand]")
    price_from: Amount | None = msgspec.field(default=None, name="filter[price][gte]")
    price_to: Amount | None = msgspec.field(default=None, name="filter[price][lte]")
    attributes: Annotated[dict[str, list[str]], Meta(description=_NAME)] = msgspec.field(
        default={}, name="filter[attributes.NAME]"
    )
    facets: Annotated[Words, Meta(description="category, collection, brand, price, attributes.NAME; with commas.")] = []
    sort: SortName | None = None
    cursor: Cursor | None = None
    limit: Limit = DEFAULT_LIMIT
    count: Literal["approx"] | None = None


class AdminProductQuery(ProductQuery, frozen=True, forbid_unknown_fields=True):
    """The query of the staff's product list: every status, unless filtered."""

    status: list[Status] = msgspec.field(default=[], name="filter[status]")


def list_products(
    desk: Desk, raw_query: bytes, kind: type[ProductQuery], audience: Audience, path: str
) -> tuple[Reply, KeptPages | None]:
    """Return the page a query string asks for, and where it may be kept: None if more than one source answered."""
    asked = _decoded(raw_query, kind)
    query = _shelf_query(desk, asked, audience)
    question = _question(asked, path)
    position = desk.cursors.read(asked.cursor, question)
    page = desk.shop.catalog.shelves.find(query, position)
    after = desk.cursors.write(page.next, question)
    before = desk.cursors.write(page.prev, question)
    body = joined(list(page.cards), _rest(desk, asked, query, page, after, before))
    headers = [(b"surrogate-key", _surrogates(query))] if audience == "shoppers" else []
    headers += link_header(path, raw_query, after, before)
    reply = Reply(body=body, etag=etag_of_bytes(body), headers=tuple(headers))
    if page.total is not None:
        return reply, desk.searched
    return reply, desk.listed if asked.count is None else None


@functools.lru_cache(maxsize=512)
def _decoded(raw_query: bytes, kind: type[ProductQuery]) -> ProductQuery:
    return decode_query(raw_query, kind)


def _question(asked: ProductQuery, path: str) -> bytes:
    """Return what a cursor belongs to: everything that decides which rows there are and in what order."""
    return path.encode() + encode(
        msgspec.structs.replace(asked, cursor=None, limit=DEFAULT_LIMIT, count=None, facets=[])
    )


def _shelf_query(desk: Desk, asked: ProductQuery, audience: Audience) -> ShelfQuery:
    return ShelfQuery(
        text=asked.q.strip(),
        categories=known_categories(desk, asked.category),
        collections=_known_collections(desk, asked.collection),
        brands=asked.brand,
        attributes=asked.attributes,
        price_from=asked.price_from,
        price_to=asked.price_to,
        statuses=asked.status if isinstance(asked, AdminProductQuery) else (),
        facets=tuple(dict.fromkeys(_facet(name) for name in asked.facets)),
        # Nobody asks for the worst first, so that either spelling means the best.
        sort="rating" if asked.sort == "-rating" else asked.sort,
        limit=asked.limit,
        audience=audience,
    )


def known_categories(desk: Desk, names: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of categories named by id or slug, present or former; InvalidError for one that nobody knows."""
    if not names:
        return ()
    taxonomy = desk.shop.catalog.taxonomy
    return _known("category", names, taxonomy.tree().by_id, taxonomy.find_category)


def _known_collections(desk: Desk, names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    taxonomy = desk.shop.catalog.taxonomy
    return _known("collection", names, taxonomy.collections(), taxonomy.find_collection)


def _known(
    kind: str, names: Sequence[str], by_id: Mapping[str, Place], by_slug: Callable[[str], Place | None]
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        record = by_id.get(name) or by_slug(name)
        if record is None:
            detail = f"there is no {kind} {name[:80]!r}"
            raise InvalidError(detail, [Fault(f"/filter[{kind}]", f"unknown_{kind}", detail)])
        found[record.id] = None
    return tuple(found)


def _facet(name: str) -> str:
    if name in {"category", "collection", "brand", "price"} or (name.startswith("attributes.") and len(name) > 11):  # noqa: PLR2004
        return name
    detail = f"there is no facet {name[:80]!r}"
    raise InvalidError(detail, [Fault("/facets", "unknown_facet", detail)])


def _rest(
    desk: Desk, asked: ProductQuery, query: ShelfQuery, page: ShelfPage, after: str | None, before: str | None
) -> bytes:
    """Return what follows the rows. Cursors are base 64 and need no escaping."""
    parts = [
        b',"page":{"next":',
        b'"%s"' % after.encode() if after else b"null",
        b',"prev":',
        b'"%s"' % before.encode() if before else b"null",
        b"}",
    ]
    if asked.count is not None:
        parts.append(b',"total":%d' % _total(desk, query, page))
    if query.facets:
        counted = (encode(facet) + b":" + counts.json for facet, counts in page.facets.items())
        parts.append(b',"facets":{' + b",".join(counted) + b"}")
    if page.corrected:
        parts.append(b',"corrected":true')
    return b"".join(parts) + b"}"


def _total(desk: Desk, query: ShelfQuery, page: ShelfPage) -> int:
    """Return how many there are; a list from the read model does not know, so the search index is asked."""
    if page.total is not None:
        return page.total
    counted = msgspec.structs.replace(query, facets=("price",), sort=None, limit=1)
    return desk.shop.catalog.shelves.find(counted).total or 0


def _surrogates(query: ShelfQuery) -> bytes:
    return " ".join(("products", *query.categories, *query.collections)).encode("ascii", "replace")


def link_header(path: str, raw_query: bytes, after: str | None, before: str | None) -> list[tuple[bytes, bytes]]:
    """Return the Link header (RFC 8288) to the neighbouring pages of a list."""
    links = []
    others = [part for part in raw_query[:MAX_BYTES].split(b"&") if part and not part.startswith(b"cursor=")]
    for cursor, relation in ((after, b"next"), (before, b"prev")):
        if cursor is not None:
            query = b"&".join([*others, b"cursor=" + cursor.encode()])
            target = quote(path).encode() + b"?" + quote(query, safe="%&=+[].,:~-_").encode()
            links.append(b'<%s>; rel="%s"' % (target, relation))
    return [(b"link", b", ".join(links))] if links else []
