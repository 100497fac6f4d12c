"""Let customers judge what they bought, and keep products' ratings equal to what their published reviews add up to."""

import logging
from collections.abc import Iterable

import msgspec

from bodega.domain.accounts.events import ERASED
from bodega.domain.catalog.model import Rating
from bodega.domain.catalog.products import Products
from bodega.domain.orders.service import Orders
from bodega.domain.reviews.events import REVIEW_CHANGED, ReviewFact
from bodega.domain.reviews.model import Review, ReviewInput, ReviewStatus
from bodega.domain.reviews.service import Reviews
from bodega.domain.reviews.votes import Votes
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.queue import Message, Queue
from bodega.ports.table import Event

QUEUE = "reviews"
_log = logging.getLogger(__name__)
_BATCH = 100
_LEASE_SECONDS = 60.0
_AGAIN_SECONDS = 5.0
_TRIES = 5


class Reviewing:
    """Joins reviews with orders, which say who bought what, and with products, which show the rating."""

    def __init__(
        self,
        *,
        reviews: Reviews,
        votes: Votes,
        products: Products,
        orders: Orders,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        hold_back: str,
    ) -> None:
        """Take whose reviews wait for staff: "nobody", "unverified" or "everybody"."""
        self._reviews = reviews
        self._votes = votes
        self._products = products
        self._orders = orders
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._hold_back = hold_back

    def write(self, product_id: str, customer_id: str, given: ReviewInput) -> tuple[Review, bool]:
        """Write or edit a customer's review of a product and return it, and whether it is new."""
        verified = self._orders.has_bought(customer_id, product_id)
        held = self._hold_back == "everybody" or (self._hold_back == "unverified" and not verified)
        written = self._reviews.write(
            product_id,
            customer_id,
            given,
            review_id=self._ids.new("rev"),
            verified=verified,
            held=held,
            at=self._clock.now(),
        )
        self._show(product_id)
        return written

    def remove(self, product_id: str, customer_id: str) -> None:
        """Remove a customer's review and the votes for it; NotFoundError without one."""
        gone = self._reviews.remove(product_id, customer_id, at=self._clock.now())
        self._votes.forget_all(gone.id)
        self._show(product_id)

    def moderate(self, review_id: str, status: ReviewStatus) -> Review:
        """Show a review or take it down; NotFoundError without it."""
        review = self._reviews.moderate(review_id, status, at=self._clock.now())
        self._show(review.product_id)
        return review

    def forget_customer(self, customer_id: str) -> None:
        """Remove all that a customer said and voted for: words may tell who wrote them whatever name stands above."""
        while reviews := self._reviews.list_by_customer(customer_id, limit=_BATCH).rows:
            for review in reviews:
                try:
                    self.remove(review.product_id, review.reviewer)
                except NotFoundError:
                    continue  # the customer, or another call like this, was faster
        for review_id in self._votes.list_by_customer(customer_id):
            self._votes.withdraw(review_id, customer_id)

    def work_once(self) -> int:
        """Bring up to date what reviews changed whose writer had no time to, and return how many events that were."""
        messages = self._queue.receive(QUEUE, limit=_BATCH, lease_seconds=_LEASE_SECONDS)
        shown: set[str] = set()
        for message in messages:
            self._handle(message, shown)
        return len(messages)

    # -- inside

    def _handle(self, message: Message, shown: set[str]) -> None:
        try:
            event = msgspec.json.decode(message.body, type=Event)
            if event.name == ERASED:
                # Once more: a review may have been under way while the account was erased.
                self.forget_customer(event.resource)
            elif event.name == REVIEW_CHANGED:
                product_id = msgspec.json.decode(event.data, type=ReviewFact).product_id
                if product_id not in shown:
                    show_rating(self._products, self._reviews, product_id)
                    shown.add(product_id)
        except Exception as exc:  # noqa: BLE001  # whatever it is, the queue keeps it, counts, and shows it to staff
            _log.exception("review event not handled")
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc), retry_in_seconds=_AGAIN_SECONDS)
        else:
            self._queue.done(QUEUE, message.receipt)

    def _show(self, product_id: str) -> None:
        """Show the new rating at once if that can be; the review's event sees to it if not."""
        try:
            show_rating(self._products, self._reviews, product_id)
        except ConflictError:
            _log.info("a rating changes too fast to be shown at once", extra={"product": product_id})


def show_rating(products: Products, reviews: Reviews, product_id: str) -> None:
    """Write a product's rating where lists and cards have it; ConflictError while it changes too fast.

    Of several that do this at once the last to write looks once more at the tally, so that the newest one stays.
    """
    for _ in range(_TRIES):
        tally = reviews.tally(product_id)
        try:
            products.set_rating(product_id, Rating(count=tally.count, total=tally.total))
        except NotFoundError:
            return
        if reviews.tally(product_id) == tally:
            return
    raise ConflictError(f"the rating of {product_id!r} changes too fast; try again")


def show_ratings(products: Products, reviews: Reviews, product_ids: Iterable[str]) -> int:
    """Write the ratings of many products and return how many that changed; gone products are left out."""
    tallies = {product_id: reviews.tally(product_id) for product_id in product_ids}
    changed = products.set_ratings(
        {product_id: Rating(count=tally.count, total=tally.total) for product_id, tally in tallies.items()}
    )
    for product_id, tally in tallies.items():
        if reviews.tally(product_id) != tally:
            show_rating(products, reviews, product_id)
    return changed
