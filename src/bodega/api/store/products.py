"""Let shoppers find and read products."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from bodega.api.call import Call, Desk
from bodega.api.declare import STORE_CACHE, Public, Route
from bodega.api.lists import ProductQuery, list_products
from bodega.api.rendered import KeptPages
from bodega.api.reply import Reply, encode, etag_of_version, joined
from bodega.api.shapes import CardPage, ProductList
from bodega.api.store.slugs import moved
from bodega.domain.catalog.model import Id, Product
from bodega.domain.catalog.products import Stored
from bodega.errors import InvalidError, NotFoundError

PATH = "/v1/store/products"
MAX_REFERENCE = 200


class BatchGet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ids of products to read together."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=100)]


class Suggested(msgspec.Struct, frozen=True):
    """Completions, best first."""

    data: list[str]


class SuggestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is being typed."""

    q: Annotated[str, Meta(min_length=1, max_length=200)]
    limit: Annotated[int, Meta(ge=1, le=20)] = 8


def read(call: Call) -> Reply:
    """Answer one product; a slug that was renamed leads to the present one."""
    reference = call.params["product"]
    products = call.shop.catalog.products
    try:
        product_id, current = products.resolve(checked_reference(reference))
    except InvalidError:
        raise NotFoundError("product", reference) from None
    stored = products.find_stored(product_id)
    if stored is None or stored.public is None:
        raise NotFoundError("product", reference)
    if not current:
        slug = msgspec.json.decode(stored.public, type=_Slugged).slug
        return moved(f"{PATH}/slug:{quote(slug, safe='')}", (b"surrogate-key", product_id.encode()))
    return product_reply(product_id, stored)


class _Slugged(msgspec.Struct):
    slug: str


def product_reply(product_id: str, stored: Stored) -> Reply:
    """Return what shoppers see of a product, as it is stored."""
    return Reply(
        body=stored.public or b"",
        etag=etag_of_version(stored.version),
        headers=((b"surrogate-key", product_id.encode("ascii", "replace")),),
    )


def checked_reference(reference: str) -> str:
    """Return a reference that a table can be asked for; nothing else can name a product."""
    if len(reference) > MAX_REFERENCE or not reference.isprintable() or reference in {"slug:", "sku:"}:
        raise NotFoundError("product", reference[:80])
    return reference


def batch_get(call: Call) -> Reply:
    """Answer up to 100 products in the order asked for."""
    ids = list(dict.fromkeys(call.body.ids))
    found = call.shop.catalog.products.find_many_stored([i for i in ids if i.isprintable()])
    seen = {i: found[i].public for i in ids if i in found and found[i].public is not None}
    missing = encode([i for i in ids if i not in seen])
    return Reply(body=joined([b for b in seen.values() if b is not None], b',"missing":' + missing + b"}"))


def list_all(call: Call) -> Reply:
    """Answer a page of the product list or of a search."""
    return list_page(call.desk, call.raw_query)[0]


def list_page(desk: Desk, raw_query: bytes) -> tuple[Reply, KeptPages | None]:
    """Return a page for a query string, and where it may be kept: what the hot path and the declared route share."""
    return list_products(desk, raw_query, ProductQuery, "shoppers", PATH)


def suggest(call: Call) -> Reply:
    """Answer completions of what is being typed."""
    text = call.query.q.strip()
    found = call.shop.catalog.shelves.suggest(text, limit=call.query.limit) if text else ()
    return Reply(body=encode(Suggested(list(found))))


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="store.products.list",
        summary="List or search products, with filters, facets and cursors",
        policy=Public(),
        handler=list_all,
        query=ProductQuery,
        replies={200: CardPage},
        cache=STORE_CACHE,
        limit="search",
    ),
    Route(
        method="GET",
        path=PATH + "/{product}",
        name="store.products.read",
        summary="Read a product by id, `slug:…` or `sku:…`",
        policy=Public(),
        handler=read,
        replies={200: Product, 301: None},
        cache=STORE_CACHE,
    ),
    Route(
        method="POST",
        path=PATH + ":batchGet",
        name="store.products.batch_get",
        summary="Read up to 100 products by id",
        policy=Public(),
        handler=batch_get,
        body=BatchGet,
        replies={200: ProductList},
    ),
    Route(
        method="GET",
        path="/v1/store/search/suggest",
        name="store.search.suggest",
        summary="Complete what is being typed",
        policy=Public(),
        handler=suggest,
        query=SuggestQuery,
        replies={200: Suggested},
        cache=STORE_CACHE,
        limit="search",
    ),
)
