"""Show shoppers the category tree."""

from collections.abc import Iterator, Sequence

import msgspec

from bodega.api.call import Call
from bodega.api.declare import STORE_CACHE, Public, Route
from bodega.api.reply import Reply, encode, etag_of_bytes
from bodega.api.store.slugs import id_or_move
from bodega.domain.catalog.shelves import CategoryCount
from bodega.errors import NotFoundError

PATH = "/v1/store/categories"
_FRESH_SECONDS = 1.0
_SURROGATE = (b"surrogate-key", b"categories")


class CategoryNode(msgspec.Struct, frozen=True):
    """A category, the number of active products in and beneath it, and what stands below."""

    id: str
    slug: str
    name: str
    description: str
    products: int
    children: list["CategoryNode"]


class CategoryTree(msgspec.Struct, frozen=True):
    """The roots of the tree, in display order."""

    data: list[CategoryNode]


_decode = msgspec.json.Decoder(CategoryTree).decode


def tree(call: Call) -> Reply:
    """Answer the whole tree; the counts may be a second old."""
    body = _tree(call)
    return Reply(body=body, etag=etag_of_bytes(body), headers=(_SURROGATE,))


def read(call: Call) -> Reply:
    """Answer one category with what stands below; a slug that was renamed leads to the present one."""
    name = call.params["category"]
    category = id_or_move(name, call.shop.catalog.taxonomy.find_category, path=PATH, headers=(_SURROGATE,))
    if isinstance(category, Reply):
        return category
    node = next((node for node in _walk(_decode(_tree(call)).data) if node.id == category), None)
    if node is None:
        raise NotFoundError("category", name[:80])
    body = encode(node)
    return Reply(body=body, etag=etag_of_bytes(body), headers=(_SURROGATE,))


def _tree(call: Call) -> bytes:
    return call.shop.world.cache.get_or_make(
        "api:categories",
        lambda: encode(CategoryTree(_nodes(call.shop.catalog.shelves.category_counts()))),
        ttl_seconds=_FRESH_SECONDS,
    )


def _nodes(counted: Sequence[CategoryCount]) -> list[CategoryNode]:
    return [
        CategoryNode(
            c.category.id, c.category.slug, c.category.name, c.category.description, c.products, _nodes(c.children)
        )
        for c in counted
    ]


def _walk(nodes: Sequence[CategoryNode]) -> Iterator[CategoryNode]:
    for node in nodes:
        yield node
        yield from _walk(node.children)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="store.categories.tree",
        summary="The category tree with product counts",
        policy=Public(),
        handler=tree,
        replies={200: CategoryTree},
        cache=STORE_CACHE,
    ),
    Route(
        method="GET",
        path=PATH + "/{category}",
        name="store.categories.read",
        summary="Read a category by id or `slug:…`, with what stands below",
        policy=Public(),
        handler=read,
        replies={200: CategoryNode, 301: None},
        cache=STORE_CACHE,
    ),
)
