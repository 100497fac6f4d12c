"""Keep reviews, by product, customer and status, and what their stars add up to."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar, cast

import msgspec

from bodega import schema
from bodega.domain.reviews.model import MAX_REVIEWER, Review, ReviewInput, ReviewSort, ReviewStatus, Tally
from bodega.domain.reviews.plans import OvertakenError, ReviewIdTakenError, change, creation, removal
from bodega.domain.reviews.records import (
    EVERY,
    is_id,
    place_key,
    read_review,
    read_tally,
    review_key,
    tally_key,
)
from bodega.domain.writes import WritePlan
from bodega.errors import NotFoundError
from bodega.ports.table import MAX_BATCH_GET, Key, TableStore, scan_all
from bodega.values.page import Page, Position

T = TypeVar("T")
_SEPARATOR = "\x1f"
_TRIES = 20
_INDEX_OF = {"created_at": "by_product_time", "helpful": "by_product_helpful", "rating": "by_product_rating"}


class Recorded(NamedTuple):
    """What became of reviews that were to be recorded; `clashes` are the places of those whose id is another's."""

    created: int
    changed: int
    unchanged: int
    clashes: Sequence[int]


class Reviews:
    """Reviews of products, at most one by each customer. Each change writes the review, the tally and the event."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    # -- reading

    def find(self, product_id: str, reviewer: str) -> Review | None:
        """Return a reviewer's review of a product, or None."""
        if not is_id(product_id) or not 0 < len(reviewer) <= MAX_REVIEWER:
            return None
        item = self._table.get(schema.REVIEWS, review_key(product_id, reviewer))
        return read_review(item) if item is not None else None

    def get(self, review_id: str) -> Review:
        """Return a review by its id; NotFoundError if there is none."""
        place = self._table.get(schema.REVIEW_VOTES, place_key(review_id)) if is_id(review_id) else None
        if place is not None:
            key = review_key(cast("str", place["product_id"]), cast("str", place["reviewer"]))
            item = self._table.get(schema.REVIEWS, key)
            if item is not None:
                return read_review(item)
        raise NotFoundError("review", review_id[:80])

    def list_published(
        self, product_id: str, *, sort: ReviewSort = "-created_at", position: Position | None = None, limit: int = 24
    ) -> Page[Review]:
        """Return a product's published reviews; empty for what cannot be a product's id."""
        if not is_id(product_id):
            return Page(rows=[])
        index = _INDEX_OF[sort.removeprefix("-")]
        return self._page(index, product_id, position, limit, descending=sort.startswith("-"))

    def list_all(
        self, *, status: ReviewStatus | None = None, position: Position | None = None, limit: int = 24
    ) -> Page[Review]:
        """Return everybody's reviews of all products, newest first; of one status, or all."""
        index = "by_time" if status is None else "by_status"
        return self._page(index, status or EVERY, position, limit, descending=True)

    def list_by_customer(self, customer_id: str, *, position: Position | None = None, limit: int = 100) -> Page[Review]:
        """Return a customer's reviews, newest first, whatever their status."""
        return self._page("by_customer", customer_id, position, limit, descending=True)

    def tally(self, product_id: str) -> Tally:
        """Return what the published reviews of a product add up to: exact at every moment."""
        item = self._table.get(schema.RATINGS, tally_key(product_id)) if is_id(product_id) else None
        return read_tally(item)

    def all(self) -> Iterator[Review]:
        """Walk through every review there is: for exports, training and checks."""
        for item in scan_all(self._table, schema.REVIEWS):
            yield read_review(item)

    # -- changing

    def write(
        self,
        product_id: str,
        customer_id: str,
        given: ReviewInput,
        *,
        review_id: str,
        verified: bool,
        held: bool,
        at: datetime,
    ) -> tuple[Review, bool]:
        """Write or edit a customer's review and return it, and whether it is new.

        `review_id` is for one that is new. One that is `held` waits for staff, as does a rejected one that was edited.
        InvalidError for words that are not fit to be shown.
        """
        given.check()

        def decide() -> tuple[WritePlan | None, tuple[Review, bool]]:
            old = self.find(product_id, customer_id)
            new = Review(
                id=old.id if old is not None else review_id,
                product_id=product_id,
                reviewer=customer_id,
                customer_id=customer_id,
                rating=given.rating,
                title=given.title.strip(),
                text=given.text.strip(),
                author=given.author.strip(),
                verified=verified,
                status="pending" if held else "published",
                created_at=at,
            )
            if old is None:
                return creation(new), (new, True)
            kept = {"created_at": old.created_at, "helpful": old.helpful, "version": old.version}
            new = msgspec.structs.replace(new, updated_at=old.updated_at, **kept)
            if msgspec.structs.replace(new, status=old.status) == old:
                return None, (old, False)
            if old.status == "rejected":
                new = msgspec.structs.replace(new, status="pending")
            new = msgspec.structs.replace(new, updated_at=at, version=old.version + 1)
            return change(old, new), (new, False)

        return self._decided(decide)

    def remove(self, product_id: str, customer_id: str, *, at: datetime) -> Review:
        """Remove a customer's review and return it as it was; NotFoundError without one."""

        def decide() -> tuple[WritePlan | None, Review]:
            old = self.find(product_id, customer_id)
            if old is None:
                raise NotFoundError("review", "mine")
            gone = msgspec.structs.replace(old, version=old.version + 1, updated_at=at)
            return removal(old, gone), old

        return self._decided(decide)

    def moderate(self, review_id: str, status: ReviewStatus, *, at: datetime) -> Review:
        """Show a review or take it down; NotFoundError without it."""

        def decide() -> tuple[WritePlan | None, Review]:
            old = self.get(review_id)
            if old.status == status:
                return None, old
            new = msgspec.structs.replace(old, status=status, version=old.version + 1, updated_at=at)
            return change(old, new), new

        return self._decided(decide)

    def record_many(self, reviews: Sequence[Review]) -> Recorded:
        """Store reviews from elsewhere, replacing those of the same product and reviewer. For imports."""
        known = self._find_many([_key(review) for review in reviews])
        plans: list[tuple[int, WritePlan]] = []
        created = 0
        for number, review in enumerate(reviews):
            old = known.get(_key(review))
            plan, new = _recording(old, review)
            if plan is not None:
                created += old is None
                plans.append((number, plan))
                known[_key(review)] = new
        outcomes = self._table.load((plan.writes, plan.events) for _, plan in plans)
        clashes = [
            number
            for (number, _), failure in zip(plans, outcomes, strict=True)
            if failure is not None and not self._recorded(reviews[number])
        ]
        changed = len(plans) - created
        return Recorded(created - len(clashes), changed, len(reviews) - len(plans), clashes)

    # -- inside

    def _recorded(self, review: Review) -> bool:
        """Record one review that somebody else was in the way of; False if its id is another's."""

        def decide() -> tuple[WritePlan | None, None]:
            plan, _ = _recording(self._find_many([_key(review)]).get(_key(review)), review)
            return plan, None

        try:
            self._decided(decide)
        except ReviewIdTakenError:
            return False
        return True

    def _decided(self, decide: Callable[[], tuple[WritePlan | None, T]]) -> T:
        """Commit what is decided, deciding anew, on what is there then, as long as somebody else was faster."""
        for _ in range(_TRIES):
            plan, result = decide()
            if plan is None:
                return result
            try:
                plan.commit(self._table)
            except OvertakenError:
                continue
            return result
        raise OvertakenError("this review changes too fast; try again")

    def _page(
        self, index: str, partition: str, position: Position | None, limit: int, *, descending: bool
    ) -> Page[Review]:
        after = _after(position.after) if position is not None else None
        page = self._table.query(
            schema.REVIEWS, partition, index=index, descending=descending, limit=limit, after=after
        )
        last = page.last
        following = _SEPARATOR.join((last.partition, last.index_sort or "", last.sort)) if last is not None else None
        return Page(
            rows=[read_review(item) for item in page.items],
            next=Position(following) if following is not None else None,
        )

    def _find_many(self, keys: Sequence[Key]) -> dict[Key, Review]:
        found: dict[Key, Review] = {}
        unique = list(dict.fromkeys(keys))
        for start in range(0, len(unique), MAX_BATCH_GET):
            page = self._table.batch_get(schema.REVIEWS, unique[start : start + MAX_BATCH_GET])
            found |= {key: read_review(item) for key, item in page.items()}
        return found


def _recording(old: Review | None, given: Review) -> tuple[WritePlan | None, Review]:
    """Return what records a review from elsewhere over what is there, None if that says the same, and the outcome."""
    if old is None:
        return creation(given), given
    same = msgspec.structs.replace(
        given, id=old.id, version=old.version, updated_at=old.updated_at, helpful=old.helpful
    )
    if same == old:
        return None, old
    new = msgspec.structs.replace(same, version=old.version + 1)
    return change(old, new), new


def _after(text: str) -> Key:
    """Return the place that a position names; the reviewer's key stands last because anything may be in it."""
    partition, index_sort, sort = text.split(_SEPARATOR, 2)
    return Key(partition, sort, index_sort)


def _key(review: Review) -> Key:
    return review_key(review.product_id, review.reviewer)
