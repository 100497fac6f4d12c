"""Price carts with what coupons, tables, catalog and stock say at this moment."""

from collections.abc import Callable, Mapping

import msgspec

from bodega.domain.carts.coupon import UnknownCouponError
from bodega.domain.carts.coupons import Coupons
from bodega.domain.carts.model import Basket, Cart, Goods
from bodega.domain.carts.pricing import Redeemed, price_cart, subtotal_of
from bodega.domain.carts.rates import Rates
from bodega.domain.flows.goods import GoodsReader
from bodega.domain.flows.holding import CartHolds, end_of, units_held
from bodega.errors import Fault, ShopError
from bodega.values.quote import Quote


class CartPrices:
    """Prices. `customer_id` says who asks, None for a guest, and `who` whose uses of a coupon count."""

    def __init__(self, *, coupons: Coupons, rates: Rates, holds: CartHolds, goods: GoodsReader, currency: str) -> None:
        self._coupons = coupons
        self._rates = rates
        self._holds = holds
        self._goods = goods
        self._currency = currency

    def now(self, cart: Cart, customer_id: str | None) -> Basket:
        """Return a cart as it is."""
        hold = self._holds.find(cart)
        basket = self.of(cart, self._goods.of_lines(cart.lines, held=units_held(hold)), customer_id)
        return msgspec.structs.replace(basket, held_until=end_of(hold)) if hold is not None else basket

    def quote(self, cart: Cart, customer_id: str | None, *, who: Callable[[], str] | None) -> Quote:
        """Return what a cart costs, with tables that are looked up anew; raises why it cannot be checked out."""
        hold = self._holds.find(cart)
        # Whether there are enough units is for the hold to find out, which a quote is asked for.
        goods = self._goods.prices_of_lines(cart.lines)
        user = customer_id if who is None or cart.coupon is None else who()
        basket = self.of(cart, goods, customer_id, who=user, current=True)
        if basket.obstacle is not None:
            raise basket.obstacle
        hold_id = hold.id if hold is not None else None
        return msgspec.structs.replace(basket.quote, coupon_user=user, hold_id=hold_id)

    def of(
        self,
        cart: Cart,
        goods: Mapping[str, Goods],
        customer_id: str | None,
        *,
        who: str | None = None,
        current: bool = False,
    ) -> Basket:
        """Return a cart with goods that were read before."""
        redeemed = None
        if cart.coupon is not None:
            subtotal = subtotal_of(cart.lines, goods)
            redeemed = self.redeemed(cart.coupon, subtotal, who=who or customer_id, customer_id=customer_id)
        charges = self._rates.charges(current=current)
        return price_cart(cart, goods, redeemed=redeemed, charges=charges, currency=self._currency)

    def redeemed(self, code: str, subtotal: int, *, who: str | None, customer_id: str | None) -> Redeemed:
        """Return the coupon of a code, or why it does not count for goods of this value."""
        coupon = self._coupons.find(code)
        if coupon is None:
            detail = f"there is no coupon {code[:40]!r}"
            return Redeemed(code, refusal=UnknownCouponError(detail, [Fault("/code", "coupon_unknown", detail)]))
        try:
            self._coupons.check(coupon, subtotal=subtotal, who=who, customer_id=customer_id)
        except ShopError as exc:
            return Redeemed(coupon.code, refusal=exc)
        return Redeemed(coupon.code, coupon)
