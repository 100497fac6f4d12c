"""Change the lines of a cart: pure functions from carts to carts."""

import msgspec

from bodega.domain.carts.model import MAX_LINES, MAX_QUANTITY, Cart, CartLine, Goods, TooFewError
from bodega.errors import Fault, InvalidError, NotFoundError
from bodega.values.text import parse_sku


def units_of(cart: Cart) -> dict[str, int]:
    """Return how many units of each SKU are in a cart."""
    return {line.sku: line.quantity for line in cart.lines}


def line_of(cart: Cart, sku: str) -> CartLine:
    """Return the line of a SKU in any spelling; NotFoundError without one."""
    try:
        line = cart.find_line(parse_sku(sku))
    except InvalidError:
        line = None
    if line is None:
        raise NotFoundError("line", sku[:80])
    return line


def require(goods: Goods, quantity: int) -> None:
    """Raise TooFewError unless there are so many."""
    if not goods.covers(quantity):
        raise TooFewError(goods.sku, wanted=quantity, available=goods.available or 0)


def seen(line: CartLine, goods: Goods, quantity: int) -> CartLine:
    """Return the line with another quantity, and what it costs now counting as seen."""
    return CartLine(line.sku, goods.product_id, quantity, goods.price, goods.stock)


def with_line(cart: Cart, line: CartLine) -> Cart:
    """Return the cart with a line in place of that of the same SKU, or behind all others."""
    lines = tuple(line if one.sku == line.sku else one for one in cart.lines)
    return msgspec.structs.replace(cart, lines=lines if line in lines else (*cart.lines, line))


def with_more(cart: Cart, goods: Goods, quantity: int, *, pointer: str = "") -> Cart:
    """Return the cart with more units of some goods; refused beyond what a line, a cart or the shelf has room for."""
    old = cart.find_line(goods.sku)
    total = quantity + (old.quantity if old is not None else 0)
    if total > MAX_QUANTITY:
        detail = f"a line has at most {MAX_QUANTITY} units, and this one would have {total}"
        raise InvalidError(detail, [Fault(f"{pointer}/quantity", "out_of_range", detail)])
    if old is None and len(cart.lines) >= MAX_LINES:
        detail = f"a cart has at most {MAX_LINES} lines"
        raise InvalidError(detail, [Fault(f"{pointer}/sku", "too_many_lines", detail)])
    require(goods, total)
    return with_line(cart, seen(old or CartLine(goods.sku, goods.product_id, 0), goods, total))


def merged(own: Cart, guest: Cart) -> Cart:
    """Return a customer's cart with what a guest's has; of more than 100 lines the guest's last are left out."""
    lines = {line.sku: line for line in own.lines}
    for line in guest.lines:
        old = lines.get(line.sku)
        if old is not None:
            quantity = min(MAX_QUANTITY, old.quantity + line.quantity)
            lines[line.sku] = msgspec.structs.replace(line, quantity=quantity)
        elif len(lines) < MAX_LINES:
            lines[line.sku] = line
    return msgspec.structs.replace(
        own,
        lines=tuple(lines.values()),
        coupon=own.coupon or guest.coupon,
        country=guest.country or own.country,
        shipping=guest.shipping or own.shipping,
    )
