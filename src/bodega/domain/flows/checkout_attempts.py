"""Remember how far each checkout got: one item per idempotency key, and a work list of those that are not over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, cast

import msgspec
from msgspec.structs import replace

from bodega import schema
from bodega.domain.flows.checkout_request import Failure, Receipt
from bodega.domain.orders.model import Line, Operation, Order, Paid, Sums
from bodega.domain.orders.moves import settled
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, UnavailableError
from bodega.ports.payments import Charge, PaymentDeclinedError
from bodega.ports.table import Delete, Equals, Item, Key, NotExists, Put, SortRange, TableStore, may_be_partition
from bodega.values.quote import Quote
from bodega.values.times import format_time

STEPS_TIME = timedelta(seconds=10)
"""So long may one process take for everything but the provider's part."""
KEPT = timedelta(days=7)
"""So long is a checkout that is over remembered: repeated requests get its answer, and late webhooks find it."""
SHARDS = 4

State = Literal["starting", "authorising", "placed", "undoing", "done", "failed"]


class LostRaceError(ConflictError):
    """Somebody else took the checkout a step further meanwhile: read it again."""

    code = "lost_race"

    def __init__(self, checkout_id: str) -> None:
        super().__init__(f"checkout {checkout_id!r} went on meanwhile")


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checkout and where it stands; all ids are drawn before anything happens, so that each step can be repeated.

    starting     nothing has happened; units are being held
    authorising  units are held; the payment is being asked for, or waits for the shopper
    placed       the order stands; its money is being captured
    undoing      it came to nothing (`failure`); the payment is being given up
    done         the answer is an order, paid or placed (`order_state`)
    failed       the answer is `failure`, and nothing is left behind
    """

    id: str
    fingerprint: bytes
    state: State
    version: int
    quote: Quote
    order_id: str
    number: str
    payment_id: str
    capture_id: str
    provider: str
    private: bytes
    started_at: datetime
    lease_until: datetime
    due_at: datetime
    customer_id: str | None = None
    hold_id: str = ""
    reference: str = ""
    action_url: str = ""
    tries: int = 0
    placed_at: datetime | None = None
    finished_at: datetime | None = None
    order_state: Literal["placed", "paid"] = "placed"
    capture_later: bool = False
    patience_seconds: int = 60
    failure: Failure | None = None

    @property
    def over(self) -> bool:
        """Tell whether the answer is final."""
        return self.state in {"done", "failed"}

    @property
    def patience(self) -> timedelta:
        """Return how long one process may take: then this is left behind, and whoever comes goes on with it."""
        return timedelta(seconds=self.patience_seconds)

    @property
    def charge(self) -> Charge:
        """Return the payment that this checkout wants."""
        return Charge(
            id=self.payment_id,
            amount=self.quote.total,
            order_id=self.order_id,
            checkout_id=self.id,
            reference=self.reference,
        )

    def order(self) -> Order:
        """Return the order as it is placed: it follows from the checkout alone, whoever places it, however often."""
        quote, at = self.quote, self.placed_at or self.started_at
        free = quote.total.amount == 0
        capture = Operation(id=self.capture_id, kind="capture", amount=quote.total, at=at)
        paid = Paid(
            provider=self.provider,
            payment_id=self.payment_id,
            checkout_id=self.id,
            authorised=quote.total,
            reference=self.reference,
            operations=() if self.capture_later else (capture,),
        )
        return Order(
            id=self.order_id,
            number=self.number,
            placed_at=at,
            changed_at=at,
            customer_id=self.customer_id,
            cart_id=quote.cart_id,
            lines=[Line(line.sku, line.product_id, line.quantity, line.unit_price, line.name) for line in quote.lines],
            state="paid" if free else "placed",
            sums=Sums(
                shipping=quote.shipping,
                tax=quote.tax,
                discount=quote.discount,
                total=quote.total,
                tax_included=quote.tax_included,
                coupon=quote.coupon,
                coupon_user=(quote.coupon_user or self.customer_id) if quote.coupon is not None else None,
            ),
            paid=None if free else paid,
            private=self.private,
            retry_at=None if free or self.capture_later else at + self.patience,
        )

    def answer(self) -> Order:
        """Return the order as it stood when the checkout was done, whatever became of it since."""
        order = self.order()
        if order.paid is not None and self.order_state == "paid" and self.finished_at is not None:
            return settled(order, operation_id=self.capture_id, done=True, at=self.finished_at)
        return order


class Attempts:
    """Checkouts by id, and those that are due. Every change insists on the version that it was made from."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def find(self, checkout_id: str) -> Attempt | None:
        """Return a checkout or None."""
        item = self._table.get(schema.CHECKOUTS, _key(checkout_id)) if may_be_partition(checkout_id) else None
        return _DECODE(cast("bytes", item["doc"])) if item is not None else None

    def get(self, checkout_id: str) -> Attempt:
        """Return a checkout that must be there; UnavailableError if it was discarded at this moment."""
        attempt = self.find(checkout_id)
        if attempt is None:
            raise UnavailableError("this checkout was given up a moment ago; try again")
        return attempt

    def add_change(self, *, plan: WritePlan, attempt: Attempt) -> None:
        """Add a new or changed checkout to a plan, whose commit raises LostRaceError if somebody else was first."""
        condition = Equals("version", attempt.version - 1) if attempt.version > 1 else NotExists()
        plan.add(Put(schema.CHECKOUTS, _item(attempt), condition), otherwise=lambda _: LostRaceError(attempt.id))

    def save(self, attempt: Attempt) -> Attempt:
        """Store a new or changed checkout; LostRaceError if there is one of its id, or somebody else changed it."""
        plan = WritePlan()
        self.add_change(plan=plan, attempt=attempt)
        plan.commit(self._table)
        return attempt

    def discard(self, attempt: Attempt) -> None:
        """Forget a checkout of which nothing happened, so that its key is free again; LostRaceError as ever."""
        plan = WritePlan()
        condition = Equals("version", attempt.version)
        write = Delete(schema.CHECKOUTS, _key(attempt.id), condition)
        plan.add(write, otherwise=lambda _: LostRaceError(attempt.id))
        plan.commit(self._table)

    def due(self, now: datetime, *, limit: int = 100) -> Sequence[str]:
        """Return the ids of checkouts that were left behind, longest due first within a shard."""
        high = SortRange(high=format_time(now))
        found: list[str] = []
        for shard in range(SHARDS):
            page = self._table.query(schema.CHECKOUTS, f"due.{shard}", index="by_due", sort=high, limit=limit)
            found += [str(item["checkout_id"]) for item in page.items]
        return found[:limit]


