"""List orders for staff: all of them or what waits for somebody, and find one by its number."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.orders.model import OrderCard
from bodega.values.page import Position
from bodega.web import headers, links
from bodega.web.admin.frame import staff_page
from bodega.web.cursors import Trail, read_cursor, sign_cursor
from bodega.web.links import Href
from bodega.web.site import Place, Site
from bodega.web.words import GOODS, MONEY, time_text

_SHOWN = 50
_LISTS = (
    ("", "All"),
    ("placed", "Not yet paid"),
    ("paid", "To send"),
    ("fulfilled", "On their way"),
    ("delivered", "Delivered"),
    ("return_requested", "Coming back"),
    ("returned", "Come back"),
    ("refunded_partly", "Refunded in part"),
    ("refunded", "Refunded"),
    ("cancelled", "Called off"),
)


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list."""

    href: Href
    number: str
    placed: str
    state: str
    payment: str
    units: int
    total: str


class OrdersPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list, newest first."""

    lists: Sequence[Place]
    rows: Sequence[OrderRow]
    number: str
    missing: bool
    next: Href | None
    previous: Href | None


def orders_page(site: Site, request: Request) -> Response:
    """Answer with a page of orders, or lead on to the one whose number was asked for."""
    number = request.query_params.get("number", "").strip()[:40]
    found = site.shop.orders.find_by_number(number) if number else None
    if found is not None:
        return RedirectResponse(links.staff_order(found.id), 303, {"cache-control": headers.UNCACHED})
    view = _view(site, request, number)
    status = 404 if view.missing else 200
    return staff_page(
        site, request, "staff_orders.html", title="Orders", view=view, current=links.ORDERS, status=status
    )


def _view(site: Site, request: Request, number: str) -> OrdersPage:
    asked = request.query_params.get("list", "")
    state = asked if asked in {name for name, _ in _LISTS} else ""
    scope, keys = f"staff-orders#{state}", site.shop.world.keys
    trail = read_cursor(keys, scope, request.query_params.get("page", ""))
    position = Position(trail.after) if trail.after else None
    page = site.shop.orders.list_cards(state=state or None, position=position, limit=_SHOWN)

    def turn(to: Trail | None) -> Href | None:
        return _list(state, sign_cursor(keys, scope, to)) if to is not None else None

    return OrdersPage(
        lists=[Place(label, _list(name), name == state) for name, label in _LISTS],
        rows=[_row(card) for card in page.rows],
        number=number,
        missing=bool(number),
        next=turn(trail.onward(page.next.after)) if page.next is not None else None,
        previous=turn(trail.back()),
    )


def _list(state: str, cursor: str = "") -> Href:
    params = [(name, value) for name, value in (("list", state), ("page", cursor)) if value]
    return links.with_params(links.ORDERS, params)


def _row(card: OrderCard) -> OrderRow:
    return OrderRow(
        href=links.staff_order(card.id),
        number=card.number,
        placed=time_text(card.placed_at),
        state=GOODS[card.state],
        payment=MONEY[card.payment_state],
        units=card.units,
        total=card.total.format(),
    )
