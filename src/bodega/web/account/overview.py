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
from bodega.web.storefront.cards import CardView
from bodega.web.storefront.reasons import suggestion_views

_ORDERS = 3
_SUGGESTIONS = 8


class AccountOverview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page of an account."""

    orders: Sequence[OrderRow]
    more: bool
    suggested: Sequence[CardView]
    personal: bool
    all_orders: Href


def account_page(site: Site, request: Request) -> Response:
    """Answer with the overview."""
    customer_id = signed_in(site, request).account.id
    page = site.shop.orders.page_by_customer(customer_id, limit=_ORDERS)
    found = site.shop.recommender.suggest(placement="account", customer_id=customer_id, limit=_SUGGESTIONS)
    own = AccountOverview(
        orders=order_rows(site, page.rows),
        more=page.next is not None,
        suggested=suggestion_views(found.items, site.shop.catalog.shelves),
        personal=found.fallback is None,
        all_orders=links.ACCOUNT_ORDERS,
    )
    return own_page(site, request, "account.html", own, title="Your account", current=links.ACCOUNT)
