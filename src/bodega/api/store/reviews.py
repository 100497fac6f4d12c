"""Show shoppers what others say of a product."""

from datetime import datetime

import msgspec

from bodega.api.call import Call
from bodega.api.declare import STORE_CACHE, Public, Route
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, etag_of_bytes
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.api.store.products import checked_reference
from bodega.domain.reviews.model import Review
from bodega.errors import InvalidError, NotFoundError


class ReviewView(msgspec.Struct, frozen=True):
    """A review as shoppers see it: who wrote it only by the name they chose."""

    id: str
    rating: int
    title: str
    text: str
    author: str
    verified: bool
    created_at: datetime


class ReviewPage(msgspec.Struct, frozen=True):
    """A page of reviews, newest first."""

    data: list[ReviewView]
    page: PageLinks


def list_published(call: Call) -> Reply:
    """Answer a page of a product's published reviews."""
    product_id = _visible(call)
    question = b"reviews " + product_id.encode()
    position = call.desk.cursors.read(call.query.cursor, question)
    page = call.shop.reviews.list_published(product_id, position=position, limit=call.query.limit)
    after = call.desk.cursors.write(page.next, question)
    body = encode(ReviewPage([_view(review) for review in page.rows], PageLinks(after, None)))
    headers = [(b"surrogate-key", b"reviews-" + product_id.encode())]
    headers += link_header(f"/v1/store/products/{product_id}/reviews", call.raw_query, after, None)
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(headers))


def _visible(call: Call) -> str:
    reference = call.params["product"]
    products = call.shop.catalog.products
    try:
        product_id, _ = products.resolve(checked_reference(reference))
    except InvalidError:
        raise NotFoundError("product", reference) from None
    stored = products.find_stored(product_id)
    if stored is None or stored.public is None:
        raise NotFoundError("product", reference)
    return product_id


def _view(review: Review) -> ReviewView:
    return ReviewView(
        id=review.id,
        rating=review.rating,
        title=review.title,
        text=review.text,
        author=review.author,
        verified=review.verified,
        created_at=review.created_at,
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/store/products/{product}/reviews",
        name="store.reviews.list",
        summary="Published reviews of a product, newest first",
        policy=Public(),
        handler=list_published,
        query=PagedQuery,
        replies={200: ReviewPage},
        cache=STORE_CACHE,
    ),
)
