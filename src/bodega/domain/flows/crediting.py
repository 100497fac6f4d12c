"""Put what shoppers do down to the lists that led to it: clicks as reported, carts and orders as they happen."""

import logging
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import msgspec

from bodega.domain.catalog.records import is_id
from bodega.domain.flows.checkout_attempts import Attempts
from bodega.domain.orders.model import Line, Order
from bodega.domain.orders.records import ORDER_PLACED
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.feedback import Event as Done
from bodega.domain.recommendations.feedback import Feedback, Outcome
from bodega.domain.recommendations.receipts import Receipt, Receipts
from bodega.ports.queue import Message, Queue
from bodega.ports.table import Event
from bodega.values.money import Money

QUEUE = "credits"
_REFERENCE = re.compile(r"[0-9A-Za-z]{10,64}")
_log = logging.getLogger(__name__)
_BATCH = 100
_LEASE_SECONDS = 60.0
_AGAIN_SECONDS = 5.0


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What a client says that somebody did with a list. `order_id` names the order of a purchase."""

    kind: Literal["impression", "click", "cart", "purchase"]
    product_id: str | None = None
    actor: str = ""
    order_id: str | None = None


class Crediting:
    """Joins lists with carts and orders."""

    def __init__(
        self, *, feedback: Feedback, receipts: Receipts, orders: Orders, attempts: Attempts, queue: Queue
    ) -> None:
        self._feedback = feedback
        self._receipts = receipts
        self._orders = orders
        self._attempts = attempts
        self._queue = queue

    def report(
        self, request_id: str, reported: Sequence[Reported], *, cart_id: str | None = None, visitor: str = ""
    ) -> Outcome:
        """Count what a client reports of a list; InvalidError for a request id that is not ours.

        Of purchases only that they happened is believed: units and money are read from the order, and an order that
        does not exist, is older than the list or has no such product does not count.
        """
        receipt = self._receipts.read(request_id)
        done = [self._done(one, receipt) for one in reported]
        found = self._feedback.report(
            receipt, [one for one in done if one is not None], cart_id=cart_id, visitor=visitor
        )
        return found._replace(ignored=found.ignored + done.count(None))

    def seen(self, request_id: str, *, visitor: str) -> None:
        """Count that somebody saw a list; nothing for an id that is not ours."""
        receipt = self._receipts.find(request_id)
        if receipt is not None and self._feedback.report(receipt, [Done(kind="impression", actor=visitor)]).counted:
            self._feedback.keep(receipt)

    def clicked(self, reference: str, product_id: str, *, visitor: str) -> None:
        """Count that somebody followed a list that was seen to a product; nothing for an unknown reference."""
        receipt = self._feedback.find_kept(reference) if _REFERENCE.fullmatch(reference) else None
        if receipt is not None:
            click = Done(kind="click", product_id=product_id, actor=visitor)
            self._feedback.report(receipt, [click], visitor=visitor)

    def carted(self, cart_id: str, product_id: str, *, visitor: str = "") -> bool:
        """Count that a product was put into a cart, if a list led to it; tell whether one did."""
        return self._feedback.carted(cart_id, product_id, visitor=visitor)

    def work_once(self) -> int:
        """Put orders that were placed down to lists, and return how many events that were."""
        messages = self._queue.receive(QUEUE, limit=_BATCH, lease_seconds=_LEASE_SECONDS)
        for message in messages:
            self._handle(message)
        return len(messages)

    def ordered(self, order: Order) -> int:
        """Put an order down to the lists that led to its products; return to how many products one did."""
        attempt = self._attempts.find(order.paid.checkout_id) if order.paid is not None else None
        if attempt is None:
            return 0  # free, from elsewhere, or placed so long ago that nobody knows its cart any more
        return self._feedback.ordered(attempt.quote.cart_id, order.id, _bought(order.lines))

    # -- inside

    def _done(self, reported: Reported, receipt: Receipt) -> Done | None:
        if reported.kind != "purchase":
            return Done(kind=reported.kind, product_id=reported.product_id, actor=reported.actor)
        order = self._orders.find(reported.order_id) if reported.order_id and is_id(reported.order_id) else None
        if order is None or reported.product_id is None or order.placed_at.timestamp() < receipt.served_at:
            return None
        bought = _bought(order.lines).get(reported.product_id)
        if bought is None:
            return None
        units, revenue = bought
        # Known by its order, so that it counts once however many tell of it, the shop itself among them.
        return Done(kind="purchase", product_id=reported.product_id, actor=order.id, units=units, revenue=revenue)

    def _handle(self, message: Message) -> None:
        try:
            event = msgspec.json.decode(message.body, type=Event)
            if event.name == ORDER_PLACED:
                self.ordered(self._orders.get(event.resource))
        except Exception as exc:  # noqa: BLE001  # whatever it is, the queue keeps it, counts, and shows it to staff
            _log.exception("order not credited")
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc), retry_in_seconds=_AGAIN_SECONDS)
        else:
            self._queue.done(QUEUE, message.receipt)


def _bought(lines: Sequence[Line]) -> dict[str, tuple[int, Money]]:
    """Return the units and what they cost, by product."""
    units: dict[str, int] = defaultdict(int)
    amount: dict[str, int] = defaultdict(int)
    for line in lines:
        units[line.product_id] += line.quantity
        amount[line.product_id] += line.unit_price.amount * line.quantity
    return {p: (units[p], Money(amount[p], lines[0].unit_price.currency)) for p in units}
