"""Show the shop's front: what is recommended, what is trending, where things are, what is new."""

from collections.abc import Collection, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.catalog.model import Card, Category, Media
from bodega.domain.catalog.shelves import ShelfQuery, Shelves
from bodega.domain.flows.recommending import Suggestions
from bodega.domain.shop import Shop
from bodega.web import headers, links
from bodega.web.links import Href
from bodega.web.seen import COOKIE, read_seen
from bodega.web.site import NAME, Site
from bodega.web.storefront.cards import CardView, Picture, card_views, decoded, initial, picture, tone
from bodega.web.storefront.strips import Strip, build_strip
from bodega.web.storefront.viewing import visitor_of

_STRIP = 8
_HALF_STRIP = 4
_FEWEST = 3
_EAGER = 4
_RECENT = 6
_MAX_DOORS = 12
_PICTURES_SECONDS = 600.0
_LOOK_AT = 6
_MAX_GATHERINGS = 12
_COUNTS_SECONDS = 60.0
_DESCRIPTION = "A corner shop with a warehouse behind it: good things for kitchen, home and garden, chosen with care."
_pictures = msgspec.json.Decoder(dict[str, Media]).decode
_counted = msgspec.json.Decoder(dict[str, int]).decode


class Door(msgspec.Struct, frozen=True):
    """A way into a category, with a picture of something from it."""

    label: str
    text: str
    href: Href
    picture: Picture | None
    tone: int
    initial: str


class Gathering(msgspec.Struct, frozen=True):
    """A way to a collection."""

    label: str
    href: Href


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """The home page: strips of suggestions above and below the ways into the aisles."""

    strips: Sequence[Strip]
    recent: Sequence[CardView]
    trending: Strip | None
    doors: Sequence[Door]
    gatherings: Sequence[Gathering]
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
    known = bool(viewed) or customer_id is not None
    strips = _strips(shop, customer_id, viewed, who=visitor_of(request) or ",".join(viewed), known=known)
    newest = shop.catalog.shelves.find(ShelfQuery(sort="-created_at", limit=_STRIP))
    view = HomeView(
        strips=strips,
        recent=card_views([seen_cards[product_id] for product_id in viewed[:_RECENT]]),
        trending=_trending(shop, strips, known=known),
        doors=_doors(shop),
        gatherings=_gatherings(shop),
        newest=card_views(decoded(newest.cards)),
        newest_href=links.with_params(links.SEARCH, [("sort", "-created_at")]),
        best_href=links.with_params(links.SEARCH, [("sort", "best_selling")]),
    )
    frame = site.frame(request, title=f"{NAME}: the corner shop with a warehouse", path="/", description=_DESCRIPTION)
    response = site.page("home.html", frame, view, caching=headers.PRIVATE if known else headers.PUBLIC)
    response.headers["vary"] = "cookie"
    return headers.revalidated(request, response)


def _strips(shop: Shop, customer_id: str | None, viewed: Sequence[str], *, who: str, known: bool) -> list[Strip]:
    """Return what is recommended: to everybody, and to a customer what to buy again and what goes with a purchase."""
    suggest, shelves = shop.recommender.suggest, shop.catalog.shelves
    found = suggest(
        placement="home",
        customer_id=customer_id,
        viewed=viewed,
        limit=_STRIP,
        who=who if known else "",
        shared=not known,
    )
    # On a shop's first day this would show what is newest, which has a strip of its own below.
    if found.fallback == "newest":
        return []
    first = build_strip(
        "recommended",
        "Recommended for you",
        found,
        shelves,
        text=_source(found),
        reasons=found.fallback is None,
        eager=_EAGER,
    )
    strips = [first]
    if customer_id is not None:
        shown = {s.card.id for s in found.items}
        again = suggest(placement="buy_again", customer_id=customer_id, limit=_STRIP)
        strips.append(build_strip("again", "Buy it again", again, shelves, without=shown, most=_HALF_STRIP))
        because = suggest(placement="because_you_bought", customer_id=customer_id, viewed=viewed, limit=_STRIP)
        strips.append(_because_strip(because, shelves, without=shown))
    return [strip for strip in strips if strip is not None]


def _source(found: Suggestions) -> str:
    """Say what a personal list comes from."""
    codes = {s.reason.code for s in found.items}
    bought, looked = codes & {"because_you_bought", "buy_again"}, "because_you_viewed" in codes
    if bought:
        return f"From what you have bought{' and looked at' if looked else ''}"
    return "From what you have looked at lately" if looked else "What our customers come back for"


def _because_strip(found: Suggestions, shelves: Shelves, *, without: Collection[str]) -> Strip | None:
    """Return what goes with one purchase, under its name; one or two things are no strip."""
    about = found.items[0].reason.because[0] if found.items else None
    cards = shelves.cards([about]) if about is not None else {}
    title = f"Because you bought {cards[about].title}" if about in cards else "It goes with what you bought"
    strip = build_strip("because", title, found, shelves, reasons=False, without=without, most=_HALF_STRIP)
    return strip if strip is not None and len(strip.cards) >= _FEWEST else None


def _trending(shop: Shop, strips: Sequence[Strip], *, known: bool) -> Strip | None:
    """Return what sells faster than usual beside what is shown already; nothing before anything was sold."""
    shown = {card.href.partition("?")[0] for strip in strips for card in strip.cards}
    found = shop.recommender.suggest(placement="trending", limit=_STRIP + len(shown), shared=not known)
    if found.fallback == "newest":
        return None
    without = {s.card.id for s in found.items if links.product(s.card.slug) in shown}
    faster = found.fallback is None
    return build_strip(
        "trending",
        "Trending",
        found,
        shop.catalog.shelves,
        text="Leaving the shop faster than usual" if faster else "Leaving the shop fastest of late",
        reasons=False,
        without=without,
        most=_STRIP,
    )


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


def _gatherings(shop: Shop) -> list[Gathering]:
    """Show the collections with the most products, those with none left out."""
    counted = _counted(
        shop.world.cache.get_or_make(
            "web.gatherings",
            lambda: msgspec.json.encode(shop.catalog.shelves.counts("collection")),
            ttl_seconds=_COUNTS_SECONDS,
        )
    )
    found = [one for one in shop.catalog.taxonomy.collections().values() if counted.get(one.id)]
    found.sort(key=lambda one: (-counted[one.id], one.name))
    return [Gathering(one.name, links.collection(one.slug)) for one in found[:_MAX_GATHERINGS]]


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
