"""Show what was found for some words, or everything if there are none."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.catalog.model import Category
from bodega.ports.search import MAX_TEXT_LENGTH
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.choice import Choice, read_choice
from bodega.web.storefront.facets import Chip, within_chip
from bodega.web.storefront.listing import Listing, build_listing
from bodega.web.storefront.strips import Strip, build_strip

_TRENDING = 8
_TITLES = {"-created_at": "New in", "best_selling": "Best sellers", "rating": "Best rated"}


class SearchView(msgspec.Struct, frozen=True, kw_only=True):
    """The page of a search; `problem` says what is wrong with it, and then there is no list."""

    heading: str
    query: str
    problem: str = ""
    listing: Listing | None = None
    within: Chip | None = None
    trending: Strip | None = None
    everything: Href = links.SEARCH


def search_page(site: Site, request: Request) -> Response:
    """Answer with what was found; words that are too many are answered with a message on the page."""
    choice = read_choice(links.SEARCH, request.query_params, currency=site.shop.currency)
    if len(choice.text) > MAX_TEXT_LENGTH:
        return _too_long(site, request)
    category = site.shop.catalog.taxonomy.find_category(choice.category) if choice.category else None
    choice = msgspec.structs.replace(choice, category=category.slug if category else None)
    listing = build_listing(site, request, choice, category=category)
    view = SearchView(
        heading=_heading(choice, category),
        query=choice.text,
        listing=listing,
        within=within_chip(choice, category),
        trending=None if listing.cards else _trending(site),
    )
    frame = site.frame(request, title=view.heading, path=choice.href(), query=choice.text, indexed=False)
    response = site.page("search.html", frame, view, caching=headers.PUBLIC)
    return headers.revalidated(request, response)


def _too_long(site: Site, request: Request) -> Response:
    view = SearchView(
        heading="That is a long question",
        query="",
        problem=f"Please search with at most {MAX_TEXT_LENGTH} letters: two or three words find most things.",
        trending=_trending(site),
    )
    frame = site.frame(request, title=view.heading, path=links.SEARCH, indexed=False)
    return site.page("search.html", frame, view, status=422, caching=headers.UNCACHED)


def _heading(choice: Choice, category: Category | None) -> str:
    if choice.text:
        return f"“{choice.text}”"
    if category is not None:
        return category.name
    return _TITLES.get(choice.sort or "", "Everything in the shop")


def _trending(site: Site) -> Strip | None:
    found = site.shop.recommender.suggest(placement="trending", limit=_TRENDING, shared=True)
    return build_strip("trending", "What others are taking home", found, site.shop.catalog.shelves, reasons=False)
