"""Show what customers said of a product, how the stars are spread, and the form of whoever is signed in."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from bodega.domain.catalog.model import Product, Rating
from bodega.domain.reviews.model import STARS, Review, ReviewSort, Tally
from bodega.domain.shop import Shop
from bodega.values.page import Position
from bodega.web import links
from bodega.web.cursors import read_cursor, sign_cursor
from bodega.web.links import Href
from bodega.web.site import Place
from bodega.web.storefront.cards import Stars, stars
from bodega.web.storefront.review_form import ReviewForm
from bodega.web.words import date_text

_SHOWN = 5
_CURSOR = "reviews"
_SORT = "reviews_sort"
_SORTS: Sequence[tuple[ReviewSort, str]] = (
    ("-created_at", "Newest"),
    ("-helpful", "Most helpful"),
    ("-rating", "Best first"),
    ("rating", "Worst first"),
)


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """One review; `vote` is where to say that it helped, None for who cannot."""

    id: str
    author: str
    halves: int
    rating: int
    title: str
    paragraphs: Sequence[str]
    date: str
    datetime: str
    verified: bool
    helped: str
    vote: Href | None


class Bar(msgspec.Struct, frozen=True):
    """How many reviews gave so many stars, and their share in per cent."""

    stars: int
    count: str
    percent: int


class ReviewsView(msgspec.Struct, frozen=True, kw_only=True):
    """The reviews of a product. `stars` is None before the first; `form` is for who is signed in, `sign_in` for others.

    `news` tells what became of a form that was sent.
    """

    stars: Stars | None
    bars: Sequence[Bar]
    sorts: Sequence[Place]
    reviews: Sequence[ReviewView]
    more: Href | None
    first: Href | None
    news: str
    sign_in: Href
    form: ReviewForm | None


def build_reviews(shop: Shop, request: Request, product: Product, *, form: ReviewForm | None) -> ReviewsView:
    """Return a page of reviews in the order that was asked for, with the form that belongs beneath them."""
    tally = shop.reviews.tally(product.id)
    sort = _sort(request)
    scope = f"reviews#{product.id}#{sort}"
    trail = read_cursor(shop.world.keys, scope, request.query_params.get(_CURSOR, ""))
    position = Position(trail.after) if trail.after else None
    page = shop.reviews.list_published(product.id, sort=sort, position=position, limit=_SHOWN)
    path = links.product(product.slug)
    more = None
    if page.next is not None:
        cursor = sign_cursor(shop.world.keys, scope, trail.onward(page.next.after))
        more = _here(path, sort, cursor)
    return ReviewsView(
        stars=stars(Rating(tally.count, tally.total)),
        bars=_bars(tally),
        sorts=[Place(label, _here(path, name), name == sort) for name, label in _SORTS],
        reviews=[_review_view(review, product, form) for review in page.rows],
        more=more,
        first=_here(path, sort) if trail.after else None,
        news=_NEWS.get(request.query_params.get("news", ""), ""),
        sign_in=links.with_params(links.SIGN_IN, [("next", links.review(product.slug))]),
        form=form,
    )


_NEWS = {
    "review": "Thank you: your review is shown.",
    "waiting": "Thank you: we look at your review and show it soon.",
    "removed": "Your review is gone.",
    "helpful": "Thank you for saying so.",
}


def _sort(request: Request) -> ReviewSort:
    asked = request.query_params.get(_SORT, "")
    return next((name for name, _ in _SORTS if name == asked), _SORTS[0][0])


def _here(path: str, sort: ReviewSort, cursor: str = "") -> Href:
    params = [(name, value) for name, value in ((_SORT, sort), (_CURSOR, cursor)) if value]
    return Href(f"{links.with_params(path, params)}#reviews")


def _bars(tally: Tally) -> list[Bar]:
    spread = list(zip(STARS, tally.stars, strict=True))
    return [Bar(given, f"{count:,}", count * 100 // tally.count if tally.count else 0) for given, count in spread[::-1]]


def _review_view(review: Review, product: Product, form: ReviewForm | None) -> ReviewView:
    others = form is not None and form.owner != review.customer_id
    return ReviewView(
        id=review.id,
        author=review.author or "A customer",
        halves=review.rating * 2,
        rating=review.rating,
        title=review.title,
        paragraphs=[part.strip() for part in review.text.splitlines() if part.strip()],
        date=date_text(review.created_at),
        datetime=f"{review.created_at:%Y-%m-%d}",
        verified=review.verified,
        helped=_helped(review.helpful),
        vote=links.helpful(product.slug) if others else None,
    )


def _helped(count: int) -> str:
    if not count:
        return ""
    return "1 customer found this helpful" if count == 1 else f"{count:,} customers found this helpful"
