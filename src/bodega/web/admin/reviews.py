"""List reviews for staff, and let them take one down or show it."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.catalog.model import Product
from bodega.domain.reviews.model import Review, ReviewStatus
from bodega.errors import InvalidError
from bodega.values.page import Position
from bodega.web import headers, links
from bodega.web.admin.frame import signed_in, staff_page
from bodega.web.cursors import Trail, read_cursor, sign_cursor
from bodega.web.forms import check_token
from bodega.web.links import Href
from bodega.web.site import Place, Site
from bodega.web.words import time_text

_SHOWN = 25
_LISTS: Sequence[tuple[ReviewStatus | None, str]] = (
    ("pending", "Waiting"),
    ("published", "Shown"),
    ("rejected", "Taken down"),
    (None, "All"),
)
_STATES = {"pending": "waiting", "published": "shown", "rejected": "taken down"}
_ACTS: Mapping[str, ReviewStatus] = {"approve": "published", "reject": "rejected"}
_read = msgspec.json.Decoder(Product).decode


class ReviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A review as staff see it; `acts` are what may be done with it: value and label of a button."""

    id: str
    rating: int
    halves: int
    title: str
    paragraphs: Sequence[str]
    author: str
    written: str
    verified: bool
    state: str
    product: str
    acts: Sequence[tuple[str, str]]


class StaffReviewsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of reviews, newest first. `here` is where a form leads back to."""

    lists: Sequence[Place]
    rows: Sequence[ReviewRow]
    here: str
    next: Href | None
    previous: Href | None


def reviews_page(site: Site, request: Request) -> Response:
    """Answer with a page of reviews: those that wait unless others are asked for."""
    may_act = signed_in(site, request).user.allows("reviews:write")
    view = _view(site, request, may_act=may_act)
    return staff_page(site, request, "staff_reviews.html", title="Reviews", view=view, current=links.STAFF_REVIEWS)


def moderate(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Do with a review what the button says, and lead back to the list."""
    colleague = signed_in(site, request)
    check_token(site.shop.world.keys, colleague.session.id, fields)
    act, _, review_id = fields.get("do", "").partition(" ")
    if act not in _ACTS:
        raise InvalidError("this form asks for nothing that can be done")
    site.shop.reviewing.moderate(review_id, _ACTS[act])
    return RedirectResponse(_list(fields.get("list", "")), 303, {"cache-control": headers.UNCACHED})


def _view(site: Site, request: Request, *, may_act: bool) -> StaffReviewsPage:
    asked = request.query_params.get("list", "")
    status = next((status for status, _ in _LISTS if _name(status) == asked), _LISTS[0][0])
    scope, keys = f"staff-reviews#{_name(status)}", site.shop.world.keys
    trail = read_cursor(keys, scope, request.query_params.get("page", ""))
    position = Position(trail.after) if trail.after else None
    page = site.shop.reviews.list_all(status=status, position=position, limit=_SHOWN)
    titles = _titles(site, page.rows)

    def turn(to: Trail | None) -> Href | None:
        return _list(_name(status), sign_cursor(keys, scope, to)) if to is not None else None

    return StaffReviewsPage(
        lists=[Place(label, _list(_name(one)), one == status) for one, label in _LISTS],
        rows=[_row(review, titles, may_act=may_act) for review in page.rows],
        here=_name(status),
        next=turn(trail.onward(page.next.after)) if page.next is not None else None,
        previous=turn(trail.back()),
    )


def _titles(site: Site, reviews: Sequence[Review]) -> Mapping[str, str]:
    stored = site.shop.catalog.products.find_many_stored([review.product_id for review in reviews])
    return {product_id: _read(one.doc).title for product_id, one in stored.items()}


def _row(review: Review, titles: Mapping[str, str], *, may_act: bool) -> ReviewRow:
    acts = [("approve", "Show it"), ("reject", "Take it down")]
    return ReviewRow(
        id=review.id,
        rating=review.rating,
        halves=review.rating * 2,
        title=review.title,
        paragraphs=[part.strip() for part in review.text.splitlines() if part.strip()],
        author=review.author or "A customer",
        written=time_text(review.changed_at),
        verified=review.verified,
        state=_STATES[review.status],
        product=titles.get(review.product_id, review.product_id),
        acts=[act for act in acts if _ACTS[act[0]] != review.status] if may_act else [],
    )


def _name(status: ReviewStatus | None) -> str:
    return status or "all"


def _list(name: str, cursor: str = "") -> Href:
    params = [(key, value) for key, value in (("list", name), ("page", cursor)) if value]
    return links.with_params(links.STAFF_REVIEWS, params)
