"""Name the fact that reviews announce. It says what was judged and how, and none of the customer's words."""

import msgspec

from bodega.domain.reviews.model import Review
from bodega.ports.table import Event
from bodega.values.times import format_time

REVIEW_CHANGED = "review.changed"
REMOVED = "removed"


class ReviewFact(msgspec.Struct, frozen=True):
    """What an event tells of a review; `status` is `removed` for one that is gone."""

    id: str
    product_id: str
    customer_id: str | None
    rating: int
    verified: bool
    status: str


def review_changed(review: Review, *, removed: bool = False) -> Event:
    """Return the fact that a review was written, edited, moderated or removed, at the version that this made."""
    fact = ReviewFact(
        review.id,
        review.product_id,
        review.customer_id,
        review.rating,
        review.verified,
        REMOVED if removed else review.status,
    )
    return Event(
        id=f"evt_{review.id}_{review.version}",
        name=REVIEW_CHANGED,
        resource=review.id,
        version=review.version,
        occurred_at=format_time(review.changed_at),
        data=msgspec.json.encode(fact),
    )
