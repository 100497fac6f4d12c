"""Show a category: the way to it, what is beneath it, and its products to narrow and sort."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.catalog.model import Category
from bodega.errors import NotFoundError
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.choice import read_choice
from bodega.web.storefront.listing import Listing, build_listing


class Crumb(msgspec.Struct, frozen=True):
    """A step of the way from the door."""

    label: str
    href: Href


class CategoryView(msgspec.Struct, frozen=True):
    """A category's page."""

    name: str
    description: str
    crumbs: Sequence[Crumb]
    siblings: Sequence[Crumb]
    listing: Listing


def category_page(site: Site, request: Request) -> Response:
    """Answer with a category's page; NotFoundError if there is no such category."""
    slug = request.path_params["slug"]
    tree = site.shop.catalog.taxonomy.tree()
    category = tree.by_slug.get(slug)
    if category is None:
        raise NotFoundError("category", slug[:80])
    path = links.category(category.slug)
    choice = msgspec.structs.replace(
        read_choice(path, request.query_params, currency=site.shop.currency), category=None, text=""
    )
    listing = build_listing(site, request, choice, category=category)
    way = tree.path(category.id)
    frame = site.frame(
        request,
        title=category.name,
        path=path,
        description=category.description or f"{category.name} at Bodega: {listing.total} products.",
        current=way[0].slug if way else None,
        indexed=not choice.params() and listing.number == 1,
    )
    siblings = tree.children(category.parent) if category.parent else ()
    view = CategoryView(
        name=category.name,
        description=category.description,
        crumbs=crumbs(way[:-1]),
        siblings=[Crumb(c.name, links.category(c.slug)) for c in siblings if c.id != category.id],
        listing=listing,
    )
    response = site.page("category.html", frame, view, caching=headers.PUBLIC)
    return headers.revalidated(request, response)


def crumbs(way: Sequence[Category]) -> list[Crumb]:
    """Show the way from the door through some categories."""
    return [Crumb("Home", links.HOME), *(Crumb(c.name, links.category(c.slug)) for c in way)]
