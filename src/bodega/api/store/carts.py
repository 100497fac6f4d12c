"""Let shoppers fill carts. Whoever knows a guest's cart's id may use it; prices come from the shop and nobody else."""

import re
from typing import Annotated
from urllib.parse import quote as quoted

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.declare import Public, Route
from bodega.api.errors import HttpError
from bodega.api.facts import facts_of
from bodega.api.reply import Reply
from bodega.api.store.cart_views import CartView, cart_reply
from bodega.domain.carts.model import (
    MAX_LINES,
    MAX_QUANTITY,
    Country,
    Handle,
    TooFewError,
    fold_code,
)
from bodega.domain.flows.carting import Wanted
from bodega.errors import Fault, NotFoundError, StaleVersionError

PATH = "/v1/store/carts"
_TAG = re.compile(r'"([0-9]{1,18})(?:\.[0-9a-f]{1,64})?"')
_MAX_TAGS = 20

SkuName = Annotated[str, Meta(min_length=1, max_length=200)]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]


class NewLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units to put into a cart, on top of those of the same SKU that are in it."""

    sku: SkuName
    quantity: Quantity = 1


class NewCart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cart to be made, empty or with lines. There are no prices in it: the shop has them."""

    lines: Annotated[list[NewLine], Meta(max_length=MAX_LINES)] = []
    country: Country | None = None


class CartChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the cart goes, and by which of the ways that it offers; null leaves it open again."""

    country: Country | UnsetType | None = UNSET
    shipping_method: Handle | UnsetType | None = UNSET


class LineQuantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many units a line is to have."""

    quantity: Quantity


class LineChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many units the line of a SKU is to have."""

    sku: SkuName
    quantity: Quantity


class CouponCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coupon's code, in any case."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]


def create(call: Call) -> Reply:
    """Make a cart."""
    lines = [Wanted(line.sku, line.quantity) for line in call.body.lines]
    try:
        basket = call.shop.carting.create(lines=lines, country=call.body.country, customer_id=asker(call))
    except TooFewError as exc:
        raise _short(exc, "/lines") from exc
    return cart_reply(basket, status=201, location=f"{PATH}/{basket.cart.id}")


def read(call: Call) -> Reply:
    """Answer a cart."""
    return cart_reply(call.shop.carting.get(call.params["cart"], customer_id=asker(call)))


def change(call: Call) -> Reply:
    """Say where a cart goes."""
    basket = call.shop.carting.address(
        call.params["cart"],
        country=call.body.country,
        shipping=call.body.shipping_method,
        customer_id=asker(call),
        expected_version=_expected(call),
    )
    return cart_reply(basket)


def add_line(call: Call) -> Reply:
    """Put units into a cart: 201 for a new line, 200 where there was one."""
    given: NewLine = call.body
    try:
        basket = call.shop.carting.add(
            call.params["cart"],
            sku=given.sku,
            quantity=given.quantity,
            customer_id=asker(call),
            expected_version=_expected(call),
        )
    except TooFewError as exc:
        raise _short(exc, "/quantity") from exc
    newest = basket.cart.lines[-1]
    if newest.quantity == given.quantity and newest.sku == given.sku:
        place = f"{PATH}/{basket.cart.id}/lines/{quoted(newest.sku, safe='')}"
        return cart_reply(basket, status=201, location=place)
    return cart_reply(basket)


def change_line(call: Call) -> Reply:
    """Set how many units a line has, named in the address or in the body."""
    sku = call.params.get("sku") or call.body.sku
    try:
        basket = call.shop.carting.set_quantity(
            call.params["cart"],
            sku=sku,
            quantity=call.body.quantity,
            customer_id=asker(call),
            expected_version=_expected(call),
        )
    except TooFewError as exc:
        raise _short(exc, "/quantity") from exc
    return cart_reply(basket)


def remove_line(call: Call) -> Reply:
    """Take a line out of a cart."""
    basket = call.shop.carting.remove(
        call.params["cart"], sku=call.params["sku"], customer_id=asker(call), expected_version=_expected(call)
    )
    return cart_reply(basket)


def clear(call: Call) -> Reply:
    """Take everything out of a cart."""
    version = _expected(call)
    return cart_reply(call.shop.carting.clear(call.params["cart"], customer_id=asker(call), expected_version=version))


def hold(call: Call) -> Reply:
    """Promise a cart's units to it for ten minutes."""
    basket = call.shop.buying.hold(call.params["cart"], customer_id=asker(call), address=call.address)
    return cart_reply(basket)


