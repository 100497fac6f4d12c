"""Work out what a cart costs from what the catalog says now, and what has changed since the shopper last looked."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from bodega.domain.carts.coupon import Coupon
from bodega.domain.carts.model import (
    Basket,
    BasketLine,
    Cart,
    CartLine,
    CountryNeededError,
    EmptyCartError,
    Goods,
    NoShippingError,
    Notice,
    ShippingOption,
    UnavailableLinesError,
)
from bodega.domain.carts.rates import Charges
from bodega.errors import ShopError
from bodega.values.money import Money
from bodega.values.quote import Quote, QuoteLine
from bodega.values.shares import spread

_encode = msgspec.json.Encoder().encode


class Redeemed(msgspec.Struct, frozen=True):
    """The coupon of a cart: what it is, or why it does not count."""

    code: str
    coupon: Coupon | None = None
    refusal: ShopError | None = None


def subtotal_of(lines: Sequence[CartLine], goods: Mapping[str, Goods]) -> int:
    """Return the value of the lines that are for sale, in minor units, before anything is taken off."""
    return sum(goods[line.sku].price.amount * line.quantity for line in lines if line.sku in goods)


def price_cart(
    cart: Cart, goods: Mapping[str, Goods], *, redeemed: Redeemed | None, charges: Charges, currency: str
) -> Basket:
    """Return the cart with its prices, what to tell the shopper, and why it could not be checked out, if so.

    Lines that are not in `goods` are not for sale: they stand in the basket and count for nothing. A coupon that is
    refused takes nothing off.
    """
    counted = [line for line in cart.lines if line.sku in goods]
    subtotals = [goods[line.sku].price.amount * line.quantity for line in counted]
    coupon = redeemed.coupon if redeemed is not None else None
    off = coupon.takes_off(sum(subtotals)) if coupon is not None else 0
    shares = spread(off, subtotals)
    amounts = zip(subtotals, shares, strict=True)
    quoted = {
        line.sku: _quote_line(line, goods[line.sku], amount, cart, charges)
        for line, amount in zip(counted, amounts, strict=True)
    }
    value = Money(sum(subtotals) - off, currency)
    weight = sum(goods[line.sku].weight_grams * line.quantity for line in counted)
    options = charges.shipping.options(cart.country, value=value, weight_grams=weight) if counted else ()
    chosen = next((option for option in options if option.code == cart.shipping), options[0] if options else None)
    quote = _quote(cart, list(quoted.values()), value, off, coupon, chosen, charges)
    return Basket(
        cart=cart,
        lines=tuple(BasketLine(line, goods.get(line.sku), quoted.get(line.sku)) for line in cart.lines),
        quote=quote,
        options=options,
        notices=tuple(_notices(cart, goods, redeemed, chosen if options else None)),
        obstacle=_obstacle(cart, counted, redeemed, options, charges),
    )


def _quote_line(line: CartLine, goods: Goods, amounts: tuple[int, int], cart: Cart, charges: Charges) -> QuoteLine:
    subtotal, discount = amounts
    tax, _ = charges.taxes.on(subtotal - discount, charges.taxes.rate(cart.country, goods.tax_class))
    return QuoteLine(line.sku, goods.product_id, goods.name, line.quantity, goods.price, discount, tax)


def _quote(
    cart: Cart,
    lines: Sequence[QuoteLine],
    value: Money,
    off: int,
    coupon: Coupon | None,
    chosen: ShippingOption | None,
    charges: Charges,
) -> Quote:
    taxes, currency = charges.taxes, value.currency
    free = coupon is not None and coupon.kind == "free_shipping"
    shipping = chosen.price.amount if chosen is not None and not free else 0
    shipping_tax, _ = taxes.on(shipping, taxes.rate(cart.country, taxes.table.shipping_class))
    tax = sum(line.tax for line in lines) + shipping_tax
    quote = Quote(
        cart_id=cart.id,
        cart_version=0,
        price_version="",
        lines=tuple(lines),
        shipping=Money(shipping, currency),
        tax=Money(tax, currency),
        discount=Money(off, currency),
        total=Money(value.amount + shipping + (0 if taxes.included else tax), currency),
        tax_included=taxes.included,
        coupon=coupon.code if coupon is not None else None,
        country=cart.country,
        shipping_method=chosen.code if chosen is not None else None,
        shipping_tax=shipping_tax,
    )
    digest = hashlib.sha256(_encode(quote)).hexdigest()[:32]
    return msgspec.structs.replace(quote, price_version=digest, cart_version=cart.version)


def _obstacle(
    cart: Cart,
    counted: Sequence[CartLine],
    redeemed: Redeemed | None,
    options: Sequence[ShippingOption],
    charges: Charges,
) -> ShopError | None:
    if not cart.lines:
        return EmptyCartError("the cart is empty")
    if len(counted) < len(cart.lines):
        known = {line.sku for line in counted}
        return UnavailableLinesError(tuple(line.sku for line in cart.lines if line.sku not in known))
    if redeemed is not None and redeemed.refusal is not None:
        return redeemed.refusal
    if cart.country is None and (charges.shipping.needs_country or charges.taxes.needs_country):
        return CountryNeededError("say which country the order goes to: shipping or tax depend on it")
    if charges.shipping.charged and not options:
        return NoShippingError(f"we cannot send this cart to {cart.country or 'there'}")
    return None


def _notices(
    cart: Cart, goods: Mapping[str, Goods], redeemed: Redeemed | None, chosen: ShippingOption | None
) -> list[Notice]:
    notices = [notice for line in cart.lines for notice in _line_notices(line, goods.get(line.sku))]
    if redeemed is not None and redeemed.refusal is not None:
        notices.append(Notice(code="coupon_refused", detail=redeemed.refusal.message))
    if cart.shipping is not None and chosen is not None and chosen.code != cart.shipping:
        notices.append(
            Notice(code="shipping_changed", detail=f"{cart.shipping} is not offered here; {chosen.name} was taken")
        )
    return notices


def _line_notices(line: CartLine, goods: Goods | None) -> list[Notice]:
    """Return what changed since the shopper last touched the line."""
    if goods is None:
        return [Notice(code="unavailable", sku=line.sku, detail=f"{line.sku} is not for sale any more")]
    notices = []
    if line.price is not None and line.price != goods.price:
        detail = f"the price of {goods.name} was {line.price.format()} and is {goods.price.format()}"
        notices.append(
            Notice(code="price_changed", sku=line.sku, detail=detail, old_price=line.price, new_price=goods.price)
        )
    if line.stock != goods.stock:
        detail = f"{goods.name} was {_words(line.stock)} and is {_words(goods.stock)}"
        notices.append(
            Notice(code="stock_changed", sku=line.sku, detail=detail, old_stock=line.stock, new_stock=goods.stock)
        )
    if not goods.covers(line.quantity):
        left = goods.available or 0
        detail = f"{line.quantity} of {goods.name} wanted, {left} available"
        notices.append(
            Notice(code="insufficient_stock", sku=line.sku, detail=detail, wanted=line.quantity, available=left)
        )
    return notices


def _words(state: str) -> str:
    return state.replace("_", " ")
