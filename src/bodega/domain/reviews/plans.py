"""Plan what a change of a review writes: the review, where it is found, the product's tally and the event, together."""

from bodega import schema
from bodega.domain.reviews.events import review_changed
from bodega.domain.reviews.model import Review
from bodega.domain.reviews.records import (
    place_item,
    place_key,
    review_attributes,
    review_item,
    review_key,
    tally_change,
    tally_key,
)
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError
from bodega.ports.table import All, Delete, Equals, NotExists, Put, Update


class OvertakenError(ConflictError):
    """Somebody else changed the review meanwhile: read it again and decide again."""

    code = "review_changed"


class ReviewIdTakenError(ConflictError):
    """Another review has this id."""

    code = "review_id_taken"


def creation(new: Review) -> WritePlan:
    """Plan a review that is not there yet. Commit raises OvertakenError if it is, ReviewIdTakenError for its id."""
    plan = WritePlan()
    plan.add(Put(schema.REVIEWS, review_item(new), NotExists()), otherwise=lambda _: _overtaken(new))
    taken = ReviewIdTakenError(f"there is another review {new.id}")
    plan.add(Put(schema.REVIEW_VOTES, place_item(new), NotExists()), otherwise=lambda _: taken)
    _count(plan, None, new)
    plan.announce(review_changed(new))
    return plan


def change(old: Review, new: Review) -> WritePlan:
    """Plan what makes `new` of `old`; its version must be the next. Commit raises OvertakenError if it changed."""
    plan = WritePlan()
    attributes, gone = review_attributes(new)
    edit = Update(
        schema.REVIEWS,
        review_key(old.product_id, old.reviewer),
        set=attributes,
        remove=gone,
        condition=_unchanged(old),
    )
    plan.add(edit, otherwise=lambda _: _overtaken(new))
    _count(plan, old, new)
    plan.announce(review_changed(new))
    return plan


def removal(old: Review, gone: Review) -> WritePlan:
    """Plan that a review is no more; `gone` is its last version, to be announced. Commit raises OvertakenError."""
    plan = WritePlan()
    plan.add(
        Delete(schema.REVIEWS, review_key(old.product_id, old.reviewer), _unchanged(old)),
        otherwise=lambda _: _overtaken(old),
    )
    plan.add(Delete(schema.REVIEW_VOTES, place_key(old.id)))
    _count(plan, old, None)
    plan.announce(review_changed(gone, removed=True))
    return plan


def _count(plan: WritePlan, old: Review | None, new: Review | None) -> None:
    """Add what the tally changes by: an addition, so that reviewers of one product do not get into each other's way."""
    counted = tally_change(old, new)
    some = new or old
    if counted and some is not None:
        plan.add(Update(schema.RATINGS, tally_key(some.product_id), add=counted))


def _unchanged(old: Review) -> All:
    """Return the condition that a review is the one that was read, and no other that was written in its place."""
    return All((Equals("id", old.id), Equals("version", old.version)))


def _overtaken(review: Review) -> OvertakenError:
    return OvertakenError(f"the review of {review.product_id} changed meanwhile; try again")
