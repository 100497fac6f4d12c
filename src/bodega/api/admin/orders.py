"""Let staff and machines see orders and do with them what the table of moves allows."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.conditional import version_in
from bodega.api.declare import Route, Scope
from bodega.api.idempotency import key_of, key_required
from bodega.api.lists import link_header
from bodega.api.order_views import AdminOrderView, Text, Units, admin_order_view
from bodega.api.reply import Reply, encode, etag_of_bytes, etag_of_version, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.orders.model import Entry, Order, OrderCard, State, card_of
from bodega.errors import Fault, InvalidError, NotFoundError
from bodega.values.money import Money

PATH = "/v1/admin/orders"
READ, WRITE = Scope("orders:read"), Scope("orders:write")
_BY_NUMBER = "number:"

SortName = Literal["-placed_at", "placed_at"]


class OrdersQuery(PagedQuery, frozen=True, forbid_unknown_fields=True):
    """The query of the list of orders: all, or those of one state, one state of refund, one customer, or to come back.

    Only one of the filters at a time: each is a list of its own.
    """

    state: State | None = msgspec.field(default=None, name="filter[state]")
    refund: Literal["refunded", "refunded_partly"] | None = msgspec.field(default=None, name="filter[refund]")
    customer: Annotated[str, Meta(min_length=1, max_length=100)] | None = msgspec.field(
        default=None, name="filter[customer]"
    )
    coming_back: Literal["requested"] | None = msgspec.field(default=None, name="filter[return]")
    sort: SortName = "-placed_at"


class AdminOrderPage(msgspec.Struct, frozen=True):
    """A page of orders."""

    data: list[OrderCard]
    page: PageLinks


class EntryPage(msgspec.Struct, frozen=True):
    """A page of what happened to an order, oldest first."""

    data: list[Entry]
    page: PageLinks


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


def list_all(call: Call) -> Reply:
    """Answer a page of orders."""
    asked: OrdersQuery = call.query
    _check_filters(asked)
    question = encode([PATH, asked.state, asked.refund, asked.customer, asked.coming_back, asked.sort])
    position = call.desk.cursors.read(asked.cursor, question)
    newest_first = asked.sort == "-placed_at"
    orders = call.shop.orders
    if asked.customer is not None:
        found = orders.page_by_customer(asked.customer, position=position, limit=asked.limit, newest_first=newest_first)
        rows, after, before = [card_of(order) for order in found.rows], found.next, found.prev
    else:
        state = asked.state or asked.refund or ("return_requested" if asked.coming_back else None)
        cards = orders.list_cards(state=state, position=position, limit=asked.limit, newest_first=newest_first)
        rows, after, before = list(cards.rows), cards.next, cards.prev
    links = PageLinks(call.desk.cursors.write(after, question), call.desk.cursors.write(before, question))
    body = encode(AdminOrderPage(rows, links))
    headers = link_header(PATH, call.raw_query, links.next, links.prev)
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(headers))


def read(call: Call) -> Reply:
    """Answer one order, by its id or its number."""
    return _shown(call, _named(call))


def list_events(call: Call) -> Reply:
    """Answer a page of an order's history."""
    order = _named(call)
    path = f"{PATH}/{order.id}/events"
    position = call.desk.cursors.read(call.query.cursor, path.encode())
    page = call.shop.orders.history(order.id, position=position, limit=call.query.limit)
    after = call.desk.cursors.write(page.next, path.encode())
    body = encode(EntryPage(list(page.rows), PageLinks(after, None)))
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(link_header(path, call.raw_query, after, None)))


def capture(call: Call) -> Reply:
    """Take the money that is reserved."""
    order = _named(call)
    done = call.shop.returning.capture(
        order_id=order.id, key=_key(call), actor=_actor(call), version=_expected(call, order)
    )
    return _shown(call, done)


def cancel(call: Call) -> Reply:
    """Call an order off."""
    order, given = _named(call), call.body
    done = call.shop.returning.cancel(
        order_id=order.id,
        key=_key(call),
        reason=given.reason,
        restock=given.restock,
        actor=_actor(call),
        version=_expected(call, order),
    )
    return _shown(call, done)


def fulfil(call: Call) -> Reply:
    """Send units."""
    order, given = _named(call), call.body
    done = call.shop.returning.fulfil(
        order_id=order.id,
        key=_key(call),
        units=given.units,
        carrier=given.carrier,
        tracking=given.tracking,
        actor=_actor(call),
        version=_expected(call, order),
    )
    return _shown(call, done)


def deliver(call: Call) -> Reply:
    """Note that everything arrived."""
    order = _named(call)
    done = call.shop.returning.deliver(order_id=order.id, actor=_actor(call), version=_expected(call, order))
    return _shown(call, done)


def refund(call: Call) -> Reply:
    """Give money back."""
    order, given = _named(call), call.body
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
    return _shown(call, done)


def take_back(call: Call) -> Reply:
    """Note that units came back."""
    order, given = _named(call), call.body
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
    return _shown(call, done)


def _check_filters(asked: OrdersQuery) -> None:
    filters = {"state": asked.state, "refund": asked.refund, "customer": asked.customer, "return": asked.coming_back}
    given = [name for name, value in filters.items() if value is not None]
    if len(given) > 1:
        detail = f"one filter at a time, not {' and '.join(given)}"
        raise InvalidError(detail, [Fault(f"/filter[{given[1]}]", "too_many_filters", detail)])


def _named(call: Call) -> Order:
    """Return the order that the path names by id, or by `number:` and what people call it."""
    name = call.params["order"]
    orders = call.shop.orders
    order = orders.find_by_number(name.removeprefix(_BY_NUMBER)) if name.startswith(_BY_NUMBER) else orders.find(name)
    if order is None:
        raise NotFoundError("order", name[:80])
    return order


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


def _shown(call: Call, order: Order) -> Reply:
    return replied(admin_order_view(order, call.shop), etag=etag_of_version(order.version))


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.orders.list",
        summary="List orders by state, refund or customer",
        policy=READ,
        handler=list_all,
        query=OrdersQuery,
        replies={200: AdminOrderPage},
    ),
    Route(
        method="GET",
        path=PATH + "/{order}",
        name="admin.orders.read",
        summary="Read an order by its id, or by its number as number:AB12-CD34",
        policy=READ,
        handler=read,
        replies={200: AdminOrderView},
    ),
    Route(
        method="GET",
        path=PATH + "/{order}/events",
        name="admin.orders.events",
        summary="List what happened to an order",
        policy=READ,
        handler=list_events,
        query=PagedQuery,
        replies={200: EntryPage},
    ),
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
