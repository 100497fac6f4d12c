"""Put together a list of products as category and search pages show it: cards, facets, order, and the way on."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from bodega.domain.catalog.model import Category, Collection
from bodega.domain.catalog.shelves import ShelfPage, ShelfQuery
from bodega.errors import InvalidError
from bodega.ports.search import Sort
from bodega.values.page import DEFAULT_LIMIT, Position
from bodega.web import links
from bodega.web.cursors import FIRST, Trail, read_cursor, sign_cursor
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.cards import CardView, card_views, decoded
from bodega.web.storefront.choice import Choice
from bodega.web.storefront.facets import (
    ATTRIBUTE,
    Chip,
    Facet,
    PriceForm,
    chips,
    count_facets,
    facet_views,
    price_form,
)
from bodega.web.storefront.useful import prevailing_category, useful_attributes

_EAGER = 4
_CURSOR = "page"
_SORT_LABELS: Sequence[tuple[Sort, str]] = (
    ("relevance", "Best match"),
    ("best_selling", "Best selling"),
    ("-created_at", "Newest"),
    ("price", "Price, low to high"),
    ("-price", "Price, high to low"),
    ("rating", "Best rated"),
)


class SortOption(msgspec.Struct, frozen=True):
    """An order to choose."""

    value: str
    label: str
    chosen: bool


class Shelf(msgspec.Struct, frozen=True):
    """A category to step into."""

    label: str
    count: str
    href: Href


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list."""

    path: str
    cards: Sequence[CardView]
    total: str
    shelves: Sequence[Shelf]
    facets: Sequence[Facet]
    chips: Sequence[Chip]
    clear: Href
    price: PriceForm
    sorts: Sequence[SortOption]
    sort_hidden: Sequence[tuple[str, str]]
    number: int
    next: Href | None
    previous: Href | None
    first: Href
    corrected: bool


def build_listing(
    site: Site,
    request: Request,
    choice: Choice,
    *,
    category: Category | None,
    collection: Collection | None = None,
) -> Listing:
    """Read one page of a list with all that stands around it."""
    shop = site.shop
    attributes = shop.catalog.taxonomy.attributes()
    fallback: Sort = "relevance" if choice.text else "best_selling"
    collections = [collection.id] if collection else []
    within = category.id if category else prevailing_category(shop, choice.text, collections)
    names = dict.fromkeys([*useful_attributes(shop, within), *choice.attributes])
    facets = ["category", "price", "brand", *(ATTRIBUTE + name for name in names)]
    query = choice.query(
        categories=[category.id] if category else [],
        collections=collections,
        facets=facets,
        limit=DEFAULT_LIMIT,
        fallback=fallback,
    )
    scope = f"{choice.href()}#{category.id if category else ''}#{collection.id if collection else ''}"
    trail = read_cursor(shop.world.keys, scope, request.query_params.get(_CURSOR, ""))
    trail, page = _page(site, query, trail)
    counts = count_facets(shop.catalog.shelves, choice, query, page.facets)
    bare = Choice(path=choice.path, text=choice.text, sort=choice.sort, currency=choice.currency)
    return Listing(
        path=choice.path,
        cards=card_views(decoded(page.cards), eager=_EAGER),
        total=f"{page.total or 0:,}",
        shelves=_shelves(site, choice, category, page),
        facets=facet_views(choice, counts, attributes),
        chips=chips(choice, attributes),
        clear=bare.href(),
        price=price_form(choice),
        sorts=_sorts(choice, fallback),
        sort_hidden=choice.params(sort=False),
        number=trail.number,
        next=_turn(site, choice, scope, trail.onward(page.next.after)) if page.next else None,
        previous=_turn(site, choice, scope, trail.back()),
        first=choice.href(),
        corrected=page.corrected,
    )


def _page(site: Site, query: ShelfQuery, trail: Trail) -> tuple[Trail, ShelfPage]:
    """Read the page; a place that the index no longer knows leads back to the start."""
    shelves = site.shop.catalog.shelves
    if not trail.after:
        return FIRST, shelves.find(query)
    try:
        return trail, shelves.find(query, Position(trail.after))
    except InvalidError:
        return FIRST, shelves.find(query)


def _turn(site: Site, choice: Choice, scope: str, trail: Trail | None) -> Href | None:
    if trail is None:
        return None
    if not trail.after:
        return choice.href()
    cursor = sign_cursor(site.shop.world.keys, scope, trail)
    return links.with_params(choice.path, [*choice.params(), (_CURSOR, cursor)])


def _sorts(choice: Choice, fallback: Sort) -> list[SortOption]:
    chosen = choice.sort or fallback
    return [SortOption(v, label, v == chosen) for v, label in _SORT_LABELS if v != "relevance" or choice.text]


def _shelves(site: Site, choice: Choice, category: Category | None, page: ShelfPage) -> list[Shelf]:
    """Show the categories one step down that have something in them: links from a category, filters in a search."""
    counts = {value.value: value.count for value in page.facets.get("category", ())}
    shelves = []
    for child in site.shop.catalog.taxonomy.tree().children(category.id if category else None):
        if counts.get(child.id):
            narrowed = msgspec.structs.replace(choice, category=child.slug).href()
            href = links.category(child.slug) if category and choice.path == links.category(category.slug) else narrowed
            shelves.append(Shelf(child.name, f"{counts[child.id]:,}", href))
    return shelves
