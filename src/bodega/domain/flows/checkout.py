"""Turn a cart into an order that is paid for: validate, hold, authorise, place, capture, announce.

Every step ends with one durable change of the checkout (`Attempt`), made only if nobody else made it meanwhile. So the
shopper's call, the provider's webhooks and the recovery may all push the same checkout on, in any order and at the same
time, and may be killed anywhere: whoever loses reads again and goes on from there. What is asked of the provider
carries ids drawn at the start, and is done once however often it is asked.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from bodega.domain.flows.checkout_attempts import (
    Attempt,
    Attempts,
    LostRaceError,
    changed,
    finished,
    placed,
    receipt_of,
)
from bodega.domain.flows.checkout_opening import Opening
from bodega.domain.flows.checkout_request import (
    ABANDONED,
    CheckoutBusyError,
    CheckoutRequest,
    Failure,
    Receipt,
)
from bodega.domain.flows.checkout_reserving import PAYMENT_TIME, Reserving
from bodega.domain.flows.checkout_undoing import Undoing
from bodega.domain.flows.contacts import Contacts
from bodega.domain.flows.settling import Settling, entry_for
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import HoldExpiredError, InsufficientStockError, StockMovedError
from bodega.domain.orders.model import Order
from bodega.domain.orders.service import NumberTakenError, Orders
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, InvalidError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.keys import Keys
from bodega.ports.payments import (
    Payment,
    PaymentDeclinedError,
    PaymentProvider,
    PaymentUnknownError,
)
from bodega.ports.table import MAX_TRANSACTION_WRITES, TableStore
from bodega.values.quote import Quote

MAX_STEPS = 100
_WRITES_OF_STOCK = MAX_TRANSACTION_WRITES - 8
"""What is left for stock beside checkout, order, number, history, event, cart, and two counters of a coupon."""


class QuoteSource(Protocol):
    """Where quotes come from: the carts, which have to know what became of theirs."""

    def add_order(self, *, plan: WritePlan, quote: Quote, order_id: str, customer_id: str | None) -> None:
        """Add to a plan that this quote becomes this order: the cart is closed and the coupon used.

        The plan's commit raises a ConflictError of its own if the cart was sold already, or the coupon is used up.
        """
        ...


class Checkout:
    """The flow. `resume` and `abandon` are for those who push it on without a shopper waiting."""

    def __init__(
        self,
        *,
        table: TableStore,
        orders: Orders,
        holds: Holds,
        payments: PaymentProvider,
        source: QuoteSource,
        settling: Settling,
        contacts: Contacts,
        keys: Keys,
        clock: Clock,
        ids: Ids,
        capture_later: bool = False,
    ) -> None:
        self._table = table
        self._attempts = Attempts(table=table)
        self._orders = orders
        self._holds = holds
        self._payments = payments
        self._source = source
        self._settling = settling
        self._clock = clock
        self._reserving = Reserving(attempts=self._attempts, holds=holds)
        self._undoing = Undoing(attempts=self._attempts, holds=holds, payments=payments, clock=clock)
        self._opening = Opening(
            attempts=self._attempts,
            reserving=self._reserving,
            contacts=contacts,
            keys=keys,
            clock=clock,
            ids=ids,
            payments=payments,
            capture_later=capture_later,
        )

    def place(self, *, request: CheckoutRequest, quote: Callable[[], Quote]) -> Receipt:
        """Check out, or go on with what an earlier call with this key began; the answer is the same every time.

        `quote` is called only for a new key: a cart that was sold has no prices any more. Raises PriceChangedError and
        InsufficientStockError (nothing happened, the key is free), PaymentDeclinedError and CheckoutFailedError (final
        for this key), KeyReusedError, CheckoutRunningError, and PaymentUnknownError: then ask again with this key.
        """
        request.check()
        known = self._attempts.find(request.checkout_id)
        attempt = self._opening.begin(request, quote()) if known is None else self._opening.rejoin(known, request)
        try:
            attempt = self._advance(attempt, method=request.method)
        except UnavailableError:
            self._let_go(attempt.id)
            raise
        answer = receipt_of(attempt if attempt.over else self._let_go(attempt.id))
        return replace(answer, replayed=known is not None and known.over)

    def status(self, checkout_id: str) -> Attempt | None:
        """Return how far a checkout got, None if there is none or it is long over."""
        return self._attempts.find(checkout_id)

    def resume(self, checkout_id: str) -> Attempt | None:
        """Push a checkout on as far as it goes without its shopper; None if there is none."""
        attempt = self._attempts.find(checkout_id)
        return self._advance(attempt) if attempt is not None and attempt.state != "starting" else attempt

    def abandon(self, attempt: Attempt) -> None:
        """Give up a checkout that was left behind, unless it got further by now or its shopper still has time.

        It is finished if the money turns out to be reserved, and undone if not.
        """
        if attempt.state == "starting":
            self._attempts.discard(attempt)  # its hold, if it got one, runs out by itself
            return
        attempt = self._advance(attempt)
        in_time = attempt.reference and self._clock.now() < attempt.started_at + PAYMENT_TIME
        if attempt.state == "authorising" and not in_time:
            self._advance(self._undoing.decide(attempt, ABANDONED))

    # -- the steps ---------------------------------------------------------------------------------------------

    def _advance(self, attempt: Attempt, *, method: str = "") -> Attempt:
        """Take step after step until the checkout is over or waits for somebody."""
        for _ in range(MAX_STEPS):
            if attempt.over:
                return attempt
            before = attempt
            try:
                attempt = self._step(attempt, method)
            except LostRaceError:
                attempt = self._attempts.get(attempt.id)
                continue
            if attempt is before:
                return attempt
        raise CheckoutBusyError("this checkout is being worked on by many at once; ask again with the same key")

    def _step(self, attempt: Attempt, method: str) -> Attempt:
        match attempt.state:
            case "starting":
                return self._hold(attempt)
            case "authorising":
                return self._authorise(attempt, method)
            case "placed":
                return self._capture(attempt, self._orders.get(attempt.order_id))
            case "undoing":
                return self._undoing.give_up(attempt)
            case _:
                return attempt

    def _hold(self, attempt: Attempt) -> Attempt:
        """Hold the units of a checkout that was stored without. If there are none, nothing has happened."""
        try:
            return self._reserving.reserve(changed(attempt, state="authorising"))
        except (InsufficientStockError, InvalidError):
            self._attempts.discard(attempt)
            raise

    def _authorise(self, attempt: Attempt, method: str) -> Attempt:
        """Have the money reserved and place the order; or note what the payment waits for."""
        if not attempt.payment_id:
            return self._place(attempt)
        payment = self._reserve(attempt, method)
        if payment is None:
            return attempt
        match payment.state:
            case "authorised" | "captured":
                return self._place(attempt, payment.reference)
            case "declined":
                return self._undoing.fail(attempt, Failure.of(PaymentDeclinedError(payment.decline_code)))
            case "voided":
                return self._undoing.decide(attempt, ABANDONED)
            case _:
                return self._wait(attempt, payment)

    def _wait(self, attempt: Attempt, payment: Payment) -> Attempt:
        """Note what the payment waits for; its webhook will push it on, or the work list when its time is over."""
        if (payment.reference, payment.action_url) == (attempt.reference, attempt.action_url):
            return attempt
        waiting = {"reference": payment.reference, "action_url": payment.action_url}
        return self._attempts.save(changed(attempt, due_at=attempt.started_at + PAYMENT_TIME, **waiting))

    def _reserve(self, attempt: Attempt, method: str) -> Payment | None:
        """Ask for the money; without a shopper there is no method, and only the question how it stands."""
        if not method:
            return self._payments.find(attempt.charge)
        try:
            return self._payments.authorise(replace(attempt.charge, method=method))
        except PaymentUnknownError:
            payment = self._payments.find(attempt.charge)
            if payment is None:
                raise
            return payment
        except InvalidError:
            # It is no method at all: nothing was asked for, and the same key may come with a better one.
            self._holds.release(hold_id=attempt.hold_id)
            self._attempts.discard(attempt)
            raise

    def _place(self, attempt: Attempt, reference: str = "") -> Attempt:
        """Write the order: stock confirmed, cart closed, coupon used, events announced, all together or not at all."""
        for tries in range(MAX_STEPS):
            sold = placed(attempt, reference=reference, now=self._clock.now())
            order = sold.order()
            plan = WritePlan()
            self._attempts.add_change(plan=plan, attempt=sold)
            try:
                self._holds.add_confirmation(
                    plan=plan, hold_id=attempt.hold_id, at_most=_WRITES_OF_STOCK, look=tries > 0
                )
                entry = entry_for(order, "placed", at=order.placed_at)
                self._orders.add_placed(plan=plan, order=order, entry=entry)
                self._source.add_order(plan=plan, quote=attempt.quote, order_id=order.id, customer_id=order.customer_id)
                plan.commit(self._table)
            except StockMovedError:
                continue
            except NumberTakenError:
                attempt = self._attempts.save(changed(attempt, number=self._opening.draw_number()))
            except HoldExpiredError:
                attempt = self._hold_again(attempt)
                if attempt.state != "authorising":
                    return attempt
            except LostRaceError:
                raise
            except (ConflictError, InvalidError) as exc:
                return self._undoing.decide(attempt, Failure.of(exc))
            else:
                return sold if sold.over else self._capture(sold, order)
        raise CheckoutBusyError("the stock of this order changes too often; ask again with the same key")

    def _hold_again(self, attempt: Attempt) -> Attempt:
        """Hold anew what was held for too short a time; if it is gone, the checkout came to nothing."""
        current = self._attempts.get(attempt.id)
        if current.version != attempt.version:
            return current  # the hold was used, not lost
        self._holds.release(hold_id=attempt.hold_id)  # what it still has would be missing from the shelf
        try:
            return self._reserving.reserve_anew(changed(attempt))
        except InsufficientStockError as exc:
            return self._undoing.decide(attempt, Failure.of(exc))

    def _capture(self, attempt: Attempt, order: Order) -> Attempt:
        """Take the money and finish; if the provider does not answer, the order stands and is settled later."""
        if not (order.owes and order.state == "placed"):
            return self._attempts.save(finished(attempt, order, now=self._clock.now()))
        noted: tuple[Order, Attempt] | None = None

        def also(plan: WritePlan, known: Order) -> None:
            nonlocal noted
            noted = known, finished(attempt, known, now=self._clock.now())
            self._attempts.add_change(plan=plan, attempt=noted[1])

        try:
            settled = self._settling.settle(order, also=also)
        except PaymentUnknownError:
            return self._attempts.save(finished(attempt, order, now=self._clock.now()))
        # What was noted last is what was stored only if the order ended with it.
        return noted[1] if noted is not None and noted[0] is settled else self._attempts.get(attempt.id)

    # -- inside ------------------------------------------------------------------------------------------------

    def _let_go(self, checkout_id: str) -> Attempt:
        """End this call's lease, so that the next one with this key need not wait for it."""
        for _ in range(MAX_STEPS):
            attempt = self._attempts.get(checkout_id)
            now = self._clock.now()
            if attempt.over or attempt.lease_until <= now:
                return attempt
            try:
                return self._attempts.save(changed(attempt, lease_until=now))
            except LostRaceError:
                continue
        raise CheckoutBusyError("this checkout is being worked on by many at once; ask again with the same key")
