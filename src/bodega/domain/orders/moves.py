"""Decide what may become of an order: one table of allowed moves, and what each of them does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from bodega.domain.orders.model import MAX_OPERATIONS, MAX_PARCELS, Operation, Order, Paid, Parcel, Return, State
from bodega.errors import ConflictError, Fault, InvalidError
from bodega.values.money import Money
from bodega.values.text import is_clean

Act = Literal["capture", "fulfil", "deliver", "cancel", "request_return", "return", "refund"]

MOVES: Mapping[State, Mapping[Act, tuple[State, ...]]] = {
    # Money is reserved. Nothing leaves the house before it is taken.
    "placed": {"capture": ("placed", "paid"), "cancel": ("cancelled",)},
    # Money is taken. Parts may be sent, come back, or be dropped and refunded, before all is sent.
    "paid": {
        "fulfil": ("paid", "fulfilled"),
        "cancel": ("cancelled",),
        "return": ("paid",),
        "refund": ("paid", "fulfilled", "cancelled"),
    },
    "fulfilled": {
        "deliver": ("delivered",),
        "request_return": ("fulfilled",),
        "return": ("fulfilled", "returned"),
        "refund": ("fulfilled",),
    },
    "delivered": {"request_return": ("delivered",), "return": ("delivered", "returned"), "refund": ("delivered",)},
    # What is over may still owe money: a refund that failed is tried again.
    "returned": {"refund": ("returned",)},
    "cancelled": {"refund": ("cancelled",)},
}
"""State by state, what may be done to an order and which states that may lead to. What is not here is refused.

