"""Do what an order still owes: ask the provider for its pending money, and put back on the shelf what did not go."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from bodega.domain.flows.restocking import add_restock
from bodega.domain.flows.unselling import Unselling
from bodega.domain.orders.model import Entry, Operation, Order
from bodega.domain.orders.moves import SETTLED_WITHIN, settled
from bodega.domain.orders.service import Orders
from bodega.domain.writes import WritePlan
from bodega.errors import ConflictError, StaleVersionError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.payments import (
    Charge,
    Payment,
    PaymentDeclinedError,
    PaymentProvider,
    PaymentRefusedError,
)
from bodega.ports.table import TableStore

ATTEMPTS = 50
_RESTOCKED_TOGETHER = 20
"""SKUs put back in one transaction: each may write twice and announce twice, and a transaction takes 100."""
_LONGEST_PAUSE = timedelta(hours=1)
Also = Callable[[WritePlan, Order], None]


class Settling:
    """Settles orders. Everything here may be repeated, by whomever and at the same time."""

    def __init__(
        self, *, table: TableStore, orders: Orders, payments: PaymentProvider, unselling: Unselling, clock: Clock
    ) -> None:
        self._table = table
        self._orders = orders
        self._payments = payments
        self._unselling = unselling
        self._clock = clock

    def settle(self, order: Order, *, also: Also | None = None) -> Order:
        """Do all that is pending and return the order as it is then.

        `also` adds to the transaction that notes what the first operation came to. PaymentUnknownError if the provider
        does not answer: what is pending stays pending, and on the work list.
        """
        # Units first: they can be sold again although the provider does not answer.
        order = self._restock_all(order)
        while order.paid is not None and order.paid.pending:
            order = self._settle_one(order, order.paid.pending[0], also)
            also = None
        return self._restock_all(order)

    def settle_due(self, *, limit: int = 100) -> int:
        """Go through orders whose time has come, and return how many there were."""
        due = self._orders.list_due(self._clock.now(), limit=limit)
        for order_id in due:
            order = self._orders.get(order_id)
            # First move it back in the list: if this one brings the process down, the others get their turn.
            pause = min(SETTLED_WITHIN * 2 ** min(order.retries, 10), _LONGEST_PAUSE)
            later = replace(order, retry_at=self._clock.now() + pause, retries=order.retries + 1)
            if self._orders.postpone(order=later):
                self._try(later)
        return len(due)

    def _try(self, order: Order) -> None:
        try:
            self.settle(order)
        except UnavailableError:
            return  # it stands on the list for later

    def _settle_one(self, order: Order, operation: Operation, also: Also | None) -> Order:
        done, reason, reference = self._move_money(order, operation)
        for _ in range(ATTEMPTS):
            at = self._clock.now()
            known = settled(order, operation_id=operation.id, done=done, at=at, reason=reason, reference=reference)
            if known is order:
                return order
            plan = WritePlan()
            if also is not None:
                also(plan, known)
            entry = Entry(
                version=known.version,
                name=_name(operation, done=done),
                at=at,
                state=known.state,
                amount=operation.amount,
                reason=reason or operation.reason,
            )
            self._orders.add_change(plan=plan, order=known, entry=entry)
            self._unselling.add_not_paid(plan, before=order, after=known)
            try:
                plan.commit(self._table)
            except StaleVersionError:
                order = self._orders.get(order.id)
                continue
            return known
        raise UnavailableError("this order changes too often; its payment will be noted later")

    def _move_money(self, order: Order, operation: Operation) -> tuple[bool, str, str]:
        """Return whether the provider did it, why not, and the provider's own id of the payment."""
        charge = charge_of(order)
        try:
            return True, "", self._ask(charge, operation).reference
        except PaymentDeclinedError as exc:
            return False, exc.decline_code, ""
        except PaymentRefusedError as exc:
            # It may be refused because it is so already, by somebody at the provider's own console.
            payment = self._payments.find(charge)
            if payment is not None and _is_so(payment, order, operation):
                return True, "", payment.reference
            return False, exc.message[:200], ""

    def _ask(self, charge: Charge, operation: Operation) -> Payment:
        if operation.kind == "capture":
            return self._payments.capture(charge, amount=operation.amount, operation_id=operation.id)
        if operation.kind == "void":
            return self._payments.void(charge, operation_id=operation.id)
        return self._payments.refund(charge, amount=operation.amount, operation_id=operation.id)

    def _restock_all(self, order: Order) -> Order:
        while order.restock:
            order = self._restock(order)
        return order

    def _restock(self, order: Order) -> Order:
        """Put a few SKUs back and strike them from the order's list, in one transaction: never twice."""
        units = dict(list(order.restock.items())[:_RESTOCKED_TOGETHER])
        rest = {sku: count for sku, count in order.restock.items() if sku not in units}
        for _ in range(ATTEMPTS):
            plan = WritePlan()
            lighter = replace(order, restock=rest, version=order.version + 1)
            self._orders.add_silent_change(plan=plan, order=lighter)
            add_restock(plan, self._table, units, at=self._clock.now())
            try:
                plan.commit(self._table)
            except StaleVersionError:
                return self._orders.get(order.id)
            except ConflictError:
                continue  # the stock moved
            return lighter
        raise UnavailableError("the stock of this order's goods changes too often; they are put back later")


def charge_of(order: Order) -> Charge:
    """Return the payment of an order."""
    if order.paid is None:
        raise PaymentRefusedError("this order was not paid for here")
    return Charge(
        id=order.paid.payment_id,
        amount=order.paid.authorised,
        order_id=order.id,
        checkout_id=order.paid.checkout_id,
        reference=order.paid.reference,
    )


def entry_for(order: Order, name: str, *, at: datetime, actor: str = "", reason: str = "") -> Entry:
    """Return the history's entry of an order's newest version."""
    return Entry(version=order.version, name=name, at=at, state=order.state, actor=actor, reason=reason)


def _name(operation: Operation, *, done: bool) -> str:
    names: Mapping[str, str] = {"capture": "captured", "void": "voided", "refund": "refunded"}
    return names[operation.kind] if done else f"{operation.kind}_failed"


def _is_so(payment: Payment, order: Order, operation: Operation) -> bool:
    if operation.kind == "capture":
        return payment.captured >= operation.amount.amount
    if operation.kind == "void":
        return payment.state in {"voided", "declined"}
    return payment.refunded >= order.refunded.amount + operation.amount.amount
