"""Play stock, carts, coupons, checkout and orders of a real shop against a model of it, step by step."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from shop_model import CartModel, CouponModel, Refused, ShopModel

from bodega.adapters.system.clock import SettableClock
from bodega.domain.carts.coupon import CouponInput
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.flows.checkout_request import Address, CheckoutRequest, Contact
from bodega.errors import InvalidError, ShopError
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop
from bodega.worker.payments import deliver_webhooks

SKUS = ("MUG", "TEA", "HOT")
ADDRESS = Address(name="Ada", line1="1 Mill Lane", city="Bath", country="GB")
CARDS = ("card_approve", "card_approve", "card_timeout_after", "card_capture_timeout_after", "card_decline")
PEOPLE = ("ada@example.com", "bob@example.com")
COUPONS = {
    "TENTH": CouponModel("percent", 10, limit_total=3),
    "FIVER": CouponModel("amount", 500, limit_each=1),
}
skus = st.sampled_from(SKUS)
cards = st.sampled_from(CARDS)
people = st.sampled_from(PEOPLE)
wishes = st.lists(st.tuples(skus, st.integers(1, 3)), min_size=1, max_size=3)
coupons = st.none() | st.sampled_from(sorted(COUPONS))


def money(amount):
    return Money(amount, "GBP")


class WholeShop(RuleBasedStateMachine):
    carts = Bundle("carts")
    orders = Bundle("orders")

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.clock = SettableClock()
        self.shop = open_shop(Settings.for_directory(Path(self.folder.name) / "data"), clock=self.clock)
        self.products = {}
        for sku in SKUS:
            product = ProductInput(title=sku, status="active", variants=[VariantInput(sku=sku, price=money(500))])
            self.products[sku] = self.shop.catalog.products.create(product).id
        levels = {"MUG": 5, "TEA": 12, "HOT": 20}
        self.shop.inventory.set_on_hand(levels)
        self.shop.stock.configure(sku="HOT", buckets=3)
        for code, coupon in COUPONS.items():
            value = {"percent": str(coupon.value)} if coupon.kind == "percent" else {"amount": money(coupon.value)}
            limits = {"limit_total": coupon.limit_total, "limit_per_customer": coupon.limit_each}
            self.shop.coupons.create(CouponInput(code=code, kind=coupon.kind, **value, **limits))
        coupons = {code: CouponModel(c.kind, c.value, c.limit_total, c.limit_each) for code, c in COUPONS.items()}
        self.model = ShopModel(dict.fromkeys(SKUS, 500), Counter(levels), coupons, self.now())
        self.number = 0
        self.looked = {}

    def now(self):
        return int(self.clock.now().timestamp())

    def teardown(self):
        if hasattr(self, "shop"):
            self.shop.close()
            self.folder.cleanup()

    def both(self, real, model):
        """Do it in the shop and in the model; both do it, or both refuse it for the same reason."""
        try:
            model()
            expected = "done"
        except Refused as refused:
            expected = str(refused)
        result, found = None, "done"
        try:
            result = real()
        except ShopError as exc:
            # Some faults of a request have no code of their own.
            found = "invalid" if isinstance(exc, InvalidError) and exc.code != expected else exc.code
        assert found == expected
        return result

    def key(self):
        self.number += 1
        return f"key-{self.number}"

    # -- staff at the shelves

    @rule(sku=skus, change=st.integers(-6, 6))
    def adjust(self, sku, change):
        self.both(
            lambda: self.shop.stock.adjust(sku=sku, change=change, reason="delivery"),
            lambda: self.model.adjust(sku, change),
        )

    @rule(sku=skus, found=st.integers(0, 15), off=st.sampled_from([0, 0, 0, 1]))
    def count(self, sku, found, off):
        believed = self.model.on_hand[sku] + off
        self.both(
            lambda: self.shop.stock.set(sku=sku, on_hand=found, expected=believed, reason="count"),
            lambda: self.model.count(sku, found, believed),
        )

    @rule(sku=skus, price=st.sampled_from([333, 500, 1005]))
    def reprice(self, sku, price):
        variants = [{"sku": sku, "price": {"amount": price, "currency": "GBP"}}]
        self.shop.catalog.products.patch(self.products[sku], {"variants": variants}, expected_version=None)
        self.model.prices[sku] = price

    # -- shoppers with carts

    @rule(target=carts, wishes=wishes, coupon=coupons)
    def new_cart(self, wishes, coupon):
        cart_id = self.shop.carting.create().cart.id
        self.model.carts[cart_id] = CartModel()
        for sku, quantity in wishes:
            self.add(cart_id, sku, quantity)
        if coupon is not None:
            self.redeem(cart_id, coupon)
        return cart_id

    @rule(cart_id=carts, sku=skus, quantity=st.integers(1, 4))
    def add(self, cart_id, sku, quantity):
        self.both(
            lambda: self.shop.carting.add(cart_id, sku=sku, quantity=quantity),
            lambda: self.model.add(cart_id, sku, quantity),
        )

    @rule(cart_id=carts, sku=skus, quantity=st.integers(0, 4))
    def change(self, cart_id, sku, quantity):
        if sku not in self.model.carts[cart_id].lines:
            return
        change = self.shop.carting.set_quantity if quantity else self.shop.carting.remove
        how = {"quantity": quantity} if quantity else {}
        self.both(lambda: change(cart_id, sku=sku, **how), lambda: self.model.put(cart_id, sku, quantity))

    @rule(cart_id=carts, code=st.sampled_from(sorted(COUPONS)))
    def redeem(self, cart_id, code):
        self.both(
            lambda: self.shop.carting.redeem(cart_id, code=code.lower()), lambda: self.model.redeem(cart_id, code)
        )

    @rule(cart_id=carts)
    def drop_coupon(self, cart_id):
        self.both(lambda: self.shop.carting.drop_coupon(cart_id), lambda: self.model.drop_coupon(cart_id))

    @rule(cart_id=carts)
    def hold(self, cart_id):
        self.both(lambda: self.shop.carting.hold(cart_id), lambda: self.model.hold(cart_id))

    # -- buying

    @rule(target=orders, cart_id=carts, card=cards, who=people, stale=st.booleans(), times=st.integers(1, 2))
    def check_out(self, cart_id, card, who, stale, times):
        """Buy a cart at the prices of now, or at those that its shopper saw when they last wanted to."""
        now = self.shop.carting.get(cart_id).quote.price_version, self.model.view(cart_id)
        price_version, view = self.looked.get(cart_id, now) if stale else now
        self.looked[cart_id] = now
        request = CheckoutRequest(
            scope="guests",
            key=self.key(),
            cart_id=cart_id,
            price_version=price_version,
            contact=Contact(email=who, shipping=ADDRESS),
            method=card,
        )
        name = f"order {self.number}"
        receipt = self.both(
            lambda: self.shop.buying.buy(request),
            lambda: self.model.check_out(cart_id, name, who=who, seen=view, declined=card == "card_decline"),
        )
        if receipt is None:
            return multiple()
        for _ in range(times - 1):
            assert self.shop.buying.buy(request).order == receipt.order
        self.shop.checkout_recovery.work_once()
        self.model.orders[receipt.order.id] = self.model.orders.pop(name)
        self.settle()
        return receipt.order.id

    @rule(target=orders, wishes=wishes, coupon=coupons, who=people, held=st.booleans())
    def buy_at_once(self, wishes, coupon, who, held):
        cart_id = self.new_cart(wishes, coupon)
        if held:
            self.hold(cart_id)
        return self.check_out(cart_id, card="card_approve", who=who, stale=False, times=2)

    @rule(order_id=orders, restock=st.booleans())
    def cancel(self, order_id, restock):
        self.both(
            lambda: self.shop.returning.cancel(order_id=order_id, key=self.key(), restock=restock),
            lambda: self.model.cancel(order_id, restock=restock),
        )

    @rule(order_id=orders)
    def send(self, order_id):
        units = self.model.orders[order_id].units
        self.both(
            lambda: self.shop.returning.fulfil(order_id=order_id, key=self.key(), units=units),
            lambda: self.model.send(order_id),
        )

    @rule(order_id=orders, sku=skus, units=st.integers(1, 4), restock=st.booleans())
    def take_back(self, order_id, sku, units, restock):
        self.both(
            lambda: self.shop.returning.take_back(
                order_id=order_id, key=self.key(), units={sku: units}, restock=restock
            ),
            lambda: self.model.take_back(order_id, sku, units, restock=restock),
        )

    @rule(order_id=orders, amount=st.integers(1, 3000))
    def refund(self, order_id, amount):
        key = self.key()
        refund = lambda: self.shop.returning.refund(order_id=order_id, key=key, amount=money(amount))  # noqa: E731
        if self.both(refund, lambda: self.model.refund(order_id, amount)) is not None:
            refund()  # the same key again gives nothing twice

    # -- the world

    @rule(seconds=st.sampled_from([1, 30, 61, 600, 1000]))
    def wait(self, seconds):
        self.clock.advance(seconds)
        self.model.now = self.now()

    @rule()
    def settle(self):
        self.shop.checkout_recovery.work_once()
        deliver_webhooks(self.shop)
        self.shop.holds.sweep()
        self.shop.stock.tend()

    @invariant()
    def both_shops_are_the_same(self):
        if not hasattr(self, "model"):
            return
        for sku in SKUS:
            level = self.shop.stock.get(sku=sku)
            assert (level.on_hand, level.held) == (self.model.on_hand[sku], self.model.held(sku)), sku
        for cart_id, cart in self.model.carts.items():
            basket = self.shop.carting.get(cart_id)
            assert {line.sku: line.quantity for line in basket.cart.lines} == cart.lines
            assert basket.quote.total == money(self.model.view(cart_id)[2])
            assert (basket.held_until is not None) == (cart.held_until > self.model.now)
            assert (basket.cart.order_id is not None) == cart.sold
        for order_id, known in self.model.orders.items():
            order = self.shop.orders.get(order_id)
            assert (order.state, order.captured, order.refunded) == (
                known.state,
                money(known.taken),
                money(known.given),
            )
        for code, coupon in self.model.coupons.items():
            assert self.shop.coupons.get(code).used == coupon.used.total()


def play(**form):
    run_state_machine_as_test(WholeShop, settings=settings(deadline=None, **form))


def test_the_whole_shop_is_as_its_model():
    play(max_examples=15, stateful_step_count=30, derandomize=True)


@pytest.mark.slow
def test_long_ten_thousand_steps_of_the_whole_shop_are_as_its_model():
    play(max_examples=250, stateful_step_count=50)