How much was refunded is not a state of the order, but of its payment (`Order.payment_state`): a refunded mug still has
to be delivered.
"""
MAX_TEXT_LENGTH = 200
SETTLED_WITHIN = timedelta(seconds=60)
"""So long has whoever asked for an operation to see it through; then the work list takes it up."""


class IllegalMoveError(ConflictError):
    """This may not be done to an order in its state; `allowed` is what may."""

    code = "illegal_move"

    def __init__(self, order: Order, act: str, why: str = "") -> None:
        self.order_id = order.id
        self.act = act
        self.state = order.state
        self.allowed = tuple(move for move in MOVES[order.state] if move != act)
        may = ", ".join(self.allowed) or "nothing"
        super().__init__(f"an order that is {order.state} does not allow {act!r}{why}; allowed: {may}")


class RefundTooLargeError(ConflictError):
    """More was to be refunded than is left of what was captured; `left` is what is."""

    code = "refund_too_large"

    def __init__(self, wanted: Money, left: Money) -> None:
        super().__init__(f"{wanted.format()} cannot be refunded: {left.format()} of what was captured is left")
        self.wanted = wanted
        self.left = left


class OperationReusedError(ConflictError):
    """The id belongs to another operation on this order."""

    code = "operation_reused"

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"operation {operation_id!r} is another one of this order")


def settled(
    order: Order, *, operation_id: str, done: bool, at: datetime, reason: str = "", reference: str = ""
) -> Order:
    """Note what the provider came to about an operation; the order itself if that is known already.

    Captured money makes a placed order paid. A capture that failed cancels it: nobody pays for it any more.
    """
    paid = _paid(order, "capture")
    operation = next(op for op in paid.operations if op.id == operation_id)
    if operation.state != "pending":
        return order
    now_known = replace(operation, state="done" if done else "failed", at=at, reason=reason or operation.reason)
    operations = tuple(now_known if op.id == operation_id else op for op in paid.operations)
    changed = replace(order, paid=replace(paid, operations=operations, reference=reference or paid.reference))
    if operation.kind != "capture" or order.state != "placed":
        return _touch(order, changed, at)
    if done:
        return _move(order, "capture", replace(changed, state="paid"), at)
    given_up = _with_operation(changed, "void", paid.authorised, f"{operation_id}_void", reason, at)
    goods = dict(order.ordered)
    return _move(order, "cancel", replace(given_up, state="cancelled", dropped=goods, restock=goods), at)


def found_refund(order: Order, *, refunded: int, at: datetime) -> Order:
    """Note a refund that was made at the provider and not by us; the order itself if there is none such.

    `refunded` is all that the provider ever gave back. While we wait for a refund of our own it may be that one.
    """
    paid = _paid(order, "refund")
    if paid.sum_of("refund", "pending") or refunded <= order.refunded.amount:
        return order
    amount = Money(refunded - order.refunded.amount, order.currency)
    operation_id = f"{paid.payment_id}_{refunded}"
    reason = "refunded at the provider"
    operation = Operation(id=operation_id, kind="refund", amount=amount, at=at, state="done", reason=reason)
    return _touch(order, replace(order, paid=replace(paid, operations=(*paid.operations, operation))), at)


def capture(order: Order, *, operation_id: str, at: datetime) -> Order:
    """Ask for the money that is reserved; settling it makes the order paid."""
    _allow(order, "capture")
    paid = _paid(order, "capture")
    if paid.pending:
        raise IllegalMoveError(order, "capture", " while its payment is being worked on")
    return _move(order, "capture", _with_operation(order, "capture", paid.authorised, operation_id, "", at), at)


def paid_without_money(order: Order, *, at: datetime) -> Order:
    """Return an order that comes to nothing as paid."""
    return _move(order, "capture", replace(order, state="paid"), at)


def fulfil(order: Order, *, parcel: Parcel) -> Order:
    """Send units; the order is fulfilled when none is left to send."""
    _allow(order, "fulfil")
    left = order.outstanding()
    _check_units(parcel.units, left, "left to send")
    for what, text in (("carrier", parcel.carrier), ("tracking", parcel.tracking)):
        check_text(text, what)
    if len(order.parcels) >= MAX_PARCELS:
        raise InvalidError(f"an order goes in at most {MAX_PARCELS} parcels")
    changed = replace(order, shipped=_added(order.shipped, parcel.units), parcels=(*order.parcels, parcel))
    return _move(order, "fulfil", replace(changed, state="paid" if changed.outstanding() else "fulfilled"), parcel.at)


def deliver(order: Order, *, at: datetime) -> Order:
    """Note that everything arrived."""
    return _move(order, "deliver", replace(order, state="delivered"), at)


def cancel(order: Order, *, operation_id: str, reason: str, at: datetime) -> Order:
    """Call an order off of which nothing was sent; reserved money is given up, taken money is given back.

    Refused while the provider is being asked for the money: it must be known what there is to give back.
    """
    _allow(order, "cancel")
    check_text(reason, "reason")
    if order.shipped:
        raise IllegalMoveError(order, "cancel", " once a part was sent")
    changed = replace(order, state="cancelled", dropped=dict(order.ordered))
    if order.paid is not None:
        if order.paid.sum_of("capture", "pending"):
            raise IllegalMoveError(order, "cancel", " while its payment is being captured")
        if order.captured.amount == 0:
            changed = _with_operation(changed, "void", order.paid.authorised, operation_id, reason, at)
        elif order.refundable.amount:
            changed = _with_operation(changed, "refund", order.refundable, operation_id, reason, at)
    return _move(order, "cancel", changed, at)


def request_return(order: Order, *, units: Mapping[str, int], reason: str, at: datetime) -> Order:
    """Note which units a shopper wants to send back, in place of what they wanted before."""
    _allow(order, "request_return")
    check_text(reason, "reason")
    _check_units(units, order.with_customers(), "with the customer")
    return _move(order, "request_return", replace(order, return_requested=dict(units)), at)


def take_back(order: Order, *, back: Return, refund: Money | None, operation_id: str) -> Order:
    """Note that units came back, and refund some money for them if asked; returned when none is left out there."""
    _allow(order, "return")
    check_text(back.reason, "reason")
    _check_units(back.units, order.with_customers(), "with the customer")
    if len(order.returns) >= MAX_PARCELS:
        raise InvalidError(f"an order comes back in at most {MAX_PARCELS} parts")
    changed = replace(
        order,
        returned=_added(order.returned, back.units),
        returns=(*order.returns, back),
        return_requested=_without(order.return_requested, back.units),
    )
    if not changed.with_customers() and order.state != "paid":
        changed = replace(changed, state="returned")
    if refund is not None:
        changed = _with_refund(changed, refund, operation_id, back.reason, back.at)
    return _move(order, "return", changed, back.at)


def refund(
    order: Order, *, amount: Money, drop: Mapping[str, int], operation_id: str, reason: str, at: datetime
) -> Order:
    """Give money back; units that are dropped will not be sent any more."""
    _allow(order, "refund")
    check_text(reason, "reason")
    changed = order
    if drop:
        _check_units(drop, order.outstanding(), "left to send")
        changed = replace(changed, dropped=_added(order.dropped, drop))
        if not changed.outstanding():
            changed = replace(changed, state="fulfilled" if changed.shipped else "cancelled")
    return _move(order, "refund", _with_refund(changed, amount, operation_id, reason, at), at)


def with_restock(order: Order, units: Mapping[str, int], *, at: datetime) -> Order:
    """Remember units that are to be put back on the shelf."""
    return replace(order, restock=_added(order.restock, units), retry_at=at + SETTLED_WITHIN, retries=0)


def find_operation(order: Order, operation_id: str, *, kind: str, amount: Money | None) -> Operation | None:
    """Return an operation that was asked for before; OperationReusedError if it was another one."""
    for operation in order.paid.operations if order.paid is not None else ():
        if operation.id == operation_id:
            if operation.kind != kind or (amount is not None and operation.amount != amount):
                raise OperationReusedError(operation_id)
            return operation
    return None


def check_text(text: str, what: str) -> None:
    """Refuse what is too long or has control characters."""
    if len(text) > MAX_TEXT_LENGTH or not is_clean(text):
        detail = f"{what} has at most {MAX_TEXT_LENGTH} characters, without control characters"
        raise InvalidError(detail, [Fault(f"/{what}", "bad_text", detail)])


# -- inside --------------------------------------------------------------------------------------------------


def _allow(order: Order, act: Act) -> None:
    if act not in MOVES[order.state]:
        raise IllegalMoveError(order, act)


def _move(old: Order, act: Act, new: Order, at: datetime) -> Order:
    """Return the new order as the old one's next version, if the table has this move."""
    if new.state not in MOVES[old.state].get(act, ()):
        raise IllegalMoveError(old, act)
    return _touch(old, new, at)


