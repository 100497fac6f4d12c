"""Show the cart and take its forms: every change is a form that works without script and ends at the cart again."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.carts.model import MAX_QUANTITY, Basket, BasketLine, Cart, CartOrderedError, CountryNeededError
from bodega.domain.flows.carting import Wanted
from bodega.errors import ConflictError, Fault, InvalidError, NotFoundError, ShopError
from bodega.web import headers, links
from bodega.web.cart_cookie import read_cart, write_cart
from bodega.web.forms import check_token, form_token
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.cards import Picture
from bodega.web.storefront.strips import Strip, build_strip
from bodega.web.storefront.viewing import visitor_of
from bodega.web.sums import SumView, quote_sums
from bodega.web.visitors import caller
from bodega.web.words import sentence

_THUMBNAIL = 96
_SUGGESTIONS = 4
_UNPROCESSABLE = 422


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the cart, as words."""

    sku: str
    name: str
    href: Href | None
    picture: Picture | None
    quantity: int
    unit_price: str
    total: str
    notices: Sequence[str]


class WayView(msgspec.Struct, frozen=True):
    """A way of sending."""

    code: str
    label: str
    chosen: bool


class CartPage(msgspec.Struct, frozen=True, kw_only=True):
    """The cart's page."""

    token: str
    message: str
    lines: Sequence[LineView]
    notices: Sequence[str]
    sums: Sequence[SumView]
    total: str
    coupon: str
    country: str
    ways: Sequence[WayView]
    obstacle: str
    most: int
    suggested: Strip | None


def cart_page(site: Site, request: Request) -> Response:
    """Answer with the browser's cart, an empty one if it has none."""
    return _page(site, request, current_basket(site, request))


