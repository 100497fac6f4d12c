"""Let staff and machines do with orders what the table of moves allows."""

from collections.abc import Callable
from typing import Any

import msgspec

from bodega.api.admin.orders import PATH, named, shown
from bodega.api.call import Call
from bodega.api.conditional import version_in
from bodega.api.declare import Handler, Route, Scope
from bodega.api.idempotency import key_of, key_required
from bodega.api.order_views import AdminOrderView, Text, Units
from bodega.api.reply import Reply
from bodega.domain.orders.model import Order
from bodega.values.money import Money

WRITE = Scope("orders:write")


class Cancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order is called off, and whether its units can be sold again."""

    reason: Text = ""
    restock: bool = True


class Fulfilment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent, by SKU (null: all that is left to send), and how to follow it."""

    units: Units | None = None
    carrier: Text = ""
    tracking: Text = ""


class Refund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to give back, and which units will not be sent any more for it; they can be sold again if `restock`."""

    amount: Money
    drop: Units = {}
    restock: bool = True
    reason: Text = ""


class ReturnedGoods(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came back, by SKU; whether it can be sold again; and how much to give back for it, if anything."""

    units: Units
    restock: bool
    refund: Money | None = None
    reason: Text = ""


def capture(call: Call) -> Reply:
    """Take the money that is reserved."""
    return _done(call, call.shop.returning.capture, key=_key(call))


def cancel(call: Call) -> Reply:
    """Call an order off."""
    given = call.body
    return _done(call, call.shop.returning.cancel, key=_key(call), reason=given.reason, restock=given.restock)


def fulfil(call: Call) -> Reply:
    """Send units."""
    given = call.body
    return _done(
        call,
        call.shop.returning.fulfil,
        key=_key(call),
        units=given.units,
        carrier=given.carrier,
        tracking=given.tracking,
    )


def deliver(call: Call) -> Reply:
    """Note that everything arrived."""
    return _done(call, call.shop.returning.deliver)


def refund(call: Call) -> Reply:
    """Give money back."""
    given = call.body
    return _done(
        call,
        call.shop.returning.refund,
        key=_key(call),
        amount=given.amount,
        drop=given.drop,
        restock=given.restock,
        reason=given.reason,
    )


def take_back(call: Call) -> Reply:
    """Note that units came back."""
    given = call.body
    if given.refund is not None and key_of(call) is None:
        raise key_required()
    return _done(
        call,
        call.shop.returning.take_back,
        key=_key(call),
        units=given.units,
        restock=given.restock,
        refund=given.refund,
        reason=given.reason,
    )


def _done(call: Call, act: Callable[..., Order], **given: Any) -> Reply:
    """Do an act to the order of the address, on the version that the caller decided on, and show it."""
    order = named(call)
    return shown(call, act(order_id=order.id, actor=_actor(call), version=_expected(call, order), **given))


def _expected(call: Call, order: Order) -> int | None:
    """Return the version that the caller decided on, None if they do not say."""
    sent = call.header(b"if-match")
    return version_in(sent, lambda: order.version) if sent is not None else None


def _key(call: Call) -> str:
    """Return what makes this act one effect: whose key it is and which, or else something new for each request."""
    sent = key_of(call)
    return f"{_actor(call)} {sent}" if sent is not None else call.shop.world.ids.new("act")


def _actor(call: Call) -> str:
    return call.key.id if call.key is not None else ""


def _route(verb: str, summary: str, handler: Handler, **more: Any) -> Route:
    return Route(
        method="POST",
        path=f"{PATH}/{{order}}:{verb}",
        name=f"admin.orders.{verb}",
        summary=summary,
        policy=WRITE,
        handler=handler,
        replies={200: AdminOrderView},
        statuses=(412,),
        threaded=True,
        **more,
    )


ROUTES = (
    _route("capture", "Take the money that is reserved for an order", capture),
    _route(
        "cancel", "Call an order off of which nothing was sent, and give everything back", cancel, body=Cancellation
    ),
    _route("fulfil", "Send units of an order", fulfil, body=Fulfilment),
    _route("deliver", "Note that an order arrived", deliver),
    _route("refund", "Give money back", refund, body=Refund, idempotency="required"),
    _route("return", "Take units back, with or without a refund", take_back, body=ReturnedGoods),
)
