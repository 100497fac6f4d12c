"""Give back what an order took beside goods and money, if it comes to nothing: its cart, and its coupon's use."""

from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.service import Carts
from bodega.domain.orders.model import Order
from bodega.domain.writes import WritePlan


class Unselling:
    """Adds to the transaction that calls an order off; its commit raises StaleVersionError if things moved."""

    def __init__(self, *, carts: Carts, coupons: Coupons) -> None:
        self._carts = carts
        self._coupons = coupons

    def add_called_off(self, plan: WritePlan, *, before: Order, after: Order) -> None:
        """Take back the use of the coupon, if this is the change that calls the order off."""
        sums = after.sums
        if after.state == "cancelled" != before.state and sums is not None and sums.coupon is not None:
            self._coupons.plan_return(plan, sums.coupon, who=sums.coupon_user)

    def add_not_paid(self, plan: WritePlan, *, before: Order, after: Order) -> None:
        """Do that, and open the cart again: its shopper wanted to buy it, and it was the bank that did not."""
        self.add_called_off(plan, before=before, after=after)
        if after.state == "cancelled" != before.state and after.cart_id:
            self._carts.plan_reopening(plan, after.cart_id, order_id=after.id)