def redeem(call: Call) -> Reply:
    """Put a coupon on a cart."""
    basket = call.shop.carting.redeem(
        call.params["cart"], code=call.body.code, customer_id=asker(call), expected_version=_expected(call)
    )
    return cart_reply(basket)


def drop_coupon(call: Call) -> Reply:
    """Take the coupon off a cart."""
    basket = call.shop.carting.get(call.params["cart"], customer_id=asker(call))
    code = call.params["code"]
    if basket.cart.coupon is None or fold_code(basket.cart.coupon) != fold_code(code):
        raise NotFoundError("coupon", code[:80])
    version = _expected(call)
    dropped = call.shop.carting.drop_coupon(
        basket.cart.id, customer_id=asker(call), expected_version=basket.cart.version if version is None else version
    )
    return cart_reply(dropped)


def _expected(call: Call) -> int | None:
    """Return the version that If-Match names, None without one or for `*`; 412 for tags that no cart has."""
    sent = call.header(b"if-match")
    if sent is None or sent == "*":
        return None
    matches = [_TAG.fullmatch(tag.strip()) for tag in sent.split(",")[:_MAX_TAGS]]
    versions = {int(match[1]) for match in matches if match is not None}
    if len(versions) == 1:
        return versions.pop()
    current = call.shop.carts.get(call.params["cart"], customer_id=asker(call)).version
    if current in versions:
        return current
    raise StaleVersionError("cart", call.params["cart"], current=current)


def _short(exc: TooFewError, pointer: str) -> HttpError:
    fault = Fault(pointer, exc.code, f"{exc.available} of {exc.sku!r} available")
    return HttpError(409, exc.code, exc.message, faults=[fault], facts=facts_of(exc))


ROUTES = (
    Route(
        method="POST",
        path=PATH,
        name="store.carts.create",
        summary="Make a cart",
        policy=Public(),
        handler=create,
        body=NewCart,
        replies={201: CartView},
        lane=True,
    ),
    Route(
        method="GET",
        path=PATH + "/{cart}",
        name="store.carts.read",
        summary="Read a cart at the prices of now",
        policy=Public(),
        handler=read,
        replies={200: CartView},
    ),
    Route(
        method="PATCH",
        path=PATH + "/{cart}",
        name="store.carts.patch",
        summary="Say where a cart goes, and how",
        policy=Public(),
        handler=change,
        body=CartChange,
        patches=CartChange,
        replies={200: CartView, 204: None},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{cart}/lines",
        name="store.carts.lines.add",
        summary="Put units into a cart",
        policy=Public(),
        handler=add_line,
        body=NewLine,
        replies={200: CartView, 201: CartView},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="PATCH",
        path=PATH + "/{cart}/lines",
        name="store.carts.lines.change",
        summary="Set how many units the line of a SKU has",
        policy=Public(),
        handler=change_line,
        body=LineChange,
        patches=LineChange,
        replies={200: CartView, 204: None},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{cart}/lines",
        name="store.carts.lines.clear",
        summary="Take everything out of a cart",
        policy=Public(),
        handler=clear,
        replies={200: CartView},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="PATCH",
        path=PATH + "/{cart}/lines/{sku}",
        name="store.carts.lines.patch",
        summary="Set how many units a line has",
        policy=Public(),
        handler=change_line,
        body=LineQuantity,
        patches=LineQuantity,
        replies={200: CartView, 204: None},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{cart}/lines/{sku}",
        name="store.carts.lines.remove",
        summary="Take a line out of a cart",
        policy=Public(),
        handler=remove_line,
        replies={200: CartView},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{cart}:hold",
        name="store.carts.hold",
        summary="Promise a cart's units to it for ten minutes",
        policy=Public(),
        handler=hold,
        replies={200: CartView},
        statuses=(429,),
        lane=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{cart}/coupons",
        name="store.carts.coupons.redeem",
        summary="Put a coupon on a cart, in place of another",
        policy=Public(),
        handler=redeem,
        body=CouponCode,
        replies={200: CartView},
        statuses=(409, 412),
        lane=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{cart}/coupons/{code}",
        name="store.carts.coupons.drop",
        summary="Take the coupon off a cart",
        policy=Public(),
        handler=drop_coupon,
        replies={200: CartView},
        statuses=(409, 412),
        lane=True,
    ),
)
