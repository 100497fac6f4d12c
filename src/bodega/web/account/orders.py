"""List a customer's orders, newest first."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.orders.model import Order
from bodega.values.page import Position
from bodega.web import links
from bodega.web.account.frame import own_page, signed_in
from bodega.web.cursors import FIRST, Trail, read_cursor, sign_cursor
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.cards import Picture, initial, picture, tone
from bodega.web.words import date_text

_PAGE = 10
_PICTURES = 4
_STATES = {
    "placed": "Ordered",
    "paid": "Being packed",
    "fulfilled": "On its way",
    "delivered": "Delivered",
    "cancelled": "Called off",
    "returned": "Sent back",
}


class Thumbnail(msgspec.Struct, frozen=True):
    """A product of an order: its picture, or paper with a letter."""

    picture: Picture | None
    tone: int
    initial: str


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list."""

    number: str
    href: Href
    placed: str
    state: str
    running: bool
    total: str
    what: str
    pictures: Sequence[Thumbnail]


class OrdersPage(msgspec.Struct, frozen=True):
    """A page of orders."""

    orders: Sequence[OrderRow]
    number: int
    newer: Href | None
    older: Href | None


def own_orders_page(site: Site, request: Request) -> Response:
    """Answer with a page of the customer's orders."""
    customer_id, keys = signed_in(site, request).account.id, site.shop.world.keys
    scope = f"account.orders {customer_id}"
    trail = read_cursor(keys, scope, request.query_params.get("page", ""))
    position = Position(trail.after) if trail.after else None
    page = site.shop.orders.page_by_customer(customer_id, position=position, limit=_PAGE)
    back, onward = trail.back(), trail.onward(page.next.after) if page.next is not None else None

    def href(to: Trail | None) -> Href | None:
        if to is None:
            return None
        return links.with_params(links.ACCOUNT_ORDERS, [] if to is FIRST else [("page", sign_cursor(keys, scope, to))])

    own = OrdersPage(order_rows(site, page.rows), trail.number, href(back), href(onward))
    return own_page(site, request, "account_orders.html", own, title="Your orders", current=links.ACCOUNT_ORDERS)


def order_rows(site: Site, orders: Sequence[Order]) -> list[OrderRow]:
    """Return orders as a list shows them, with pictures of what is still known of what was in them."""
    wanted = {line.product_id for order in orders for line in order.lines[:_PICTURES]}
    cards = site.shop.catalog.shelves.cards(sorted(wanted))
    rows = []
    for order in orders:
        thumbnails = []
        for line in order.lines[:_PICTURES]:
            card = cards.get(line.product_id)
            image = msgspec.structs.replace(card.image, alt="") if card is not None and card.image is not None else None
            name = line.name or line.sku
            thumbnails.append(Thumbnail(picture(image, "") if image else None, tone(line.product_id), initial(name)))
        rows.append(
            OrderRow(
                number=order.number,
                href=links.own_order(order.id),
                placed=date_text(order.placed_at),
                state=_STATES[order.state],
                running=order.state in {"placed", "paid", "fulfilled"},
                total=order.total.format(),
                what=_what(order),
                pictures=thumbnails,
            )
        )
    return rows


def _what(order: Order) -> str:
    """Return in a few words what was bought."""
    first, others = order.lines[0], len(order.lines) - 1
    name = first.name or first.sku
    return f"{name} and {others} more" if others else name
