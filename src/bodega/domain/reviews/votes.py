"""Count the customers who found a review helpful, each once."""

from collections.abc import Iterator
from contextlib import suppress
from typing import cast

from bodega import schema
from bodega.domain.reviews.model import Review
from bodega.domain.reviews.records import PLACE, helpful_key, review_key, vote_item
from bodega.domain.reviews.service import Reviews
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.table import (
    All,
    ConditionFailedError,
    Delete,
    Equals,
    Exists,
    Key,
    NotExists,
    Put,
    TableStore,
    Update,
    query_all,
)


class OwnReviewError(ConflictError):
    """Nobody votes for their own review."""

    code = "own_review"


class _VotedError(ConflictError):
    """The vote was there already, or is not there any more."""


class Votes:
    """Votes by review and by customer. A vote and the count that it adds to are one transaction."""

    def __init__(self, *, table: TableStore, reviews: Reviews) -> None:
        self._table = table
        self._reviews = reviews

    def add(self, review_id: str, customer_id: str) -> Review:
        """Count a customer's vote, once however often it is given, and return the review.

        NotFoundError for a review that is not shown, OwnReviewError for the customer's own.
        """
        return self._count(review_id, customer_id, 1)

    def withdraw(self, review_id: str, customer_id: str) -> None:
        """Take a customer's vote back, if there is one."""
        try:
            self._count(review_id, customer_id, -1)
        except NotFoundError:  # the review is gone, and its votes count for nothing
            self._table.transact([Delete(schema.REVIEW_VOTES, Key(review_id, customer_id))])

    def list_by_customer(self, customer_id: str) -> Iterator[str]:
        """Yield the ids of the reviews that a customer voted for."""
        for item in query_all(self._table, schema.REVIEW_VOTES, customer_id, index="by_customer", page_size=100):
            yield cast("str", item["review_id"])

    def forget_all(self, review_id: str) -> None:
        """Forget the votes for a review that is gone."""
        while True:
            page = self._table.query(schema.REVIEW_VOTES, review_id, limit=90)
            votes = [Key(review_id, cast("str", item["voter"])) for item in page.items]
            gone = [Delete(schema.REVIEW_VOTES, key) for key in votes if key.sort != PLACE]
            if gone:
                self._table.transact(gone)
            if page.last is None:
                return

    def _count(self, review_id: str, customer_id: str, step: int) -> Review:
        review = self._reviews.get(review_id)
        if step > 0 and not review.counts:
            raise NotFoundError("review", review_id)
        if review.customer_id == customer_id:
            raise OwnReviewError("this review is your own")
        try:
            self._plan(review, customer_id, step).commit(self._table)
        except _VotedError:
            return review
        return self._put_in_place(review)

    def _plan(self, review: Review, customer_id: str, step: int) -> WritePlan:
        """Plan a vote and what it adds: an addition, so that many may vote at once."""
        plan = WritePlan()
        vote = vote_item(review.id, customer_id)
        cast_or_withdrawn = (
            Put(schema.REVIEW_VOTES, vote, NotExists())
            if step > 0
            else Delete(schema.REVIEW_VOTES, Key(review.id, customer_id), Exists())
        )
        plan.add(cast_or_withdrawn, otherwise=lambda _: _VotedError("counted already"))
        # By its id as well: its writer may have removed it and written another.
        same = Equals("id", review.id)
        plan.add(
            Update(schema.REVIEWS, _key(review), add={"helpful": step}, condition=same),
            otherwise=lambda _: NotFoundError("review", review.id),
        )
        return plan

    def _put_in_place(self, review: Review) -> Review:
        """Write where the review stands among those sorted by votes, for the count that there is now.

        Whoever is overtaken leaves it to the voter who was faster, and who writes it after them.
        """
        counted = self._reviews.get(review.id)
        place = Update(
            schema.REVIEWS,
            _key(counted),
            set={"helpful_key": helpful_key(counted)},
            condition=All((Equals("id", counted.id), Equals("helpful", counted.helpful))),
        )
        with suppress(ConditionFailedError):
            self._table.transact([place])
        return counted


def _key(review: Review) -> Key:
    return review_key(review.product_id, review.reviewer)
