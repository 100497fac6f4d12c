"""A shop that fits on one page: dictionaries and whole numbers, no storage, no concurrency, no clock of its own."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

CART_HOLD_SECONDS = 600
SLOT_SECONDS = 60


@dataclass
class CartModel:
    lines: dict = field(default_factory=dict)
    coupon: str | None = None
    held_until: int = 0
    sold: bool = False


@dataclass
class CouponModel:
    kind: str
    value: int
    limit_total: int | None = None
    limit_each: int | None = None
    used: Counter = field(default_factory=Counter)


@dataclass
class OrderModel:
    units: dict
    taken: int
    who: str
    coupon: str | None = None
    given: int = 0
    state: str = "paid"
    back: Counter = field(default_factory=Counter)
    sent: bool = False


class Refused(Exception):  # noqa: N818  # it is no error of the model
    """What a shop would refuse, by the code that it would say."""


@dataclass
class ShopModel:
    prices: dict
    on_hand: Counter
    coupons: dict
    now: int
    carts: dict = field(default_factory=dict)
    orders: dict = field(default_factory=dict)

    # -- stock

    def held(self, sku, *, but=None):
        """Return how many units are promised to carts, one of them maybe left out."""
        return sum(
            cart.lines.get(sku, 0)
            for cart_id, cart in self.carts.items()
            if cart.held_until > self.now and cart_id != but
        )

    def available(self, sku, *, cart_id=None):
        return self.on_hand[sku] - self.held(sku, but=cart_id)

    def adjust(self, sku, change):
        refuse_if(change == 0, "invalid")
        refuse_if(change < 0 and self.available(sku) < -change, "insufficient_stock")
        self.on_hand[sku] += change

    def count(self, sku, found, believed):
        refuse_if(believed != self.on_hand[sku], "stock_changed")
        refuse_if(found < self.held(sku), "insufficient_stock")
        self.on_hand[sku] = found

    # -- carts

    def put(self, cart_id, sku, quantity):
        """Let a line have so many units, 0 for none."""
        cart = self.open_cart(cart_id)
        refuse_if(quantity > cart.lines.get(sku, 0) and quantity > self.available(sku, cart_id=cart_id), SHORT)
        if cart.lines.get(sku, 0) != quantity:
            cart.held_until = 0
        cart.lines[sku] = quantity
        if quantity == 0:
            del cart.lines[sku]

    def add(self, cart_id, sku, quantity):
        cart = self.open_cart(cart_id)
        total = cart.lines.get(sku, 0) + quantity
        refuse_if(total > self.available(sku, cart_id=cart_id), SHORT)
        self.put(cart_id, sku, total)

    def redeem(self, cart_id, code):
        cart = self.open_cart(cart_id)
        refuse_if(self.is_used_up(code), "coupon_used_up")
        cart.coupon = code

    def drop_coupon(self, cart_id):
        cart = self.open_cart(cart_id)
        refuse_if(cart.coupon is None, "not_found")
        cart.coupon = None

    def hold(self, cart_id):
        cart = self.open_cart(cart_id)
        refuse_if(not cart.lines, "cart_empty")
        if cart.held_until <= self.now:
            self.require_units(cart_id)
            cart.held_until = -(-(self.now + CART_HOLD_SECONDS) // SLOT_SECONDS) * SLOT_SECONDS

    def open_cart(self, cart_id):
        refuse_if(self.carts[cart_id].sold, "cart_ordered")
        return self.carts[cart_id]

    def require_units(self, cart_id):
        lines = self.carts[cart_id].lines
        refuse_if(any(self.available(sku, cart_id=cart_id) < n for sku, n in lines.items()), SHORT)

    # -- prices

    def is_used_up(self, code, *, who=None):
        coupon = self.coupons[code]
        if coupon.limit_total is not None and coupon.used.total() >= coupon.limit_total:
            return True
        return who is not None and coupon.limit_each is not None and coupon.used[who] >= coupon.limit_each

    def view(self, cart_id):
        """Return everything about a cart's prices that its shopper sees."""
        cart = self.carts[cart_id]
        lines = [(sku, quantity, self.prices[sku]) for sku, quantity in cart.lines.items()]
        subtotal = sum(quantity * price for _, quantity, price in lines)
        counts = cart.coupon is not None and not self.is_used_up(cart.coupon)
        return (
            lines,
            cart.coupon if counts else None,
            subtotal - (self.discount(cart.coupon, subtotal) if counts else 0),
        )

    def discount(self, code, subtotal):
        coupon = self.coupons[code]
        if coupon.kind == "percent":
            return round(Fraction(subtotal * coupon.value, 100))  # halves go to the even one
        return min(subtotal, coupon.value)

    # -- buying and what follows

    def check_out(self, cart_id, order_id, *, who, seen, declined):
        cart = self.open_cart(cart_id)
        refuse_if(not cart.lines, "cart_empty")
        refuse_if(cart.coupon is not None and self.is_used_up(cart.coupon, who=who), "coupon_used_up")
        refuse_if(seen != self.view(cart_id), "price_changed")
        self.require_units(cart_id)
        total = self.view(cart_id)[2]
        if declined and total:
            cart.held_until = 0
            raise Refused("payment_declined")
        for sku, quantity in cart.lines.items():
            self.on_hand[sku] -= quantity
        if cart.coupon is not None:
            self.coupons[cart.coupon].used[who] += 1
        cart.sold, cart.held_until = True, 0
        self.orders[order_id] = OrderModel(dict(cart.lines), total, who, cart.coupon)

    def cancel(self, order_id, *, restock):
        order = self.orders[order_id]
        refuse_if(order.state != "paid", "illegal_move")
        order.state, order.given = "cancelled", order.taken
        if restock:
            self.on_hand.update(order.units)
        if order.coupon is not None:
            self.coupons[order.coupon].used[order.who] -= 1

    def send(self, order_id):
        order = self.orders[order_id]
        refuse_if(order.state != "paid", "illegal_move")
        order.state, order.sent = "fulfilled", True

    def take_back(self, order_id, sku, units, *, restock):
        order = self.orders[order_id]
        refuse_if(order.state not in {"paid", "fulfilled", "delivered"}, "illegal_move")
        refuse_if(units > (order.units.get(sku, 0) - order.back[sku] if order.sent else 0), "invalid")
        order.back[sku] += units
        if order.back == Counter(order.units):
            order.state = "returned"
        if restock:
            self.on_hand[sku] += units

    def refund(self, order_id, amount):
        order = self.orders[order_id]
        refuse_if(order.taken == 0, "illegal_move")
        refuse_if(amount > order.taken - order.given, "refund_too_large")
        order.given += amount


SHORT = "insufficient_stock"


def refuse_if(so, code):
    if so:
        raise Refused(code)
