"""Show an order to who holds its link, and let them call it off or say what comes back."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.flows.checkout_request import Contact
from bodega.domain.orders.access import opens, order_token
from bodega.domain.orders.model import Order
from bodega.errors import ConflictError, InvalidError, NotFoundError, ShopError
from bodega.web import headers, links
from bodega.web.forms import check_token, form_token
from bodega.web.order_parts import (
    OrderLine,
    ParcelView,
    UnitChoice,
    address_lines,
    chosen_units,
    order_lines,
    parcel_views,
    unit_choices,
)
from bodega.web.site import Site
from bodega.web.sums import SumView, order_sums
from bodega.web.words import date_text, sentence

_BY_SHOPPER = "shopper"
_PATH = ("placed", "paid", "fulfilled", "delivered")
_STEPS = {"placed": "Ordered", "paid": "Paid", "fulfilled": "Sent", "delivered": "Delivered"}
_WORDS = {
    "placed": "We have your order, and your payment is on its way.",
    "paid": "It is paid, and we are packing it.",
    "fulfilled": "It is on its way to you.",
    "delivered": "It has arrived. We hope you like it.",
    "cancelled": "This order was called off. What was paid for it was given back.",
    "returned": "Everything has come back to us.",
}


class StepView(msgspec.Struct, frozen=True):
    """A step on the way of an order, and whether it is behind us."""

    label: str
    done: bool
    current: bool


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """The order's page."""

    greeting: str
    number: str
    placed: str
    text: str
    message: str
    steps: Sequence[StepView]
    lines: Sequence[OrderLine]
    sums: Sequence[SumView]
    total: str
    refunded: str
    address: Sequence[str]
    email: str
    parcels: Sequence[ParcelView]
    token: str
    action: str
    can_cancel: bool
    returnable: Sequence[UnitChoice]
    requested: bool


def order_page(site: Site, request: Request) -> Response:
    """Answer with an order; without its token, for anybody but its customer, there is none."""
    return _page(site, request, _held(site, request))


def change_order(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Call the order off, or note what will be sent back."""
    order = _held(site, request)
    keys = site.shop.world.keys
    check_token(keys, order_token(keys, order.id), fields)
    try:
        _apply(site, order, fields)
    except (InvalidError, ConflictError) as exc:
        return _page(site, request, site.shop.orders.get(order.id), refusal=exc)
    return RedirectResponse(
        links.order(order.id, order_token(keys, order.id)), 303, {"cache-control": headers.UNCACHED}
    )


def _apply(site: Site, order: Order, fields: Mapping[str, str]) -> None:
    returning, reason = site.shop.returning, fields.get("reason", "").strip()
    match fields.get("do"):
        case "cancel":
            returning.cancel(order_id=order.id, key=_BY_SHOPPER, reason=reason, actor=_BY_SHOPPER)
        case "return":
            units = chosen_units(order, fields)
            returning.request_return(order_id=order.id, units=units, reason=reason, actor=_BY_SHOPPER)
        case _:
            raise InvalidError("this form asks for nothing that can be done with an order")


def _held(site: Site, request: Request) -> Order:
    """Return the order that the address names, for whoever holds its token, and for the customer whose it is."""
    order_id, token = request.path_params["order_id"], request.query_params.get("token", "")
    order = site.shop.orders.find(order_id)
    if order is not None:
        own = order.customer_id is not None and order.customer_id == site.visitors.customer_id(request)
        if own or opens(site.shop.world.keys, order.id, token):
            return order
    raise NotFoundError("order", order_id[:80])


def _page(site: Site, request: Request, order: Order, *, refusal: ShopError | None = None) -> Response:
    frame = site.frame(request, title=f"Order {order.number}", path=None, indexed=False)
    status = 200 if refusal is None else 409 if isinstance(refusal, ConflictError) else 422
    new = request.query_params.get("new") == "1" and order.state in {"placed", "paid"}
    view = _view(site, order, new=new, message=sentence(refusal.message) if refusal is not None else "")
    return site.page("order.html", frame, view, status=status, caching=headers.UNCACHED)


def _view(site: Site, order: Order, *, new: bool, message: str) -> OrderPage:
    keys = site.shop.world.keys
    contact = site.shop.contacts.of(order)
    token = order_token(keys, order.id)
    may_return = order.state in {"fulfilled", "delivered"} and order.sums is not None
    return OrderPage(
        greeting=_greeting(contact) if new else "",
        number=order.number,
        placed=date_text(order.placed_at),
        text=_WORDS[order.state],
        message=message,
        steps=_steps(order),
        lines=order_lines(order),
        sums=order_sums(order),
        total=order.total.format(),
        refunded=order.refunded.format() if order.refunded.amount else "",
        address=address_lines(contact),
        email=contact.email if contact is not None else "",
        parcels=parcel_views(order),
        token=form_token(keys, token),
        action=links.order(order.id, token),
        can_cancel=order.state in {"placed", "paid"} and not order.shipped and order.sums is not None,
        returnable=unit_choices(order, order.with_customers(), {}) if may_return else [],
        requested=bool(order.return_requested),
    )


def _steps(order: Order) -> Sequence[StepView]:
    if order.state not in _PATH:
        return []
    here = _PATH.index(order.state)
    return [StepView(_STEPS[state], place <= here, place == here) for place, state in enumerate(_PATH)]


def _greeting(contact: Contact | None) -> str:
    return f"Thank you, {contact.shipping.name}" if contact is not None else "Thank you"
