"""Show orders as JSON: to shoppers what is theirs to see, to staff everything."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.domain.flows.checkout_request import Contact
from bodega.domain.orders.access import order_token
from bodega.domain.orders.model import MAX_QUANTITY, Operation, Order, Parcel, PaymentState, Return, State
from bodega.domain.orders.moves import MAX_TEXT_LENGTH, MOVES
from bodega.domain.shop import Shop
from bodega.values.money import Money

Text = Annotated[str, Meta(max_length=MAX_TEXT_LENGTH)]
Units = Annotated[
    dict[Annotated[str, Meta(max_length=200)], Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]], Meta(max_length=200)
]


class OrderLineView(msgspec.Struct, frozen=True):
    """A line as it was sold."""

    sku: str
    product_id: str
    name: str
    quantity: int
    unit_price: Money
    subtotal: Money


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order. `state` tells where the goods are, `payment_state` where the money is.

    Orders that were imported have no sums but their total. `return_requested` counts units, by SKU, that the shopper
    wants to send back. `contact` is null where it is not known (any more). `token` is the permission to see the order
    without being signed in: whoever has it may.
    """

    id: str
    number: str
    version: int
    state: State
    payment_state: PaymentState
    placed_at: datetime
    changed_at: datetime | None
    lines: list[OrderLineView]
    currency: str
    subtotal: Money
    discount: Money | None
    shipping: Money | None
    tax: Money | None
    total: Money
    prices_include_tax: bool | None
    coupon: str | None
    refunded: Money
    parcels: list[Parcel]
    returns: list[Return]
    return_requested: dict[str, int]
    contact: Contact | None
    token: str | None


class AdminOrderView(OrderView, frozen=True, kw_only=True):
    """An order as staff see it: with its payment, and what has yet to be sent, came back, or may be done to it.

    `outstanding`, `with_customer` and `dropped` count units by SKU.
    """

    customer_id: str | None
    source: str
    provider: str | None
    payment_id: str | None
    payment_reference: str | None
    operations: list[Operation]
    captured: Money
    refundable: Money
    outstanding: dict[str, int]
    with_customer: dict[str, int]
    dropped: dict[str, int]
    allowed: list[str]


def order_view(order: Order, shop: Shop, *, contact: Contact | None = None) -> OrderView:
    """Return an order as its shopper sees it; with a `contact` that is known already, nothing has to be unsealed."""
    shared = _shared(order, contact or shop.contacts.of(order))
    return OrderView(**shared, token=order_token(shop.world.keys, order.id))


def admin_order_view(order: Order, shop: Shop) -> AdminOrderView:
    """Return an order as staff see it."""
    paid = order.paid
    return AdminOrderView(
        **_shared(order, shop.contacts.of(order)),
        token=None,
        customer_id=order.customer_id,
        source=order.source,
        provider=paid.provider if paid is not None else None,
        payment_id=paid.payment_id if paid is not None else None,
        payment_reference=paid.reference or None if paid is not None else None,
        operations=list(paid.operations) if paid is not None else [],
        captured=order.captured,
        refundable=order.refundable,
        outstanding=order.outstanding() if order.sums is not None else {},
        with_customer=order.with_customers(),
        dropped=order.dropped,
        allowed=list(MOVES[order.state]) if order.sums is not None else [],
    )


def _shared(order: Order, contact: Contact | None) -> dict[str, Any]:
    sums = order.sums
    goods = sum(line.unit_price.amount * line.quantity for line in order.lines)
    return {
        "id": order.id,
        "number": order.number,
        "version": order.version,
        "state": order.state,
        "payment_state": order.payment_state,
        "placed_at": order.placed_at,
        "changed_at": order.changed_at,
        "lines": [
            OrderLineView(
                line.sku,
                line.product_id,
                line.name,
                line.quantity,
                line.unit_price,
                line.unit_price.times(line.quantity),
            )
            for line in order.lines
        ],
        "currency": order.currency,
        "subtotal": Money(goods, order.currency),
        "discount": sums.discount if sums is not None else None,
        "shipping": sums.shipping if sums is not None else None,
        "tax": sums.tax if sums is not None else None,
        "total": order.total,
        "prices_include_tax": sums.tax_included if sums is not None else None,
        "coupon": sums.coupon if sums is not None else None,
        "refunded": order.refunded,
        "parcels": list(order.parcels),
        "returns": list(order.returns),
        "return_requested": order.return_requested,
        "contact": contact,
    }
