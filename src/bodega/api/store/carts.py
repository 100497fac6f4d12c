"""Let shoppers fill carts. Whoever knows a guest's cart's id may use it; prices come from the shop and nobody else."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote as quoted

import msgspec
from msgspec import UNSET, Meta, UnsetType

from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.declare import Public, Route
from bodega.api.errors import HttpError
from bodega.api.facts import facts_of
from bodega.api.reply import Reply, encode
from bodega.domain.carts.model import (
    MAX_LINES,
    MAX_QUANTITY,
    Basket,
    BasketLine,
    Country,
    Handle,
    Notice,
    ShippingOption,
    TooFewError,
    fold_code,
)
from bodega.domain.flows.carting import Wanted
from bodega.errors import Fault, NotFoundError, StaleVersionError
from bodega.values.money import Money
from bodega.values.quote import Quote

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


class CartLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line at the prices of now; one that is not `available` has none and does not count."""

    sku: str
    product_id: str
    name: str
    slug: str | None
    image: str | None
    quantity: int
    available: bool
    stock: str | None
    unit_price: Money | None
    subtotal: Money | None
    discount: Money | None
    tax: Money | None
    total: Money | None


class CartCoupon(msgspec.Struct, frozen=True):
    """The cart's coupon, and whether it takes anything off now; if not, a warning says why."""

    code: str
    accepted: bool


class Obstacle(msgspec.Struct, frozen=True):
    """Why the cart cannot be checked out as it is."""

    code: str
    detail: str


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart at the prices of now. With `prices_include_tax`, `tax` is inside the other amounts, else on top of them.

    Send `price_version` back at checkout: it stands for everything that the shopper was shown. Until `held_until` its
    units are promised to this cart.
    """

    id: str
    version: int
    lines: list[CartLineView]
    currency: str
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    prices_include_tax: bool
    country: str | None
    shipping_method: str | None
    shipping_options: list[ShippingOption]
    coupon: CartCoupon | None
    warnings: list[Notice]
    obstacle: Obstacle | None
    order_id: str | None
    held_until: datetime | None
    price_version: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


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
    return cart_reply(call.shop.carting.hold(call.params["cart"], customer_id=asker(call)))


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


def cart_view(basket: Basket) -> CartView:
    """Return what shoppers see of a basket."""
    cart, costs = basket.cart, basket.quote
    return CartView(
        id=cart.id,
        version=cart.version,
        lines=[_line(line, costs) for line in basket.lines],
        currency=costs.total.currency,
        subtotal=costs.subtotal,
        discount=costs.discount,
        shipping=costs.shipping,
        tax=costs.tax,
        total=costs.total,
        prices_include_tax=costs.tax_included,
        country=cart.country,
        shipping_method=costs.shipping_method,
        shipping_options=list(basket.options),
        coupon=CartCoupon(cart.coupon, costs.coupon is not None) if cart.coupon is not None else None,
        warnings=list(basket.notices),
        obstacle=Obstacle(basket.obstacle.code, basket.obstacle.message) if basket.obstacle is not None else None,
        order_id=cart.order_id,
        held_until=basket.held_until,
        price_version=costs.price_version,
        created_at=cart.created_at,
        updated_at=cart.updated_at,
        expires_at=datetime.fromtimestamp(cart.expires_at, UTC),
    )


def _line(one: BasketLine, quote: Quote) -> CartLineView:
    line, goods, costs = one.line, one.goods, one.quote
    currency = quote.total.currency
    return CartLineView(
        sku=line.sku,
        product_id=goods.product_id if goods is not None else line.product_id,
        name=goods.name if goods is not None else line.sku,
        slug=goods.slug if goods is not None else None,
        image=goods.image if goods is not None else None,
        quantity=line.quantity,
        available=goods is not None,
        stock=goods.stock if goods is not None else None,
        unit_price=costs.unit_price if costs is not None else None,
        subtotal=costs.subtotal if costs is not None else None,
        discount=Money(costs.discount, currency) if costs is not None else None,
        tax=Money(costs.tax, currency) if costs is not None else None,
        total=quote.line_total(costs) if costs is not None else None,
    )


def cart_reply(basket: Basket, *, status: int = 200, location: str | None = None) -> Reply:
    """Return a cart, its tag made of the version, which If-Match compares, and a digest: prices change without it."""
    body = encode(cart_view(basket))
    tag = f'"{basket.cart.version}.{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    headers = ((b"location", location.encode("ascii")),) if location is not None else ()
    return Reply(status, body, etag=tag, headers=headers)


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
        threaded=True,
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
