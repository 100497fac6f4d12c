"""Let staff and machines do with orders what the table of moves allows."""

import msgspec

from bodega.api.admin.orders import PATH, named, shown
from bodega.api.call import Call
from bodega.api.conditional import version_in
from bodega.api.declare import Route, Scope
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
    order = named(call)
    done = call.shop.returning.capture(
        order_id=order.id, key=_key(call), actor=_actor(call), version=_expected(call, order)
    )
    return shown(call, done)


def cancel(call: Call) -> Reply:
    """Call an order off."""
    order, given = named(call), call.body
    done = call.shop.returning.cancel(
        order_id=order.id,
        key=_key(call),
        reason=given.reason,
        restock=given.restock,
        actor=_actor(call),
        version=_expected(call, order),
    )
    return shown(call, done)


def fulfil(call: Call) -> Reply:
    """Send units."""
    order, given = named(call), call.body
    done = call.shop.returning.fulfil(
        order_id=order.id,
        key=_key(call),
        units=given.units,
        carrier=given.carrier,
        tracking=given.tracking,
        actor=_actor(call),
        version=_expected(call, order),
    )
    return shown(call, done)


def deliver(call: Call) -> Reply:
    """Note that everything arrived."""
    order = named(call)
    done = call.shop.returning.deliver(order_id=order.id, actor=_actor(call), version=_expected(call, order))
    return shown(call, done)


def refund(call: Call) -> Reply:
    """Give money back."""
    order, given = named(call), call.body
    done = call.shop.returning.refund(
        order_id=order.id,
        key=_key(call),
        amount=given.amount,
        drop=given.drop,
        restock=given.restock,
        reason=given.reason,
        actor=_actor(call),
        version=_expected(call, order),
    )
    return shown(call, done)


def take_back(call: Call) -> Reply:
    """Note that units came back."""
    order, given = named(call), call.body
    if given.refund is not None and key_of(call) is None:
        raise key_required()
    done = call.shop.returning.take_back(
        order_id=order.id,
        key=_key(call),
        units=given.units,
        restock=given.restock,
        refund=given.refund,
        reason=given.reason,
        actor=_actor(call),
        version=_expected(call, order),
    )
    return shown(call, done)


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


ROUTES = (
    Route(
        method="POST",
        path=PATH + "/{order}:capture",
        name="admin.orders.capture",
        summary="Take the money that is reserved for an order",
        policy=WRITE,
        handler=capture,
        replies={200: AdminOrderView},
        statuses=(412,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:cancel",
        name="admin.orders.cancel",
        summary="Call an order off of which nothing was sent, and give everything back",
        policy=WRITE,
        handler=cancel,
        body=Cancellation,
        replies={200: AdminOrderView},
        statuses=(412,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:fulfil",
        name="admin.orders.fulfil",
        summary="Send units of an order",
        policy=WRITE,
        handler=fulfil,
        body=Fulfilment,
        replies={200: AdminOrderView},
        statuses=(412,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:deliver",
        name="admin.orders.deliver",
        summary="Note that an order arrived",
        policy=WRITE,
        handler=deliver,
        replies={200: AdminOrderView},
        statuses=(412,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:refund",
        name="admin.orders.refund",
        summary="Give money back",
        policy=WRITE,
        handler=refund,
        body=Refund,
        replies={200: AdminOrderView},
        statuses=(412,),
        idempotency="required",
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:return",
        name="admin.orders.return",
        summary="Take units back, with or without a refund",
        policy=WRITE,
        handler=take_back,
        body=ReturnedGoods,
        replies={200: AdminOrderView},
        statuses=(412,),
        threaded=True,
    ),
)
