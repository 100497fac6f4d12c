"""Show a collection: what somebody put together by hand, to narrow and sort as a category is."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.errors import NotFoundError
from bodega.web import headers, links
from bodega.web.site import Site
from bodega.web.storefront.category import Crumb, PlaceView, crumbs, moved
from bodega.web.storefront.choice import read_choice
from bodega.web.storefront.facets import within_chip
from bodega.web.storefront.listing import build_listing

_MAX_SIBLINGS = 12


def collection_page(site: Site, request: Request) -> Response:
    """Answer with a collection's page, an old slug with the way to the new one; NotFoundError if there is none."""
    slug = request.path_params["slug"]
    taxonomy = site.shop.catalog.taxonomy
    collection = taxonomy.find_collection(slug)
    if collection is None:
        raise NotFoundError("collection", slug[:80])
    path = links.collection(collection.slug)
    if collection.slug != slug:
        return moved(path, request)
    choice = read_choice(path, request.query_params, currency=site.shop.currency)
    category = taxonomy.find_category(choice.category) if choice.category else None
    choice = msgspec.structs.replace(choice, text="", category=category.slug if category else None)
    listing = build_listing(site, request, choice, category=category, collection=collection)
    frame = site.frame(
        request,
        title=collection.name,
        path=path,
        description=collection.description or f"{collection.name} at Bodega: {listing.total} products.",
        indexed=not choice.params() and listing.number == 1,
    )
    others = sorted((c for c in taxonomy.collections().values() if c.id != collection.id), key=lambda c: (c.name, c.id))
    view = PlaceView(
        name=collection.name,
        description=collection.description,
        crumbs=crumbs(()),
        siblings=[Crumb(c.name, links.collection(c.slug)) for c in others[:_MAX_SIBLINGS]],
        within=within_chip(choice, category),
        listing=listing,
    )
    response = site.page("place.html", frame, view, caching=headers.PUBLIC)
    return headers.revalidated(request, response)