def changed(attempt: Attempt, **changes: object) -> Attempt:
    """Return a checkout's next version."""
    return replace(attempt, version=attempt.version + 1, **changes)


def placed(attempt: Attempt, *, reference: str, now: datetime) -> Attempt:
    """Return a checkout whose order is placed, and which is done with that if there is nothing to capture."""
    reference = reference or attempt.reference
    if attempt.payment_id and not attempt.capture_later:
        return changed(attempt, state="placed", placed_at=now, reference=reference, due_at=now + attempt.patience)
    return changed(attempt, state="done", placed_at=now, finished_at=now, reference=reference)


def finished(attempt: Attempt, order: Order, *, now: datetime) -> Attempt:
    """Return a checkout with its final answer, which follows from what its order has become."""
    at = order.changed_at or now
    if order.state == "cancelled" and order.captured.amount == 0:
        return changed(attempt, state="failed", finished_at=at, failure=_capture_failure(order))
    state = "placed" if order.state == "placed" else "paid"
    return changed(attempt, state="done", finished_at=at, order_state=state)


def receipt_of(attempt: Attempt) -> Receipt:
    """Return what a shopper is told, or raise why the checkout came to nothing."""
    if attempt.state == "failed" and attempt.failure is not None:
        raise attempt.failure.error()
    if attempt.state == "done":
        return Receipt(checkout_id=attempt.id, order=attempt.answer())
    return Receipt(checkout_id=attempt.id, action_url=attempt.action_url)


def _capture_failure(order: Order) -> Failure:
    """Return why an order's money could not be taken."""
    failed = [op for op in order.paid.operations if op.state == "failed"] if order.paid is not None else []
    return Failure.of(PaymentDeclinedError(failed[0].reason if failed else "cancelled"))


_DECODE = msgspec.msgpack.Decoder(Attempt).decode
_encode = msgspec.msgpack.Encoder().encode


def _key(checkout_id: str) -> Key:
    return Key(checkout_id, "attempt")


def _item(attempt: Attempt) -> Item:
    item: Item = {
        "checkout_id": attempt.id,
        "part": "attempt",
        "version": attempt.version,
        "doc": _encode(attempt),
    }
    if attempt.over:
        item["expires_at"] = int(((attempt.finished_at or attempt.started_at) + KEPT).timestamp())
    else:
        shard = blake2b(attempt.id.encode(), digest_size=1).digest()[0] % SHARDS
        item["due_shard"] = f"due.{shard}"
        item["due_at"] = format_time(attempt.due_at)
    return item