def add_to_cart(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Put units into the browser's cart, or into a new one.

    The form stands on pages that are the same for everybody, so it carries no token: that it came from this site, and
    that the cookie only comes along with such forms, has to do.
    """
    carting = site.shop.carting
    basket = current_basket(site, request)
    try:
        wanted = Wanted(fields.get("sku", ""), _quantity(fields))
        if basket is None:
            basket = carting.create(lines=[wanted], customer_id=site.visitors.customer_id(request))
        else:
            cart = basket.cart
            basket = carting.add(cart.id, sku=wanted.sku, quantity=wanted.quantity, customer_id=cart.customer_id)
    except (InvalidError, ConflictError) as exc:
        return _page(site, request, basket, refusal=exc)
    line = basket.cart.find_line(wanted.sku)
    if line is not None:
        site.shop.crediting.carted(basket.cart.id, line.product_id, visitor=visitor_of(request))
    return _back(site, request, basket.cart)


def change_cart(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Do what one of the cart page's own forms asks for."""
    basket = current_basket(site, request)
    if basket is None:
        return RedirectResponse(links.CART, 303)
    check_token(site.shop.world.keys, basket.cart.id, fields)
    try:
        _apply(site, basket.cart, fields, address=caller(request))
    except (InvalidError, ConflictError) as exc:
        return _page(site, request, basket, refusal=exc)
    except NotFoundError:
        pass  # somebody took the line or the coupon away in another window: the cart as it is says so
    else:
        if fields.get("do") == "checkout":
            return RedirectResponse(links.CHECKOUT, 303, {"cache-control": headers.UNCACHED})
    return _back(site, request, basket.cart)


def _apply(site: Site, cart: Cart, fields: Mapping[str, str], *, address: str) -> None:
    carting, cart_id, who = site.shop.carting, cart.id, cart.customer_id
    match fields.get("do"):
        case "update":
            carting.set_quantity(cart_id, sku=fields.get("sku", ""), quantity=_quantity(fields), customer_id=who)
        case "remove":
            carting.remove(cart_id, sku=fields.get("sku", ""), customer_id=who)
        case "redeem":
            carting.redeem(cart_id, code=fields.get("code", ""), customer_id=who)
        case "drop":
            carting.drop_coupon(cart_id, customer_id=who)
        case "checkout":
            site.shop.buying.hold(cart_id, customer_id=who, address=address)
        case "send":
            country = country_in(fields)
            # The ways that were shown are those of the country before; another one has its own.
            way = (fields.get("shipping") or None) if country == cart.country else UNSET
            carting.address(cart_id, country=country, shipping=way, customer_id=who)
        case _:
            raise InvalidError("this form asks for nothing that a cart can do")


def current_basket(site: Site, request: Request) -> Basket | None:
    """Return the cart that is filled here, at the prices of now; None if there is none, or it became an order.

    A customer's is the same on all their devices; a guest's is the browser's.
    """
    carting, customer_id = site.shop.carting, site.visitors.customer_id(request)
    if customer_id is None:
        cart_id = read_cart(request, site.shop.world.keys)
    else:
        cart = carting.find_of_customer(customer_id)
        cart_id = cart.id if cart is not None else None
    try:
        basket = carting.get(cart_id, customer_id=customer_id) if cart_id is not None else None
    except NotFoundError:
        return None
    return basket if basket is not None and basket.cart.order_id is None else None


def _back(site: Site, request: Request, cart: Cart) -> Response:
    response = RedirectResponse(links.CART, 303, {"cache-control": headers.UNCACHED})
    if cart.customer_id is None:
        write_cart(response, request, site.shop.world.keys, cart.id)
    return response


def _page(site: Site, request: Request, basket: Basket | None, *, refusal: ShopError | None = None) -> Response:
    frame = site.frame(request, title="Your cart", path=links.CART, indexed=False)
    status = 200 if refusal is None else 409 if isinstance(refusal, ConflictError) else _UNPROCESSABLE
    message = "" if refusal is None else sentence(refusal.message)
    if isinstance(refusal, CartOrderedError):
        basket = None
    view = _view(site, request, basket, message)
    return site.page("cart.html", frame, view, status=status, caching=headers.UNCACHED)


def _view(site: Site, request: Request, basket: Basket | None, message: str) -> CartPage:
    lines = [_line(one, basket) for one in basket.lines] if basket is not None else []
    cart = basket.cart if basket is not None else None
    return CartPage(
        token=form_token(site.shop.world.keys, cart.id) if cart is not None else "",
        message=message,
        lines=lines,
        notices=[sentence(n.detail) for n in basket.notices if n.sku is None] if basket is not None else [],
        sums=quote_sums(basket.quote) if basket is not None else [],
        total=basket.quote.total.format() if basket is not None else "",
        coupon=cart.coupon or "" if cart is not None else "",
        country=cart.country or "" if cart is not None else "",
        ways=ways_of(basket) if basket is not None else [],
        obstacle=_obstacle(basket),
        most=MAX_QUANTITY,
        suggested=_suggested(site, request, basket),
    )


def _obstacle(basket: Basket | None) -> str:
    """Return why the cart cannot be checked out. That it has no country is none: the checkout asks for it."""
    if basket is None or basket.obstacle is None or not basket.lines:
        return ""
    return "" if isinstance(basket.obstacle, CountryNeededError) else sentence(basket.obstacle.message)


def _line(one: BasketLine, basket: Basket) -> LineView:
    line, goods, costs = one.line, one.goods, one.quote
    image = goods.image if goods is not None else None
    return LineView(
        sku=line.sku,
        name=goods.name if goods is not None else line.sku,
        href=links.product(goods.slug, sku=line.sku) if goods is not None else None,
        picture=Picture(links.media(image), "", _THUMBNAIL, _THUMBNAIL) if image is not None else None,
        quantity=line.quantity,
        unit_price=costs.unit_price.format() if costs is not None else "",
        total=costs.subtotal.format() if costs is not None else "",
        notices=[sentence(notice.detail) for notice in basket.notices if notice.sku == line.sku],
    )


def ways_of(basket: Basket) -> list[WayView]:
    """Return the ways to send a cart."""
    chosen = basket.quote.shipping_method
    return [WayView(o.code, f"{o.name}, {o.price.format()}", o.code == chosen) for o in basket.options]


def _suggested(site: Site, request: Request, basket: Basket | None) -> Strip | None:
    held = [one.goods.product_id for one in basket.lines if one.goods is not None] if basket is not None else []
    if basket is None or not held:
        return None
    found = site.shop.recommender.suggest(
        placement="cart",
        customer_id=basket.cart.customer_id,
        in_cart=held,
        limit=_SUGGESTIONS,
        who=visitor_of(request),
    )
    return build_strip("goes-with", "Goes well with it", found, site.shop.catalog.shelves)


def _quantity(fields: Mapping[str, str]) -> int:
    text = fields.get("quantity", "1").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004
        detail = f"a quantity is a whole number from 1 to {MAX_QUANTITY}"
        raise InvalidError(detail, [Fault("/quantity", "out_of_range", detail)])
    return int(text)


def country_in(fields: Mapping[str, str]) -> str | None:
    """Return the country that a form names, None for none."""
    text = fields.get("country", "").strip().upper()
    if text and not (len(text) == 2 and text.isascii() and text.isalpha()):  # noqa: PLR2004
        detail = "a country is two letters, such as GB"
        raise InvalidError(detail, [Fault("/country", "bad_country", detail)])
    return text or None
