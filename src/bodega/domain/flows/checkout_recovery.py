"""Finish or undo what was left behind: checkouts that were killed, payments that came late, money still owed."""

from datetime import timedelta

from msgspec.structs import replace

from bodega.domain.flows.checkout import Checkout
from bodega.domain.flows.checkout_attempts import Attempt, Attempts, LostRaceError, changed
from bodega.domain.flows.settling import Settling, charge_of
from bodega.domain.orders.model import Entry, Order
from bodega.domain.orders.moves import found_refund
from bodega.domain.orders.service import Orders
from bodega.domain.writes import WritePlan
from bodega.errors import StaleVersionError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.payments import PaymentEvent, PaymentProvider
from bodega.ports.table import TableStore

_LONGEST_PAUSE = timedelta(hours=1)
_ATTEMPTS = 50


class CheckoutRecovery:
    """What the worker does for checkouts, and what a webhook of the payment provider leads to."""

    def __init__(
        self,
        *,
        table: TableStore,
        checkout: Checkout,
        orders: Orders,
        settling: Settling,
        payments: PaymentProvider,
        clock: Clock,
    ) -> None:
        self._table = table
        self._attempts = Attempts(table=table)
        self._checkout = checkout
        self._orders = orders
        self._settling = settling
        self._payments = payments
        self._clock = clock

    def work_once(self, *, limit: int = 100) -> int:
        """Deal with up to `limit` checkouts and as many orders whose time has come; return how many there were.

        Several workers may do this at once. One that cannot be dealt with now comes again, later every time.
        """
        due = self._attempts.due(self._clock.now(), limit=limit)
        for checkout_id in due:
            self._recover(checkout_id)
        return len(due) + self._settling.settle_due(limit=limit)

    def heard(self, event: PaymentEvent) -> None:
        """Act on a webhook: look how its payment stands, and push on what waited for it.

        What the event says is not believed, only that there is something to look at: so it may come late, twice, or
        before the answer to our own call. UnavailableError if it has to be delivered again.
        """
        attempt = self._checkout.resume(event.checkout_id)
        if attempt is not None and not attempt.over:
            return  # it waits for another webhook, or for its shopper
        order = self._orders.find(event.order_id)
        if order is None or order.paid is None or order.paid.payment_id != event.payment_id:
            return  # a payment that came to nothing, or none of this shop's
        order = self._settling.settle(order)
        if event.kind == "refunded":
            self._note_refunds(order)

    # -- inside ------------------------------------------------------------------------------------------------

    def _recover(self, checkout_id: str) -> None:
        attempt = self._attempts.find(checkout_id)
        if attempt is None or attempt.over or attempt.due_at > self._clock.now():
            return
        try:
            # Moved back first: if this one brings the process down, the others get their turn.
            self._checkout.abandon(self._attempts.save(_postponed(attempt, self._clock)))
        except (LostRaceError, UnavailableError):
            return  # somebody else is at it, or the provider does not answer: it stands on the list for later

    def _note_refunds(self, order: Order) -> None:
        """Note what was refunded at the provider and not from here."""
        for _ in range(_ATTEMPTS):
            payment = self._payments.find(charge_of(order))
            at = self._clock.now()
            known = order if payment is None else found_refund(order, refunded=payment.refunded, at=at)
            if known is order or known.paid is None:
                return
            amount = known.paid.operations[-1].amount
            entry = Entry(
                version=known.version, name="refunded", at=at, state=known.state, amount=amount, actor="provider"
            )
            plan = WritePlan()
            self._orders.add_change(plan=plan, order=known, entry=entry)
            try:
                plan.commit(self._table)
            except StaleVersionError:
                order = self._orders.get(order.id)
                continue
            return
        raise UnavailableError("this order changes too often; deliver again")


def _postponed(attempt: Attempt, clock: Clock) -> Attempt:
    pause = min(attempt.patience * 2 ** min(attempt.tries, 10), _LONGEST_PAUSE)
    return replace(changed(attempt), tries=attempt.tries + 1, due_at=clock.now() + pause)
