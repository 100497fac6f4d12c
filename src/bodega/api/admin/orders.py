"""Let staff and machines see orders: in lists, one by one, and what happened to each."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.lists import link_header
from bodega.api.order_views import AdminOrderView, admin_order_view
from bodega.api.reply import Reply, encode, etag_of_bytes, etag_of_version, replied
from bodega.api.shapes import PagedQuery, PageLinks
from bodega.domain.orders.model import Entry, Order, OrderCard, State, card_of
from bodega.errors import Fault, InvalidError, NotFoundError

PATH = "/v1/admin/orders"
READ = Scope("orders:read")
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
    return shown(call, named(call))


def list_events(call: Call) -> Reply:
    """Answer a page of an order's history."""
    order = named(call)
    path = f"{PATH}/{order.id}/events"
    position = call.desk.cursors.read(call.query.cursor, path.encode())
    page = call.shop.orders.history(order.id, position=position, limit=call.query.limit)
    after = call.desk.cursors.write(page.next, path.encode())
    body = encode(EntryPage(list(page.rows), PageLinks(after, None)))
    return Reply(body=body, etag=etag_of_bytes(body), headers=tuple(link_header(path, call.raw_query, after, None)))


def _check_filters(asked: OrdersQuery) -> None:
    filters = {"state": asked.state, "refund": asked.refund, "customer": asked.customer, "return": asked.coming_back}
    given = [name for name, value in filters.items() if value is not None]
    if len(given) > 1:
        detail = f"one filter at a time, not {' and '.join(given)}"
        raise InvalidError(detail, [Fault(f"/filter[{given[1]}]", "too_many_filters", detail)])


def named(call: Call) -> Order:
    """Return the order that the path names by id, or by `number:` and what people call it."""
    name = call.params["order"]
    orders = call.shop.orders
    order = orders.find_by_number(name.removeprefix(_BY_NUMBER)) if name.startswith(_BY_NUMBER) else orders.find(name)
    if order is None:
        raise NotFoundError("order", name[:80])
    return order


def shown(call: Call, order: Order) -> Reply:
    """Answer an order as staff see it."""
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
)
