"""Show what customers said of a product: the newest reviews and how the stars are spread."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from bodega.domain.catalog.model import Product, Rating
from bodega.domain.reviews.model import Review
from bodega.domain.shop import Shop
from bodega.values.page import Position
from bodega.web import links
from bodega.web.cursors import read_cursor, sign_cursor
from bodega.web.links import Href
from bodega.web.storefront.cards import Stars, stars
from bodega.web.words import date_text

_SHOWN = 5
_COUNTED = 250
_KEEP_SECONDS = 3600.0
_CURSOR = "reviews"
_spread = msgspec.json.Decoder(list[int]).decode


class ReviewView(msgspec.Struct, frozen=True):
    """One review."""

    author: str
    halves: int
    rating: int
    title: str
    paragraphs: Sequence[str]
    date: str
    datetime: str
    verified: bool


class Bar(msgspec.Struct, frozen=True):
    """How many reviews gave so many stars, and their share in per cent."""

    stars: int
    count: str
    percent: int


class ReviewsView(msgspec.Struct, frozen=True):
    """The reviews of a product; `basis` tells how many the spread was counted from if not from all."""

    stars: Stars
    bars: Sequence[Bar]
    basis: str
    reviews: Sequence[ReviewView]
    more: Href | None
    first: Href | None


def build_reviews(shop: Shop, request: Request, product: Product) -> ReviewsView | None:
    """Return the reviews, None if there are none."""
    summary = stars(product.rating)
    if summary is None:
        return None
    scope = f"reviews#{product.id}"
    trail = read_cursor(shop.world.keys, scope, request.query_params.get(_CURSOR, ""))
    position = Position(trail.after) if trail.after else None
    page = shop.reviews.list_published(product.id, position=position, limit=_SHOWN)
    spread = _spread_of(shop, product.id, product.rating)
    counted = sum(spread)
    path = links.product(product.slug)
    more = None
    if page.next is not None:
        cursor = sign_cursor(shop.world.keys, scope, trail.onward(page.next.after))
        more = Href(f"{links.with_params(path, [(_CURSOR, cursor)])}#reviews")
    return ReviewsView(
        stars=summary,
        bars=[Bar(n, f"{spread[n - 1]:,}", spread[n - 1] * 100 // counted if counted else 0) for n in (5, 4, 3, 2, 1)],
        basis=f"of the newest {counted:,}" if counted < product.rating.count else "",
        reviews=[_review_view(review) for review in page.rows],
        more=more,
        first=Href(f"{path}#reviews") if trail.after else None,
    )


def _spread_of(shop: Shop, product_id: str, rating: Rating) -> list[int]:
    """Return how many of the newest 250 reviews gave 1, 2, 3, 4 and 5 stars; counted anew when the rating changes."""

    def count() -> bytes:
        page = shop.reviews.list_published(product_id, limit=_COUNTED)
        given = Counter(review.rating for review in page.rows)
        return msgspec.json.encode([given[n] for n in (1, 2, 3, 4, 5)])

    key = f"web.spread#{product_id}#{rating.count}#{rating.total}"
    return _spread(shop.world.cache.get_or_make(key, count, ttl_seconds=_KEEP_SECONDS))


def _review_view(review: Review) -> ReviewView:
    return ReviewView(
        author=review.author or "A customer",
        halves=review.rating * 2,
        rating=review.rating,
        title=review.title,
        paragraphs=[part.strip() for part in review.text.splitlines() if part.strip()],
        date=date_text(review.created_at),
        datetime=f"{review.created_at:%Y-%m-%d}",
        verified=review.verified,
    )
