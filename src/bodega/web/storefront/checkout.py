"""Ask where a cart goes and how it is paid, on one page that works without script, and place the order."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.carts.model import Basket, BasketLine, Cart, CartOrderedError, CountryNeededError, NoShippingError
from bodega.domain.flows.checkout_request import (
    CheckoutRequest,
    CheckoutRunningError,
    Contact,
    KeyReusedError,
    PriceChangedError,
    Receipt,
    scope_of,
)
from bodega.domain.orders.access import order_token
from bodega.errors import ConflictError, InvalidError, ShopError, UnavailableError
from bodega.ports.payments import PaymentDeclinedError, PaymentUnknownError
from bodega.values.address import Address
from bodega.values.quote import Quote
from bodega.web import headers, links
from bodega.web.cart_cookie import read_cart
from bodega.web.forms import check_token, form_token
from bodega.web.site import Site
from bodega.web.storefront.cart import WayView, country_in, current_basket, ways_of
from bodega.web.sums import SumView, quote_sums
from bodega.web.visitors import caller
from bodega.web.words import sentence

_KEY_BYTES = 16
_STATUSES: Sequence[tuple[type[ShopError], int]] = (
    (PaymentDeclinedError, 402),
    (InvalidError, 422),
    (ConflictError, 409),
    (UnavailableError, 503),
)
_WORDS: Mapping[type[ShopError], str] = {
    PaymentDeclinedError: "The payment was declined and nothing was charged. Another card may do",
    PaymentUnknownError: "We do not know whether your bank heard us. Press the button again: nobody is charged twice",
    CheckoutRunningError: "Your order is being placed. Press the button again in a moment: nobody is charged twice",
    PriceChangedError: "The price has changed since you saw it. This is what it costs now",
    KeyReusedError: "Something changed since you pressed the button. Please press it once more",
}

_FAULTS: Mapping[str, str] = {
    "required": "Please fill this in.",
    "bad_country": "Two letters, such as GB.",
    "bad_text": "This is too long, or has characters that nobody can write on a parcel.",
}


class _Asked(msgspec.Struct, frozen=True):
    """A field of the form, as browsers know how to fill it in."""

    name: str
    label: str
    autocomplete: str
    needed: bool = True
    kind: str = "text"
    wide: bool = False


_ASKED = (
    _Asked("email", "E-mail", "email", kind="email", wide=True),
    _Asked("name", "Name", "name", wide=True),
    _Asked("line1", "Address", "address-line1", wide=True),
    _Asked("line2", "Flat, floor or building", "address-line2", needed=False, wide=True),
    _Asked("city", "Town or city", "address-level2"),
    _Asked("postal_code", "Postcode", "postal-code", needed=False),
    _Asked("region", "County or region", "address-level1", needed=False),
    _Asked("country", "Country, two letters", "country"),
    _Asked("phone", "Phone", "tel", needed=False, kind="tel"),
)


class FieldView(msgspec.Struct, frozen=True):
    """A field with what was typed into it, and what is wrong with that."""

    asked: _Asked
    value: str
    fault: str


class CardChoice(msgspec.Struct, frozen=True):
    """A test card."""

    name: str
    does: str
    chosen: bool


class BoughtView(msgspec.Struct, frozen=True):
    """A line of what is being bought."""

    name: str
    quantity: int
    total: str


class CheckoutPage(msgspec.Struct, frozen=True, kw_only=True):
    """The checkout's page. `key` makes pressing the button twice one order; `version` is of the prices shown."""

    token: str
    key: str
    version: str
    message: str
    fields: Sequence[FieldView]
    ways: Sequence[WayView]
    asks_way: bool
    cards: Sequence[CardChoice]
    card_fault: str
    lines: Sequence[BoughtView]
    sums: Sequence[SumView]
    total: str
    free: bool
    held_until: str
    obstacle: str


def checkout_page(site: Site, request: Request) -> Response:
    """Answer with the form, or lead back to a cart that has nothing in it."""
    basket = current_basket(site, request)
    if basket is None or not basket.lines:
        return RedirectResponse(links.CART, 303, {"cache-control": headers.UNCACHED})
    return _page(site, request, basket, _known(site, request, basket.cart))


def _known(site: Site, request: Request, cart: Cart) -> dict[str, str]:
    """Return what a customer need not type: their address, and the one of their book that parcels go to."""
    visitor = site.visitors.customer(request)
    if visitor is None:
        return {}
    personal = visitor.account.personal
    address = next((saved.address for saved in personal.addresses if saved.default), None)
    known = msgspec.structs.asdict(address) if address is not None else {"name": personal.name, "phone": personal.phone}
    return {"email": personal.email} | known | ({"country": cart.country} if cart.country is not None else {})


