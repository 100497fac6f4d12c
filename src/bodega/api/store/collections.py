"""Show shoppers the collections that products were put in by hand."""

import msgspec

from bodega.api.call import Call
from bodega.api.declare import STORE_CACHE, Public, Route
from bodega.api.reply import Reply, encode, etag_of_bytes
from bodega.api.store.slugs import id_or_move
from bodega.errors import NotFoundError

PATH = "/v1/store/collections"
_FRESH_SECONDS = 1.0
_SURROGATE = (b"surrogate-key", b"collections")


class StoreCollection(msgspec.Struct, frozen=True):
    """A collection and the number of active products in it."""

    id: str
    slug: str
    name: str
    description: str
    products: int


class StoreCollections(msgspec.Struct, frozen=True):
    """All collections, by name."""

    data: list[StoreCollection]


_decode = msgspec.json.Decoder(StoreCollections).decode


def list_all(call: Call) -> Reply:
    """Answer all collections; the counts may be a second old."""
    body = _all(call)
    return Reply(body=body, etag=etag_of_bytes(body), headers=(_SURROGATE,))


def read(call: Call) -> Reply:
    """Answer one collection; a slug that was renamed leads to the present one."""
    name = call.params["collection"]
    collection = id_or_move(name, call.shop.catalog.taxonomy.find_collection, path=PATH, headers=(_SURROGATE,))
    if isinstance(collection, Reply):
        return collection
    found = next((one for one in _decode(_all(call)).data if one.id == collection), None)
    if found is None:
        raise NotFoundError("collection", name[:80])
    body = encode(found)
    return Reply(body=body, etag=etag_of_bytes(body), headers=(_SURROGATE,))


def _all(call: Call) -> bytes:
    return call.shop.world.cache.get_or_make("api:collections", lambda: _counted(call), ttl_seconds=_FRESH_SECONDS)


def _counted(call: Call) -> bytes:
    counts = call.shop.catalog.shelves.counts("collection")
    found = sorted(call.shop.catalog.taxonomy.collections().values(), key=lambda one: (one.name, one.id))
    return encode(
        StoreCollections(
            [StoreCollection(one.id, one.slug, one.name, one.description, counts.get(one.id, 0)) for one in found]
        )
    )


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="store.collections.list",
        summary="All collections with product counts",
        policy=Public(),
        handler=list_all,
        replies={200: StoreCollections},
        cache=STORE_CACHE,
    ),
    Route(
        method="GET",
        path=PATH + "/{collection}",
        name="store.collections.read",
        summary="Read a collection by id or `slug:…`",
        policy=Public(),
        handler=read,
        replies={200: StoreCollection, 301: None},
        cache=STORE_CACHE,
    ),
)
