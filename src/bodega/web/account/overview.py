"""Greet a customer: what they ordered last, and what they may like."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.web import links
from bodega.web.account.frame import own_page, signed_in
from bodega.web.account.orders import OrderRow, order_rows
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.storefront.strips import Strip, build_strip

_ORDERS = 3
_AGAIN = 4
_SUGGESTIONS = 8


class AccountOverview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page of an account."""

    orders: Sequence[OrderRow]
    more: bool
    again: Strip | None
    suggested: Strip | None
    all_orders: Href


def account_page(site: Site, request: Request) -> Response:
    """Answer with the overview."""
    customer_id = signed_in(site, request).account.id
    page = site.shop.orders.page_by_customer(customer_id, limit=_ORDERS)
    suggest, shelves = site.shop.recommender.suggest, site.shop.catalog.shelves
    again = suggest(placement="buy_again", customer_id=customer_id, limit=_AGAIN)
    found = suggest(placement="home", customer_id=customer_id, limit=_SUGGESTIONS + _AGAIN)
    listed = {s.card.id for s in again.items}
    title = "For you" if found.fallback is None else "What others come back for"
    own = AccountOverview(
        orders=order_rows(site, page.rows),
        more=page.next is not None,
        again=build_strip("again", "Buy it again", again, shelves),
        suggested=build_strip(
            "for-you",
            title,
            found,
            shelves,
            reasons=found.fallback is None,
            without=listed,
            most=_SUGGESTIONS,
        ),
        all_orders=links.ACCOUNT_ORDERS,
    )
    return own_page(site, request, "account.html", own, title="Your account", current=links.ACCOUNT)
