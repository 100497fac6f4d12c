"""Let shoppers see, call off and send back their orders: own ones when signed in, else the one they hold a token of."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.access import asker
from bodega.api.call import Call
from bodega.api.declare import Public, Route, Shopper
from bodega.api.lists import link_header
from bodega.api.order_views import OrderView, Text, Units, order_view
from bodega.api.reply import Reply, encode, etag_of_bytes, etag_of_version, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.orders.access import opens
from bodega.domain.orders.model import Order
from bodega.errors import NotAllowedError, NotFoundError

PATH = "/v1/store/orders"
_BY_SHOPPER = "shopper"


class OrderQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of one order: who is not signed in shows the token that came with the order."""

    token: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class OwnCancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order is called off, if its shopper says."""

    reason: Text = ""


class ReturnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What will be sent back, by SKU, in place of what was said before; and why."""

    units: Units
    reason: Text = ""


class OrderPage(msgspec.Struct, frozen=True):
    """A page of orders, newest first."""

    data: list[OrderView]
    page: PageLinks


def list_own(call: Call) -> Reply:
    """Answer a page of the asker's orders."""
    customer_id = asker(call)
    if customer_id is None:
        raise NotAllowedError("this is for shoppers who are signed in")
    question = encode([PATH, customer_id])
    position = call.desk.cursors.read(call.query.cursor, question)
    page = call.shop.orders.page_by_customer(customer_id, position=position, limit=call.query.limit)
    after, before = (call.desk.cursors.write(end, question) for end in (page.next, page.prev))
    body = encode(OrderPage([order_view(order, call.shop) for order in page.rows], PageLinks(after, before)))
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(link_header(PATH, call.raw_query, after, before)))


def read(call: Call) -> Reply:
    """Answer one order."""
    return _shown(call, _own(call))


def cancel(call: Call) -> Reply:
    """Call an order off of which nothing was sent."""
    order_id = _own(call).id
    key = _BY_SHOPPER  # an order is called off once, whoever asks how often
    off = call.shop.returning.cancel(order_id=order_id, key=key, reason=call.body.reason, actor=_BY_SHOPPER)
    return _shown(call, off)


def request_return(call: Call) -> Reply:
    """Say what will be sent back; staff note it when it arrives."""
    order_id, given = _own(call).id, call.body
    asked = call.shop.returning.request_return(
        order_id=order_id, units=given.units, reason=given.reason, actor=_BY_SHOPPER
    )
    return _shown(call, asked)


def _own(call: Call) -> Order:
    """Return the order that is asked for; one that is not the asker's is not there."""
    order_id = call.params["order"]
    order = call.shop.orders.find(order_id)
    if order is not None:
        token = call.query.token
        own = order.customer_id is not None and order.customer_id == asker(call)
        if own or (token is not None and opens(call.shop.world.keys, order.id, token)):
            return order
    raise NotFoundError("order", order_id[:80])


def _shown(call: Call, order: Order) -> Reply:
    return replied(order_view(order, call.shop), etag=etag_of_version(order.version))


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="store.orders.list",
        summary="List one's own orders, newest first",
        policy=Shopper(),
        handler=list_own,
        query=PagedQuery,
        replies={200: OrderPage},
    ),
    Route(
        method="GET",
        path=PATH + "/{order}",
        name="store.orders.read",
        summary="Read an order: one's own, or one that the token of is held",
        policy=Public(),
        handler=read,
        query=OrderQuery,
        replies={200: OrderView},
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:cancel",
        name="store.orders.cancel",
        summary="Call an order off of which nothing was sent",
        policy=Public(),
        handler=cancel,
        query=OrderQuery,
        body=OwnCancellation,
        replies={200: OrderView},
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{order}:requestReturn",
        name="store.orders.request_return",
        summary="Say which units of an order will be sent back",
        policy=Public(),
        handler=request_return,
        query=OrderQuery,
        body=ReturnRequest,
        replies={200: OrderView},
        threaded=True,
    ),
)
