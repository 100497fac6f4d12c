"""Show a category: the way to it, what is beneath it, and its products to narrow and sort."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.catalog.model import Category
from bodega.errors import NotFoundError
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.choice import read_choice
from bodega.web.storefront.facets import Chip
from bodega.web.storefront.listing import Listing, build_listing


class Crumb(msgspec.Struct, frozen=True):
    """A step of the way from the door."""

    label: str
    href: Href


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """The page of a category or collection; `within` takes back a category that a collection was narrowed to."""

    name: str
    description: str
    crumbs: Sequence[Crumb]
    siblings: Sequence[Crumb]
    within: Chip | None = None
    listing: Listing


def category_page(site: Site, request: Request) -> Response:
    """Answer with a category's page, an old slug with the way to the new one; NotFoundError if there is no category."""
    slug = request.path_params["slug"]
    taxonomy = site.shop.catalog.taxonomy
    category = taxonomy.find_category(slug)
    if category is None:
        raise NotFoundError("category", slug[:80])
    path = links.category(category.slug)
    if category.slug != slug:
        return moved(path, request)
    tree = taxonomy.tree()
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
    # One step down or, where there is none, aside.
    siblings = tree.children(category.parent) if category.parent and not listing.shelves else ()
    view = PlaceView(
        name=category.name,
        description=category.description,
        crumbs=crumbs(way[:-1]),
        siblings=[Crumb(c.name, links.category(c.slug)) for c in siblings if c.id != category.id],
        listing=listing,
    )
    response = site.page("place.html", frame, view, caching=headers.PUBLIC)
    return headers.revalidated(request, response)


def moved(path: Href, request: Request) -> Response:
    """Lead on from an old address to the present one, with all that was chosen there."""
    href = links.with_params(path, request.query_params.multi_items())
    return RedirectResponse(href, 301, {"cache-control": headers.PUBLIC})


def crumbs(way: Sequence[Category]) -> list[Crumb]:
    """Show the way from the door through some categories."""
    return [Crumb("Home", links.HOME), *(Crumb(c.name, links.category(c.slug)) for c in way)]
