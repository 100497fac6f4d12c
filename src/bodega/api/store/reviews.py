"""Show shoppers what others say of a product, and let customers say it."""

from datetime import datetime

import msgspec

from bodega.api.access import signed_in
from bodega.api.call import Call
from bodega.api.declare import STORE_CACHE, Public, Route, Shopper
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, etag_of_bytes, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.api.store.products import checked_reference
from bodega.domain.reviews.model import STARS, Review, ReviewInput, ReviewSort, ReviewStatus, Tally
from bodega.errors import InvalidError, NotFoundError

PRODUCT_REVIEWS = "/v1/store/products/{product}/reviews"
MINE = PRODUCT_REVIEWS + "/mine"


class ReviewQuery(PagedQuery, frozen=True, forbid_unknown_fields=True):
    """The query of a product's reviews."""

    sort: ReviewSort = "-created_at"


class ReviewView(msgspec.Struct, frozen=True):
    """A review as shoppers see it: who wrote it only by the name they chose.

    `verified` is the shop's finding that they bought it; `helpful` counts the customers who found it so.
    """

    id: str
    rating: int
    title: str
    text: str
    author: str
    verified: bool
    helpful: int
    created_at: datetime
    updated_at: datetime | None


class RatingView(msgspec.Struct, frozen=True):
    """What all published reviews add up to; `stars` has how many gave one to five."""

    count: int
    total: int
    stars: dict[str, int]


class ReviewPage(msgspec.Struct, frozen=True):
    """A page of published reviews, and what all of them add up to."""

    data: list[ReviewView]
    page: PageLinks
    rating: RatingView


class OwnReview(msgspec.Struct, frozen=True):
    """A customer's own review, which may wait for staff (`pending`) or have been taken down (`rejected`)."""

    id: str
    product_id: str
    rating: int
    title: str
    text: str
    author: str
    verified: bool
    status: ReviewStatus
    helpful: int
    created_at: datetime
    updated_at: datetime | None


class Helpful(msgspec.Struct, frozen=True):
    """How many customers found a review helpful, the asker among them."""

    id: str
    helpful: int


def list_published(call: Call) -> Reply:
    """Answer a page of a product's published reviews."""
    product_id = _on_sale(call)
    question = f"reviews {product_id} {call.query.sort}".encode()
    position = call.desk.cursors.read(call.query.cursor, question)
    reviews = call.shop.reviews
    page = reviews.list_published(product_id, sort=call.query.sort, position=position, limit=call.query.limit)
    after = call.desk.cursors.write(page.next, question)
    rating = _rating(reviews.tally(product_id))
    body = encode(ReviewPage([_view(review) for review in page.rows], PageLinks(after, None), rating))
    headers = [(b"surrogate-key", b"reviews-" + product_id.encode())]
    headers += link_header(f"/v1/store/products/{product_id}/reviews", call.raw_query, after, None)
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(headers))


def read_mine(call: Call) -> Reply:
    """Answer the asker's own review of a product."""
    review = call.shop.reviews.find(_named(call), signed_in(call).owner)
    if review is None:
        raise NotFoundError("review", "mine")
    return replied(_own(review))


def write_mine(call: Call) -> Reply:
    """Write or edit the asker's review of a product that is on sale."""
    product_id = _on_sale(call)
    review, new = call.shop.reviewing.write(product_id, signed_in(call).owner, call.body)
    if not new:
        return replied(_own(review))
    return replied(_own(review), status=201, location=MINE.replace("{product}", product_id))


def remove_mine(call: Call) -> Reply:
    """Remove the asker's review of a product, be it still on sale or not."""
    call.shop.reviewing.remove(_named(call), signed_in(call).owner)
    return Reply(204)


def vote(call: Call) -> Reply:
    """Count the asker's vote for a review."""
    review = call.shop.votes.add(call.params["review"], signed_in(call).owner)
    return replied(Helpful(review.id, review.helpful))


def _on_sale(call: Call) -> str:
    product_id = _named(call)
    stored = call.shop.catalog.products.find_stored(product_id)
    if stored is None or stored.public is None:
        raise NotFoundError("product", call.params["product"])
    return product_id


def _named(call: Call) -> str:
    reference = call.params["product"]
    try:
        return call.shop.catalog.products.resolve(checked_reference(reference))[0]
    except InvalidError:
        raise NotFoundError("product", reference) from None


def _rating(tally: Tally) -> RatingView:
    return RatingView(tally.count, tally.total, dict(zip(map(str, STARS), tally.stars, strict=True)))


def _view(review: Review) -> ReviewView:
    return ReviewView(**{name: getattr(review, name) for name in ReviewView.__struct_fields__})


def _own(review: Review) -> OwnReview:
    return OwnReview(**{name: getattr(review, name) for name in OwnReview.__struct_fields__})


ROUTES = (
    Route(
        method="GET",
        path=PRODUCT_REVIEWS,
        name="store.reviews.list",
        summary="Published reviews of a product, and what they add up to",
        policy=Public(),
        handler=list_published,
        query=ReviewQuery,
        replies={200: ReviewPage},
        cache=STORE_CACHE,
    ),
    Route(
        method="GET",
        path=MINE,
        name="store.reviews.read_mine",
        summary="Read your own review of a product",
        policy=Shopper(),
        handler=read_mine,
        replies={200: OwnReview},
    ),
    Route(
        method="PUT",
        path=MINE,
        name="store.reviews.write_mine",
        summary="Write or edit your review of a product",
        policy=Shopper(),
        handler=write_mine,
        body=ReviewInput,
        replies={200: OwnReview, 201: OwnReview, 204: None},
        statuses=(404, 409),
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=MINE,
        name="store.reviews.remove_mine",
        summary="Remove your review of a product",
        policy=Shopper(),
        handler=remove_mine,
        replies={204: None},
        statuses=(409,),
        threaded=True,
    ),
    Route(
        method="POST",
        path="/v1/store/reviews/{review}:helpful",
        name="store.reviews.vote",
        summary="Say that a review helped you; once counts, however often you say it",
        policy=Shopper(),
        handler=vote,
        replies={200: Helpful},
        threaded=True,
    ),
)
