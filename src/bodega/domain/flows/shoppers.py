"""Gather what is known of a shopper: their orders, their stars, what they looked at, what lies in their cart."""

from collections.abc import Sequence
from datetime import datetime

from bodega.domain.catalog.records import is_id
from bodega.domain.orders.model import Order
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.shopper import Purchase, Shopper
from bodega.domain.reviews.service import Reviews

MOST_ORDERS = 50
"""So many of a customer's newest orders are read for a list."""
MOST_REVIEWS = 100
_DAY = 86400.0


class Shoppers:
    """Shoppers as they are at this moment: an order or a review counts with the next list."""

    def __init__(self, *, orders: Orders, reviews: Reviews) -> None:
        self._orders = orders
        self._reviews = reviews

    def gather(
        self,
        customer_id: str | None,
        *,
        viewed: Sequence[str] = (),
        in_cart: Sequence[str] = (),
        as_of: datetime | None = None,
    ) -> Shopper:
        """Return what is known of a customer, or of somebody nobody knows.

        Ages count from the newest order that is known, be it theirs or the shop's `as_of`, not from today: tastes do
        not fade while a shop is closed.
        """
        seen = list(dict.fromkeys(p for p in viewed if is_id(p)))
        cart = list(dict.fromkeys(p for p in in_cart if is_id(p)))
        if customer_id is None or not is_id(customer_id):
            return Shopper(viewed=seen, in_cart=cart)
        orders = self._orders.list_by_customer(customer_id, limit=MOST_ORDERS)
        reviews = self._reviews.list_by_customer(customer_id, limit=MOST_REVIEWS).rows
        return Shopper(
            bought=_bought(orders, as_of),
            stars={review.product_id: review.rating for review in reviews if review.status != "rejected"},
            viewed=seen,
            in_cart=cart,
        )


def _bought(orders: Sequence[Order], as_of: datetime | None) -> list[Purchase]:
    """Return the purchases that were kept: what was called off or sent back says nothing."""
    if not orders:
        return []
    newest = max(order.placed_at for order in orders)
    reference = max(newest, as_of or newest)
    return [
        Purchase(line.product_id, (reference - order.placed_at).total_seconds() / _DAY)
        for order in orders
        for line in order.kept_lines
    ]
