"""Define what an order is: what was bought, what it came to, and what has become of goods and money since."""

import hashlib
from base64 import b32hexencode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.values.money import Money

MAX_QUANTITY = 10_000_000
MAX_OPERATIONS = 100
MAX_PARCELS = 100

State = Literal["placed", "paid", "fulfilled", "delivered", "cancelled", "returned"]
PaymentState = Literal["none", "authorised", "paid", "refunded_partly", "refunded", "voided"]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """So many units of a SKU at a price each; `product_id` is the product it belonged to when it was sold."""

    sku: str
    product_id: str
    quantity: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
    unit_price: Money
    name: str = ""


class Sums(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for beside the goods, and the total that was agreed on. A discount is positive."""

    shipping: Money
    tax: Money
    discount: Money
    total: Money
    tax_included: bool = False
    coupon: str | None = None
    coupon_user: str | None = None
    """Whose use of the coupon was counted."""


class Operation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money that moves, or is to: the provider knows the operation by its id, and does it once."""

    id: str
    kind: Literal["capture", "void", "refund"]
    amount: Money
    at: datetime
    state: Literal["pending", "done", "failed"] = "pending"
    reason: str = ""


class Paid(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an order is paid for: the payment at its provider, and every operation on it in order."""

    provider: str
    payment_id: str
    checkout_id: str
    authorised: Money
    reference: str = ""
    operations: tuple[Operation, ...] = ()

    def sum_of(self, kind: str, *states: str) -> int:
        """Return the minor units of all operations of a kind that are in one of the states."""
        return sum(op.amount.amount for op in self.operations if op.kind == kind and op.state in states)

    @property
    def pending(self) -> tuple[Operation, ...]:
        """Return what the provider has yet to do."""
        return tuple(op for op in self.operations if op.state == "pending")


class Parcel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was sent together, by SKU, and how to follow it."""

    id: str
    at: datetime
    units: dict[str, int]
    carrier: str = ""
    tracking: str = ""


class Return(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came back together, by SKU, and why; `restocked` if it can be sold again."""

    id: str
    at: datetime
    units: dict[str, int]
    restocked: bool
    reason: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A placed order. `number` is what people call it, unique within its `source`; guests have no customer.

    Orders from elsewhere have neither sums nor payment and count as delivered. `shipped`, `returned` and `dropped`
    count units by SKU; what is neither shipped nor dropped has yet to be sent. `private` is sealed.
    """

    id: str
    number: str
    placed_at: datetime
    lines: list[Line]
    customer_id: str | None = None
    cart_id: str = ""
    source: str = "shop"
    state: State = "delivered"
    version: int = 1
    changed_at: datetime | None = None
    sums: Sums | None = None
    paid: Paid | None = None
    parcels: tuple[Parcel, ...] = ()
    returns: tuple[Return, ...] = ()
    shipped: dict[str, int] = {}
    returned: dict[str, int] = {}
    dropped: dict[str, int] = {}
    return_requested: dict[str, int] = {}
    """Units that the shopper wants to send back, until they came."""
    restock: dict[str, int] = {}
    """Units that have yet to be put back on the shelf."""
    private: bytes = b""
    retry_at: datetime | None = None
    """When to look again at what is pending: operations, and units to put back."""
    retries: int = 0

    @property
    def owes(self) -> bool:
        """Tell whether something is pending."""
        return bool(self.restock) or (self.paid is not None and bool(self.paid.pending))

    @property
    def currency(self) -> str:
        """Return the currency of everything in it."""
        return self.lines[0].unit_price.currency

    @property
    def total(self) -> Money:
        """Return what was agreed on; the sum of the lines where nothing else is known."""
        if self.sums is not None:
            return self.sums.total
        return Money(sum(line.unit_price.amount * line.quantity for line in self.lines), self.currency)

    @property
    def captured(self) -> Money:
        """Return what was taken."""
        return Money(self.paid.sum_of("capture", "done") if self.paid else 0, self.currency)

    @property
    def refunded(self) -> Money:
        """Return what was given back."""
        return Money(self.paid.sum_of("refund", "done") if self.paid else 0, self.currency)

    @property
    def refundable(self) -> Money:
        """Return what can still be given back: refunds under way count as given."""
        given = self.paid.sum_of("refund", "done", "pending") if self.paid else 0
        return Money(self.captured.amount - given, self.currency)

    @property
    def payment_state(self) -> PaymentState:
        """Return where the money is."""
        if self.paid is None:
            return "none"
        captured, refunded = self.paid.sum_of("capture", "done"), self.paid.sum_of("refund", "done")
        if captured:
            return "refunded" if refunded >= captured else "refunded_partly" if refunded else "paid"
        return "voided" if self.paid.sum_of("void", "done") or self.state == "cancelled" else "authorised"

    @property
    def ordered(self) -> Mapping[str, int]:
        """Return the units ordered of each SKU."""
        units: Counter[str] = Counter()
        for line in self.lines:
            units[line.sku] += line.quantity
        return units

    @property
    def kept_lines(self) -> Sequence[Line]:
        """Return the lines that say what somebody wanted: none of an order called off, nor one that came back whole."""
        if self.state == "cancelled":
            return ()
        if not self.returned:
            return self.lines
        ordered = self.ordered
        return [line for line in self.lines if self.returned.get(line.sku, 0) < ordered[line.sku]]

    def outstanding(self) -> dict[str, int]:
        """Return the units that have yet to be sent."""
        left = {s: n - self.shipped.get(s, 0) - self.dropped.get(s, 0) for s, n in self.ordered.items()}
        return {sku: units for sku, units in left.items() if units > 0}

    def with_customers(self) -> dict[str, int]:
        """Return the units that were sent and have not come back."""
        left = {sku: units - self.returned.get(sku, 0) for sku, units in self.shipped.items()}
        return {sku: units for sku, units in left.items() if units > 0}


class OrderCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a list of orders shows of each."""

    id: str
    number: str
    placed_at: datetime
    state: State
    payment_state: PaymentState
    total: Money
    units: int
    customer_id: str | None = None
    source: str = "shop"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to an order: the version that it made, what, when, by whom, and why."""

    version: int
    name: str
    at: datetime
    state: State
    actor: str = ""
    reason: str = ""
    amount: Money | None = None
    units: dict[str, int] = {}


def card_of(order: Order) -> OrderCard:
    """Return what a list shows of an order."""
    return OrderCard(
        id=order.id,
        number=order.number,
        placed_at=order.placed_at,
        state=order.state,
        payment_state=order.payment_state,
        total=order.total,
        units=sum(line.quantity for line in order.lines),
        customer_id=order.customer_id,
        source=order.source,
    )


def natural_id(prefix: str, *parts: str) -> str:
    """Return the id that a thing known by outside names always gets, so that importing it again finds it.

    >>> natural_id("ord", "sales", "536365") == natural_id("ord", "sales", "536365")
    True
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()[:20]  # all that 26 characters show, and no padding
    return f"{prefix}_{b32hexencode(digest).decode()[:26]}"


def merged_lines(old: Iterable[Line], new: Iterable[Line]) -> list[Line]:
    """Return each line as often as the order that has it more often does: nothing doubles, nothing gets lost.

    The old lines stay as they are and where they are, so that a new order that adds nothing gives the old lines back.
    """
    merged = list(old)
    known = Counter(map(_line_key, merged))
    for line in new:
        key = _line_key(line)
        if known[key] > 0:
            known[key] -= 1
        else:
            merged.append(line)
    return merged


def _line_key(line: Line) -> tuple[str, int, int, str]:
    return (line.sku, line.quantity, line.unit_price.amount, line.unit_price.currency)