def check_out(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Do what the form asks for: compute anew where it goes and how, or buy."""
    basket = current_basket(site, request)
    if basket is None:
        return _after_all(site, request)
    check_token(site.shop.world.keys, basket.cart.id, fields)
    try:
        basket = _sent_there(site, basket, fields)
        if fields.get("do") != "pay":
            return _page(site, request, basket, fields)
        receipt = site.shop.buying.buy(_request(basket, fields), address=caller(request))
    except CartOrderedError:
        return _after_all(site, request)
    except (InvalidError, ConflictError, UnavailableError) as exc:
        return _page(site, request, current_basket(site, request) or basket, fields, refusal=exc)
    return _bought(site, receipt)


def _after_all(site: Site, request: Request) -> Response:
    """Answer who presses the button after all was done: with the order that the cart became, if it did.

    A customer finds it among their orders.
    """
    if site.visitors.customer_id(request) is not None:
        return RedirectResponse(links.ACCOUNT, 303, {"cache-control": headers.UNCACHED})
    cart_id = read_cart(request, site.shop.world.keys)
    cart = site.shop.carts.find(cart_id) if cart_id is not None else None
    order_id = cart.order_id if cart is not None else None
    target = links.order(order_id, order_token(site.shop.world.keys, order_id)) if order_id is not None else links.CART
    return RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})


def _bought(site: Site, receipt: Receipt) -> Response:
    if receipt.order is None:
        target = links.checkout(receipt.checkout_id)
    else:
        target = links.order(receipt.order.id, order_token(site.shop.world.keys, receipt.order.id), new=True)
    return RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})


def _sent_there(site: Site, basket: Basket, fields: Mapping[str, str]) -> Basket:
    """Return the cart with the form's country and way of sending."""
    cart = basket.cart
    country = country_in(fields)
    way = (fields.get("shipping") or None) if country == cart.country else UNSET
    if country == cart.country and way in {cart.shipping, basket.quote.shipping_method}:
        return basket
    return site.shop.carting.address(cart.id, country=country, shipping=way, customer_id=cart.customer_id)


def _request(basket: Basket, fields: Mapping[str, str]) -> CheckoutRequest:
    quote, customer_id = basket.quote, basket.cart.customer_id
    if fields.get("version") != _version(quote):
        raise PriceChangedError(quote.price_version)
    typed = {asked.name: fields.get(asked.name, "").strip() for asked in _ASKED}
    email = typed.pop("email")
    typed["country"] = typed["country"].upper()
    return CheckoutRequest(
        scope=scope_of(cart_id=quote.cart_id, customer_id=customer_id),
        key=fields.get("key", ""),
        cart_id=quote.cart_id,
        price_version=quote.price_version,
        contact=Contact(email=email, shipping=Address(**typed)),
        method=fields.get("card", ""),
        customer_id=customer_id,
    )


def _version(quote: Quote) -> str:
    """Return a digest of all that the page shows of the price.

    A country and a way of sending that make no difference to it need not be shown once more before they count.
    """
    shown = msgspec.structs.replace(
        quote, country=None, shipping_method=None, cart_version=0, price_version="", hold_id=None
    )
    return hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:32]


def _page(
    site: Site, request: Request, basket: Basket, typed: Mapping[str, str], *, refusal: ShopError | None = None
) -> Response:
    frame = site.frame(request, title="Checkout", path=links.CHECKOUT, indexed=False)
    view = _view(site, basket, typed, refusal)
    status = 200 if refusal is None else next(code for kind, code in _STATUSES if isinstance(refusal, kind))
    return site.page("checkout.html", frame, view, status=status, caching=headers.UNCACHED)


def _view(site: Site, basket: Basket, typed: Mapping[str, str], refusal: ShopError | None) -> CheckoutPage:
    faults = _faults(refusal)
    world, cart, quote = site.shop.world, basket.cart, basket.quote
    values = {"country": cart.country or ""} | dict(typed)
    obstacle = basket.obstacle
    # A country is asked for right here, and an answer that got lost is asked for again under the same key.
    same_key = isinstance(refusal, UnavailableError | CheckoutRunningError) and bool(typed.get("key"))
    return CheckoutPage(
        token=form_token(world.keys, cart.id),
        key=typed["key"] if same_key else world.ids.secret(size_bytes=_KEY_BYTES),
        version=_version(quote),
        message=_message(refusal, faults),
        fields=[FieldView(asked, values.get(asked.name, ""), faults.get(asked.name, "")) for asked in _ASKED],
        ways=ways_of(basket),
        asks_way=bool(basket.options) or isinstance(obstacle, CountryNeededError | NoShippingError),
        cards=_cards(site, typed.get("card", "")),
        card_fault=faults.get("method", ""),
        lines=[_line(one) for one in basket.lines],
        sums=quote_sums(quote),
        total=quote.total.format(),
        free=quote.total.amount == 0,
        held_until=f"{basket.held_until:%H:%M} UTC" if basket.held_until is not None else "",
        obstacle="" if obstacle is None or isinstance(obstacle, CountryNeededError) else sentence(obstacle.message),
    )


def _faults(refusal: ShopError | None) -> dict[str, str]:
    """Return what is wrong by the name of the form's field: what a pointer ends in."""
    if not isinstance(refusal, InvalidError):
        return {}
    return {
        fault.pointer.rpartition("/")[2]: _FAULTS.get(fault.code, sentence(fault.detail)) for fault in refusal.faults
    }


def _message(refusal: ShopError | None, faults: Mapping[str, str]) -> str:
    if refusal is None:
        return ""
    known = {asked.name for asked in _ASKED} | {"method"}
    if faults and faults.keys() <= known:
        return "Please look at what is marked below."
    return sentence(_WORDS.get(type(refusal), refusal.message))


def _cards(site: Site, chosen: str) -> list[CardChoice]:
    sandbox = site.shop.world.payment_sandbox
    cards = sandbox.cards() if sandbox is not None else {}
    first = next(iter(cards), "")
    return [CardChoice(name, does, name == (chosen if chosen in cards else first)) for name, does in cards.items()]


def _line(one: BasketLine) -> BoughtView:
    name = one.goods.name if one.goods is not None else one.line.sku
    return BoughtView(name, one.line.quantity, one.quote.subtotal.format() if one.quote is not None else "")
