"""Show the shop's front: what is recommended, what is trending, where things are, what is new."""

from collections.abc import Collection, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.catalog.model import Card, Category, Media
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows.recommending import Suggestion
from bodega.domain.shop import Shop
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.seen import COOKIE, read_seen
from bodega.web.site import NAME, Site
from bodega.web.storefront.cards import CardView, Picture, card_views, decoded, initial, picture, tone
from bodega.web.storefront.reasons import suggestion_views

_STRIP = 8
_EAGER = 4
_RECENT = 6
_MAX_DOORS = 12
_PICTURES_SECONDS = 600.0
_LOOK_AT = 6
_DESCRIPTION = "A corner shop with a warehouse behind it: good things for kitchen, home and garden, chosen with care."
_pictures = msgspec.json.Decoder(dict[str, Media]).decode


class Door(msgspec.Struct, frozen=True):
    """A way into a category, with a picture of something from it."""

    label: str
    text: str
    href: Href
    picture: Picture | None
    tone: int
    initial: str


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """The home page. What is recommended is `personal` from what was looked at, and `bought` by who is signed in."""

    personal: bool
    bought: bool
    recommended: Sequence[CardView]
    recent: Sequence[CardView]
    trending: Sequence[CardView]
    doors: Sequence[Door]
    newest: Sequence[CardView]
    newest_href: Href
    best_href: Href


def home_page(site: Site, request: Request) -> Response:
    """Answer with the home page: the same for all strangers who have looked at nothing yet, and each one's own else."""
    shop = site.shop
    viewed = read_seen(shop.world.keys, request.cookies.get(COOKIE))
    seen_cards = shop.catalog.shelves.cards(viewed)
    viewed = [product_id for product_id in viewed if product_id in seen_cards]
    customer_id = site.visitors.customer_id(request)
    suggested = shop.recommender.suggest(
        placement="home", customer_id=customer_id, viewed=viewed, limit=_STRIP, who=",".join(viewed)
    )
    # On a shop's first day both would show what is newest, which has its own strip below.
    recommended = suggested.items if suggested.fallback != "newest" else []
    shown = {s.card.id for s in recommended}
    popular = _trending(shop, shown)
    newest = shop.catalog.shelves.find(ShelfQuery(sort="-created_at", limit=_STRIP))
    view = HomeView(
        personal=suggested.fallback is None,
        bought=customer_id is not None,
        recommended=_recommended(shop, recommended, personal=suggested.fallback is None),
        recent=card_views([seen_cards[product_id] for product_id in viewed[:_RECENT]]),
        trending=card_views([s.card for s in popular]),
        doors=_doors(shop),
        newest=card_views(decoded(newest.cards)),
        newest_href=links.with_params(links.SEARCH, [("sort", "-created_at")]),
        best_href=links.with_params(links.SEARCH, [("sort", "best_selling")]),
    )
    frame = site.frame(request, title=f"{NAME}: the corner shop with a warehouse", path="/", description=_DESCRIPTION)
    response = site.page("home.html", frame, view, caching=headers.PRIVATE if viewed or customer_id else headers.PUBLIC)
    response.headers["vary"] = "cookie"
    return headers.revalidated(request, response)


def _recommended(shop: Shop, suggestions: Sequence[Suggestion], *, personal: bool) -> list[CardView]:
    """Show suggestions: to a stranger without reasons, because "popular" eight times over is none."""
    if not personal:
        return card_views([s.card for s in suggestions], eager=_EAGER)
    return suggestion_views(suggestions, shop.catalog.shelves, eager=_EAGER)


def _trending(shop: Shop, shown: Collection[str]) -> list[Suggestion]:
    """Return what sells best beside what is shown already; nothing before anything was sold."""
    found = shop.recommender.trending(limit=_STRIP + len(shown))
    if found.fallback == "newest":
        return []
    return [s for s in found.items if s.card.id not in shown][:_STRIP]


def _doors(shop: Shop) -> list[Door]:
    roots = shop.catalog.taxonomy.tree().children(None)[:_MAX_DOORS]
    found = _pictures(
        shop.world.cache.get_or_make(
            "web.doors", lambda: msgspec.json.encode(_find_pictures(shop, roots)), ttl_seconds=_PICTURES_SECONDS
        )
    )
    return [
        Door(
            label=root.name,
            text=root.description,
            href=links.category(root.slug),
            picture=picture(msgspec.structs.replace(found[root.id], alt=""), "") if root.id in found else None,
            tone=tone(root.id),
            initial=initial(root.name),
        )
        for root in roots
    ]


def _find_pictures(shop: Shop, roots: Sequence[Category]) -> dict[str, Media]:
    """Return a picture for each category that has one: of its best-selling product that has a picture."""
    found: dict[str, Media] = {}
    for root in roots:
        page = shop.catalog.shelves.find(
            ShelfQuery(categories=[root.id], sort="best_selling", facets=(), limit=_LOOK_AT)
        )
        pictured: list[Card] = [card for card in decoded(page.cards) if card.image is not None]
        if pictured and pictured[0].image is not None:
            found[root.id] = pictured[0].image
    return found