def _touch(old: Order, new: Order, at: datetime) -> Order:
    return replace(new, version=old.version + 1, changed_at=at)


def _paid(order: Order, act: Act) -> Paid:
    if order.paid is None:
        raise IllegalMoveError(order, act, " because it was not paid for here")
    return order.paid


def _with_refund(order: Order, amount: Money, operation_id: str, reason: str, at: datetime) -> Order:
    _paid(order, "refund")
    if amount.currency != order.currency:
        raise InvalidError(f"this order is in {order.currency}", [Fault("/amount/currency", "wrong_currency", "")])
    if amount.amount < 1:
        detail = "a refund is of at least one minor unit"
        raise InvalidError(detail, [Fault("/amount/amount", "out_of_range", detail)])
    if amount.amount > order.refundable.amount:
        raise RefundTooLargeError(amount, order.refundable)
    return _with_operation(order, "refund", amount, operation_id, reason, at)


def _with_operation(
    order: Order,
    kind: Literal["capture", "void", "refund"],
    amount: Money,
    operation_id: str,
    reason: str,
    at: datetime,
) -> Order:
    paid = _paid(order, "refund")
    if len(paid.operations) >= MAX_OPERATIONS:
        raise InvalidError(f"an order's payment has at most {MAX_OPERATIONS} operations")
    operation = Operation(id=operation_id, kind=kind, amount=amount, at=at, reason=reason)
    return replace(
        order, paid=replace(paid, operations=(*paid.operations, operation)), retry_at=at + SETTLED_WITHIN, retries=0
    )


def _check_units(units: Mapping[str, int], left: Mapping[str, int], where: str) -> None:
    if not units:
        raise InvalidError("name at least one unit", [Fault("/units", "required", "name at least one unit")])
    faults = []
    for sku, count in units.items():
        if type(count) is not int or not 1 <= count <= left.get(sku, 0):
            detail = f"{count} of {sku[:64]!r}: {left.get(sku, 0)} are {where}"
            faults.append(Fault(f"/units/{sku[:64]}", "out_of_range", detail))
    if faults:
        raise InvalidError(faults[0].detail, faults[:100])


def _added(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {sku: counts.get(sku, 0) + more.get(sku, 0) for sku in {**counts, **more}}


def _without(counts: Mapping[str, int], less: Mapping[str, int]) -> dict[str, int]:
    return {sku: units - less.get(sku, 0) for sku, units in counts.items() if units > less.get(sku, 0)}
