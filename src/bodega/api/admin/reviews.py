"""Let staff see what customers say, and take it down or show it."""

from datetime import datetime

import msgspec

from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.reviews.model import Review, ReviewStatus

PATH = "/v1/admin/reviews"
READ, WRITE = Scope("reviews:read"), Scope("reviews:write")


class AdminReviewQuery(PagedQuery, frozen=True, forbid_unknown_fields=True):
    """The query of the list: every status, unless filtered."""

    status: ReviewStatus | None = msgspec.field(default=None, name="filter[status]")


class AdminReview(msgspec.Struct, frozen=True):
    """A review as staff see it. `reviewer` is whoever wrote it: a customer's id, or a name from where it came from."""

    id: str
    product_id: str
    reviewer: str
    customer_id: str | None
    rating: int
    title: str
    text: str
    author: str
    verified: bool
    status: ReviewStatus
    helpful: int
    created_at: datetime
    updated_at: datetime | None
    version: int


class AdminReviewPage(msgspec.Struct, frozen=True):
    """A page of reviews, newest first."""

    data: list[AdminReview]
    page: PageLinks


def list_reviews(call: Call) -> Reply:
    """Answer a page of reviews of all products."""
    question = f"{PATH} {call.query.status}".encode()
    position = call.desk.cursors.read(call.query.cursor, question)
    page = call.shop.reviews.list_all(status=call.query.status, position=position, limit=call.query.limit)
    after = call.desk.cursors.write(page.next, question)
    body = encode(AdminReviewPage([_view(review) for review in page.rows], PageLinks(after, None)))
    return Reply(body=body, headers=tuple(link_header(PATH, call.raw_query, after, None)))


def read(call: Call) -> Reply:
    """Answer one review."""
    return replied(_view(call.shop.reviews.get(call.params["review"])))


def approve(call: Call) -> Reply:
    """Show a review; one that is shown stays so."""
    return replied(_view(call.shop.reviewing.moderate(call.params["review"], "published")))


def reject(call: Call) -> Reply:
    """Take a review down; its writer can edit it, and then it waits for staff again."""
    return replied(_view(call.shop.reviewing.moderate(call.params["review"], "rejected")))


def _view(review: Review) -> AdminReview:
    return AdminReview(**{name: getattr(review, name) for name in AdminReview.__struct_fields__})


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.reviews.list",
        summary="List reviews, newest first",
        policy=READ,
        handler=list_reviews,
        query=AdminReviewQuery,
        replies={200: AdminReviewPage},
    ),
    Route(
        method="GET",
        path=PATH + "/{review}",
        name="admin.reviews.read",
        summary="Read a review",
        policy=READ,
        handler=read,
        replies={200: AdminReview},
    ),
    Route(
        method="POST",
        path=PATH + "/{review}:approve",
        name="admin.reviews.approve",
        summary="Show a review to shoppers",
        policy=WRITE,
        handler=approve,
        replies={200: AdminReview, 204: None},
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{review}:reject",
        name="admin.reviews.reject",
        summary="Take a review down",
        policy=WRITE,
        handler=reject,
        replies={200: AdminReview, 204: None},
        threaded=True,
    ),
)
