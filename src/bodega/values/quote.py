"""What a cart costs at a moment, computed by the shop: what checkout charges, places and later refunds by line."""

import msgspec

from bodega.values.money import Money


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of a SKU, and what they cost.

    `subtotal` is unit price times quantity, `discount` this line's share of the coupon's, `tax` the tax on what is
    left, `total` what is paid for the line: with taxes inside the prices `subtotal - discount`, else with tax on top.
    """

    sku: str
    product_id: str
    name: str
    quantity: int
    unit_price: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A whole cart's prices. Sums are exact in minor units: `total` is that of the lines and `shipping_total`.

    `shipping` is the rate of the chosen method after discounts, `shipping_tax` the tax in it or on it,
    `shipping_total` what is paid for it. `tax` is all tax, that on shipping included. `price_version` is a digest of
    everything that a shopper agreed to; another one means that the price has changed.
    """

    currency: str
    lines: tuple[QuoteLine, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    shipping_tax: Money
    shipping_total: Money
    tax: Money
    total: Money
    prices_include_tax: bool
    country: str | None = None
    shipping_method: str | None = None
    coupon: str | None = None
    price_version: str = ""
