"""Show shoppers the category tree."""

from collections.abc import Sequence

import msgspec

from bodega.api.call import Call
from bodega.api.declare import STORE_CACHE, Public, Route
from bodega.api.reply import Reply, encode, etag_of_bytes
from bodega.domain.catalog.shelves import CategoryCount

_FRESH_SECONDS = 1.0


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


def tree(call: Call) -> Reply:
    """Answer the whole tree; the counts may be a second old."""
    body = call.shop.world.cache.get_or_make(
        "api:categories",
        lambda: encode(CategoryTree(_nodes(call.shop.catalog.shelves.category_counts()))),
        ttl_seconds=_FRESH_SECONDS,
    )
    return Reply(body=body, etag=etag_of_bytes(body), headers=((b"surrogate-key", b"categories"),))


def _nodes(counted: Sequence[CategoryCount]) -> list[CategoryNode]:
    return [
        CategoryNode(
            c.category.id, c.category.slug, c.category.name, c.category.description, c.products, _nodes(c.children)
        )
        for c in counted
    ]


ROUTES = (
    Route(
        method="GET",
        path="/v1/store/categories",
        name="store.categories.tree",
        summary="The category tree with product counts",
        policy=Public(),
        handler=tree,
        replies={200: CategoryTree},
        cache=STORE_CACHE,
    ),
)
