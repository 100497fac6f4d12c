"""What an order took beside goods and money comes back when it comes to nothing, once, and only then."""

from datetime import timedelta

import pytest

from bodega.adapters.system.clock import SettableClock
from bodega.domain.carts.coupon import CouponInput, CouponUsedUpError
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact, scope_of
from bodega.ports.payments import PaymentDeclinedError
from bodega.settings import Settings
from bodega.values.address import Address
from bodega.values.money import Money
from bodega.wiring import open_shop

CONTACT = Contact(email="ada@example.com", shipping=Address(name="Ada", line1="1 Mill Lane", city="Bath", country="GB"))


class Desk:
    def __init__(self, folder):
        self.clock = SettableClock()
        self.shop = open_shop(Settings.for_directory(folder), clock=self.clock)
        variants = [VariantInput(sku="MUG", price=Money(500, "GBP"))]
        self.shop.catalog.products.create(ProductInput(title="Mug", status="active", variants=variants))
        self.shop.inventory.set_on_hand({"MUG": 5})
        self.shop.coupons.create(
            CouponInput(code="ONCE", kind="amount", amount=Money(100, "GBP"), limit_total=1, limit_per_customer=1)
        )

    def cart(self):
        cart_id = self.shop.carting.create(lines=[Wanted("MUG", 2)]).cart.id
        self.shop.carting.redeem(cart_id, code="once")
        return cart_id

    def buy(self, cart_id, method="card_approve", *, key="k"):
        basket = self.shop.carting.get(cart_id)
        request = CheckoutRequest(
            scope=scope_of(cart_id=cart_id, customer_id=None),
            key=key,
            cart_id=cart_id,
            price_version=basket.quote.price_version,
            contact=CONTACT,
            method=method,
        )
        return self.shop.buying.buy(request)

    def used(self):
        return self.shop.coupons.get("ONCE").used


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.shop.close()


def test_a_capture_that_is_declined_opens_the_cart_again_and_frees_the_coupon(desk):
    cart_id = desk.cart()

    for _ in range(2):
        with pytest.raises(PaymentDeclinedError):
            desk.buy(cart_id, "card_capture_decline")

    basket = desk.shop.carting.get(cart_id)
    assert (basket.cart.order_id, basket.obstacle, desk.used()) == (None, None, 0)
    order = desk.buy(cart_id, key="another").order
    assert (order.state, order.total, desk.used()) == ("paid", Money(900, "GBP"), 1)
    assert desk.shop.carting.get(cart_id).cart.order_id == order.id
    assert desk.shop.stock.get(sku="MUG").on_hand == 3


def test_an_order_that_is_called_off_frees_its_coupon_and_leaves_its_cart_closed(desk):
    cart_id = desk.cart()
    order = desk.buy(cart_id).order
    with pytest.raises(CouponUsedUpError):
        desk.cart()

    for _ in range(2):
        desk.shop.returning.cancel(order_id=order.id, key="off")

    assert desk.used() == 0
    assert desk.shop.carting.get(cart_id).cart.order_id == order.id
    assert desk.buy(desk.cart()).order.sums.coupon == "ONCE"


def test_an_order_of_which_everything_is_dropped_frees_its_coupon(desk):
    order = desk.buy(desk.cart()).order

    desk.shop.returning.refund(order_id=order.id, key="r", amount=order.total, drop={"MUG": 2})

    assert (desk.shop.orders.get(order.id).state, desk.used()) == ("cancelled", 0)


def test_an_order_that_was_sent_keeps_its_coupon_used_whatever_comes_back(desk):
    order = desk.buy(desk.cart()).order
    desk.shop.returning.fulfil(order_id=order.id, key="p")

    desk.shop.returning.take_back(order_id=order.id, key="b", units={"MUG": 2}, restock=True, refund=order.total)

    assert (desk.shop.orders.get(order.id).state, desk.used()) == ("returned", 1)


def test_money_is_given_up_although_the_cart_is_gone_by_then(desk):
    cart_id = desk.cart()
    order = desk.buy(cart_id, "card_capture_timeout_before").order
    assert order.state == "placed"
    desk.clock.advance(timedelta(days=40).total_seconds())
    desk.shop.world.table.sweep_expired(limit=100)

    desk.shop.checkout_recovery.work_once()

    assert desk.shop.orders.get(order.id).state == "paid"
    desk.shop.returning.cancel(order_id=order.id, key="off")
    assert (desk.shop.orders.get(order.id).state, desk.used()) == ("cancelled", 0)


def test_calling_off_what_cost_nothing_twice_is_one_act(desk):
    desk.shop.coupons.create(CouponInput(code="GIFT", kind="percent", percent="100"))
    cart_id = desk.shop.carting.create(lines=[Wanted("MUG", 1)]).cart.id
    desk.shop.carting.redeem(cart_id, code="gift")
    order = desk.buy(cart_id, "").order

    once, twice = (desk.shop.returning.cancel(order_id=order.id, key="off") for _ in range(2))

    assert once == twice
    assert (once.state, desk.shop.coupons.get("GIFT").used) == ("cancelled", 0)
    assert desk.shop.stock.get(sku="MUG").on_hand == 5
