"""Show what a cart or an order comes to, row by row."""

from collections.abc import Sequence

import msgspec

from bodega.domain.orders.model import Order
from bodega.values.money import Money
from bodega.values.quote import Quote


class SumView(msgspec.Struct, frozen=True):
    """A row of the sums."""

    label: str
    amount: str


def quote_sums(quote: Quote) -> Sequence[SumView]:
    """Return the rows above the total of a cart."""
    return [
        SumView("Goods", quote.subtotal.format()),
        *_discount(quote.discount, quote.coupon),
        *([SumView("Sending", quote.shipping.format())] if quote.shipping_method is not None else []),
        *_tax(quote.tax, included=quote.tax_included),
    ]


def order_sums(order: Order) -> Sequence[SumView]:
    """Return the rows above the total of an order; an order from elsewhere has none but its goods."""
    goods = Money(sum(line.unit_price.amount * line.quantity for line in order.lines), order.currency)
    rows = [SumView("Goods", goods.format())]
    if order.sums is not None:
        rows += _discount(order.sums.discount, order.sums.coupon)
        rows += [SumView("Sending", order.sums.shipping.format())]
        rows += _tax(order.sums.tax, included=order.sums.tax_included)
    return rows


def _discount(discount: Money, coupon: str | None) -> list[SumView]:
    if not discount.amount:
        return []
    return [SumView(f"Coupon {coupon}", msgspec.structs.replace(discount, amount=-discount.amount).format())]


def _tax(tax: Money, *, included: bool) -> list[SumView]:
    return [SumView("Tax included" if included else "Tax", tax.format())] if tax.amount else []
