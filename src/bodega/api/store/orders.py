"""Show shoppers their orders: to who is signed in their own, to a guest the one that they hold the token of."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.declare import Public, Route, Shopper
from bodega.api.lists import link_header
from bodega.api.order_views import OrderView, opens, order_view
from bodega.api.reply import Reply, encode, etag_of_bytes, etag_of_version, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.api.store.carts import asker
from bodega.errors import NotAllowedError, NotFoundError

PATH = "/v1/store/orders"


class OrderQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of one order: who is not signed in shows the token that came with the order."""

    token: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


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
    keys = call.shop.world.keys
    body = encode(OrderPage([order_view(order, keys) for order in page.rows], PageLinks(after, before)))
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(link_header(PATH, call.raw_query, after, before)))


def read(call: Call) -> Reply:
    """Answer one order; one that is not the asker's is not there."""
    order_id = call.params["order"]
    order = call.shop.orders.find(order_id)
    if order is not None:
        keys, token = call.shop.world.keys, call.query.token
        own = order.customer_id is not None and order.customer_id == asker(call)
        if own or (token is not None and opens(keys, order.id, token)):
            return replied(order_view(order, keys), etag=etag_of_version(order.version))
    raise NotFoundError("order", order_id[:80])


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
)
