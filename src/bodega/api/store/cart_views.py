"""Show carts as JSON."""

import hashlib
from datetime import UTC, datetime

import msgspec

from bodega.api.reply import Reply, encode
from bodega.domain.carts.model import Basket, BasketLine, Notice, ShippingOption
from bodega.values.money import Money
from bodega.values.quote import Quote


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
