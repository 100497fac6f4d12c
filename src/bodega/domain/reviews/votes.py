"""Count the customers who found a review helpful, each once."""

from collections.abc import Iterator
from typing import cast

import msgspec

from bodega import schema
from bodega.domain.reviews.model import Review
from bodega.domain.reviews.records import PLACE, helpful_key, review_key, vote_item
from bodega.domain.reviews.service import Reviews
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.table import Delete, Equals, Exists, Key, NotExists, Put, TableStore, Update

_TRIES = 30


class OwnReviewError(ConflictError):
    """Nobody votes for their own review."""

    code = "own_review"


class _CountMovedError(ConflictError):
    """Somebody else's vote was counted meanwhile."""


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
        after = None
        while True:
            page = self._table.query(schema.REVIEW_VOTES, customer_id, index="by_customer", after=after)
            yield from (cast("str", item["review_id"]) for item in page.items)
            after = page.last
            if after is None:
                return

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
        for _ in range(_TRIES):
            review = self._reviews.get(review_id)
            if step > 0 and not review.counts:
                raise NotFoundError("review", review_id)
            if review.customer_id == customer_id:
                raise OwnReviewError("this review is your own")
            counted = msgspec.structs.replace(review, helpful=review.helpful + step)
            try:
                self._plan(review, counted, customer_id).commit(self._table)
            except _CountMovedError:
                continue
            except _VotedError:
                return review
            return counted
        raise ConflictError("too many vote at once; try again")

    def _plan(self, old: Review, counted: Review, customer_id: str) -> WritePlan:
        plan = WritePlan()
        vote = vote_item(old.id, customer_id)
        key = Key(old.id, customer_id)
        added = counted.helpful > old.helpful
        plan.add(
            Put(schema.REVIEW_VOTES, vote, NotExists()) if added else Delete(schema.REVIEW_VOTES, key, Exists()),
            otherwise=lambda _: _VotedError("counted already"),
        )
        # The place in the list sorted by votes is written with the count, so it has to be the count that we saw.
        plan.add(
            Update(
                schema.REVIEWS,
                review_key(old.product_id, old.reviewer),
                set={"helpful": counted.helpful, "helpful_key": helpful_key(counted)},
                condition=Equals("helpful", old.helpful),
            ),
            otherwise=lambda _: _CountMovedError("another vote came first"),
        )
        return plan
