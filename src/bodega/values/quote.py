"""What a cart comes to: lines, charges and total, as the shop computed them and the shopper agreed to."""

import msgspec

from bodega.errors import InvalidError
from bodega.values.money import Money

MAX_QUOTE_LINES = 100


class QuoteLine(msgspec.Struct, frozen=True):
    """So many units of a SKU at a price each, as it was called when it was quoted.

    `discount` and `tax` are this line's shares of the quote's, in minor units of the price's currency.
    """

    sku: str
    product_id: str
    name: str
    quantity: int
    unit_price: Money
    discount: int = 0
    tax: int = 0

    @property
    def subtotal(self) -> Money:
        """Return the price of all units, before anything is taken off."""
        return self.unit_price.times(self.quantity)


class Quote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cart's prices at one moment.

    `discount` is positive and taken off. `tax` is part of the prices if `tax_included`, else added to them.
    `price_version` changes whenever a shopper would have to look again; `cart_version` whenever the cart does.
    `hold_id` is the hold that the cart has on its units, if any. `shipping` is without tax that comes on top, and
    `shipping_tax` (minor units) the part of `tax` in it or on it. `coupon_user` is whose use of the coupon counts.
    """

    cart_id: str
    cart_version: int
    price_version: str
    lines: tuple[QuoteLine, ...]
    shipping: Money
    tax: Money
    discount: Money
    total: Money
    tax_included: bool = False
    coupon: str | None = None
    hold_id: str | None = None
    coupon_user: str | None = None
    country: str | None = None
    shipping_method: str | None = None
    shipping_tax: int = 0

    @property
    def subtotal(self) -> Money:
        """Return the price of all goods, before anything is taken off."""
        return Money(sum(line.subtotal.amount for line in self.lines), self.total.currency)

    def line_total(self, line: QuoteLine) -> Money:
        """Return what is paid for a line: with those of all others and shipping it adds up to the total."""
        tax = 0 if self.tax_included else line.tax
        return Money(line.subtotal.amount - line.discount + tax, self.total.currency)

    @property
    def shipping_total(self) -> Money:
        """Return what is paid for shipping."""
        tax = 0 if self.tax_included else self.shipping_tax
        return Money(self.shipping.amount + tax, self.total.currency)

    def check(self) -> None:
        """Refuse a quote that does not add up: InvalidError."""
        if not 1 <= len(self.lines) <= MAX_QUOTE_LINES:
            raise InvalidError(f"an order has 1 to {MAX_QUOTE_LINES} lines, not {len(self.lines)}")
        currency = self.total.currency
        charges = (self.shipping, self.tax, self.discount, self.total)
        if any(money.currency != currency for money in (*charges, *(line.unit_price for line in self.lines))):
            raise InvalidError("an order is in one currency")
        if any(money.amount < 0 for money in charges) or any(line.unit_price.amount < 0 for line in self.lines):
            raise InvalidError("no part of a quote is below zero")
        if any(line.quantity < 1 for line in self.lines):
            raise InvalidError("a line has at least one unit")
        goods = sum(line.unit_price.amount * line.quantity for line in self.lines)
        added = 0 if self.tax_included else self.tax.amount
        if goods + self.shipping.amount + added - self.discount.amount != self.total.amount:
            raise InvalidError("the parts of this quote do not add up to its total")
