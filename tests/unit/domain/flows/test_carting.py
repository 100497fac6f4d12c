import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bodega.adapters.system.clock import SettableClock
from bodega.domain.carts.coupon import CouponInput, CouponUsedUpError, ForeignCouponError
from bodega.domain.carts.model import (
    Cart,
    CartChangedError,
    CartOrderedError,
    EmptyCartError,
    TooFewError,
    UnavailableLinesError,
)
from bodega.domain.carts.service import CUSTOMER_SECONDS, GUEST_SECONDS
from bodega.domain.carts.tax import TaxRate, TaxTable
from bodega.domain.catalog.model import ProductInput, ScheduledPrice, VariantInput
from bodega.domain.flows.carting import Carting, Wanted
from bodega.domain.shop import Shop
from bodega.domain.writes import WritePlan
from bodega.errors import InvalidError, NotFoundError, StaleVersionError
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop


@dataclass
class Corner:
    """A shop with three products, and the clock that it goes by."""

    shop: Shop
    clock: SettableClock
    ids: dict[str, str]

    @property
    def carting(self) -> Carting:
        return self.shop.carting

    def sell(self, sku: str, price: int, **fields) -> str:
        variant = VariantInput(sku=sku, price=Money(price, "GBP"), **fields.pop("variant", {}))
        given = ProductInput(**({"title": sku.title(), "status": "active", "variants": [variant]} | fields))
        self.ids[sku] = self.shop.catalog.products.create(given).id
        return self.ids[sku]

    def cart(self, *, customer_id=None, **lines: int) -> str:
        wanted = [Wanted(sku, quantity) for sku, quantity in lines.items()]
        return self.carting.create(lines=wanted, customer_id=customer_id).cart.id

    def lines(self, cart_id: str, **who) -> dict[str, int]:
        return {line.sku: line.quantity for line in self.carting.get(cart_id, **who).cart.lines}

    def order(self, quote, order_id="ord_1", customer_id=None):
        plan = WritePlan()
        self.carting.add_order(plan=plan, quote=quote, order_id=order_id, customer_id=customer_id)
        plan.commit(self.shop.world.table)


@pytest.fixture
def corner(tmp_path):
    clock = SettableClock()
    shop = open_shop(Settings.for_directory(tmp_path / "shop"), clock=clock)
    corner = Corner(shop, clock, {})
    for sku, price in (("MUG", 500), ("CUP", 300), ("POT", 2000)):
        corner.sell(sku, price)
    yield corner
    shop.close()


# -- prices


def test_a_scheduled_price_holds_from_its_moment_without_anybody_doing_anything(corner):
    start = corner.clock.now() + timedelta(hours=1)
    sale = ScheduledPrice(price=Money(250, "GBP"), valid_from=start, valid_until=start + timedelta(hours=1))
    corner.sell("SALE", 400, variant={"schedule": [sale]})
    cart_id = corner.cart(SALE=2)

    before = corner.carting.get(cart_id).quote.total.amount
    corner.clock.advance(3600)
    during = corner.carting.get(cart_id)
    corner.clock.advance(3600)
    after = corner.carting.get(cart_id).quote.total.amount

    assert (before, during.quote.total.amount, after) == (800, 500, 800)
    assert [notice.code for notice in during.notices] == ["price_changed"]


def test_a_products_tax_class_is_its_attribute(corner):
    rates = [TaxRate("*", "20"), TaxRate("*", "5", "books")]
    corner.shop.rates.set_tax(TaxTable(rates=rates, prices_include_tax=False), expected_version=None)
    corner.sell("BOOK", 1000, attributes={"tax_class": "books"})

    quote = corner.carting.get(corner.cart(MUG=1, BOOK=1)).quote

    assert [line.tax for line in quote.lines] == [100, 50]


def test_a_sku_that_moved_to_another_product_is_found_there(corner):
    cart_id = corner.cart(MUG=1)
    products = corner.shop.catalog.products
    products.patch(corner.ids["MUG"], {"variants": [{"sku": "OLD"}]}, expected_version=None)
    moved = corner.sell("MUG", 700, title="Better mug")

    line = corner.carting.get(cart_id).quote.lines[0]

    assert (line.product_id, line.unit_price.amount) == (moved, 700)


def test_a_variant_is_named_with_its_options(corner):
    corner.sell("RED", 100, title="Mug", variant={"options": {"colour": "red", "size": "L"}})

    assert corner.carting.get(corner.cart(RED=1)).quote.lines[0].name == "Mug, red, L"


def test_backordered_goods_can_be_had_in_any_number(corner):
    from bodega.domain.inventory.stock import Stock  # noqa: PLC0415

    world = corner.shop.world
    corner.shop.inventory.set_on_hand({"POT": 1})
    cart_id = corner.cart()
    with pytest.raises(TooFewError) as refused:
        corner.carting.add(cart_id, sku="POT", quantity=2)
    Stock(table=world.table, clock=world.clock, ids=world.ids).configure(sku="POT", backorder=True)

    basket = corner.carting.add(cart_id, sku="POT", quantity=2)

    assert refused.value.available == 1
    assert basket.notices == ()


# -- changes


def test_lowering_a_quantity_is_allowed_although_fewer_are_left(corner):
    corner.shop.inventory.set_on_hand({"POT": 9})
    cart_id = corner.cart(POT=9)
    corner.shop.inventory.set_on_hand({"POT": 2})

    basket = corner.carting.set_quantity(cart_id, sku="POT", quantity=5)

    assert [notice.code for notice in basket.notices] == ["insufficient_stock"]
    with pytest.raises(TooFewError):
        corner.carting.set_quantity(cart_id, sku="POT", quantity=6)


def test_one_change_is_one_transaction_and_reads_write_nothing(corner):
    cart_id = corner.cart(MUG=1)
    written = []
    table = corner.shop.world.table
    original, table.transact = table.transact, lambda *a, **k: (written.append(a), original(*a, **k))[1]

    corner.carting.add(cart_id, sku="CUP", quantity=1)
    corner.carting.get(cart_id)

    assert len(written) == 1
    assert len(written[0][0]) == 1


def test_threads_that_add_to_one_cart_lose_nothing(corner):
    cart_id = corner.cart()
    barrier = threading.Barrier(4)

    def add(_):
        barrier.wait()
        corner.carting.add(cart_id, sku="MUG", quantity=1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))

    assert corner.lines(cart_id) == {"MUG": 4}


# -- whose carts they are


def test_a_customers_cart_is_not_found_by_anybody_else(corner):
    cart_id = corner.cart(customer_id="cus_a", MUG=1)

    for other in (None, "cus_b"):
        with pytest.raises(NotFoundError):
            corner.carting.get(cart_id, customer_id=other)
        with pytest.raises(NotFoundError):
            corner.carting.remove(cart_id, sku="MUG", customer_id=other)
        with pytest.raises(NotFoundError):
            corner.carting.quote(cart_id, customer_id=other)
    with pytest.raises(NotFoundError):
        corner.carting.merge(cart_id, customer_id="cus_b")
    assert corner.carting.find_of_customer("cus_a").id == cart_id
    assert corner.carting.find_of_customer("cus_b") is None


def test_at_first_sign_in_the_guests_cart_becomes_the_customers(corner):
    cart_id = corner.cart(MUG=2)

    merged = corner.carting.merge(cart_id, customer_id="cus_a")

    assert merged.cart.id == cart_id
    assert corner.carting.find_of_customer("cus_a").id == cart_id
    with pytest.raises(NotFoundError):
        corner.carting.get(cart_id)
    assert corner.carting.merge(cart_id, customer_id="cus_a").cart.version == merged.cart.version


def test_at_a_later_sign_in_two_carts_become_one_and_the_guests_ends(corner):
    own = corner.cart(customer_id="cus_a", MUG=9_000, CUP=1)
    guest = corner.cart(MUG=2_000, POT=3)

    merged = corner.carting.merge(guest, customer_id="cus_a")

    assert merged.cart.id == own
    assert corner.lines(own, customer_id="cus_a") == {"MUG": 10_000, "CUP": 1, "POT": 3}
    for who in (None, "cus_a"):
        with pytest.raises(NotFoundError):
            corner.carting.get(guest, customer_id=who)
    with pytest.raises(NotFoundError):
        corner.carting.merge(guest, customer_id="cus_a")
    assert corner.lines(own, customer_id="cus_a")["MUG"] == 10_000


def test_merging_keeps_a_hundred_lines_and_the_customers_first(corner):
    variants = [VariantInput(sku=f"V{n}", price=Money(1, "GBP"), title=str(n)) for n in range(50)]
    for part in range(3):
        named = [VariantInput(sku=f"{part}-{v.sku}", price=v.price, title=v.title) for v in variants]
        corner.shop.catalog.products.create(ProductInput(title=f"P{part}", status="active", variants=named))
    own = corner.cart(customer_id="cus_a", **{f"0-V{n}": 1 for n in range(50)}, **{f"1-V{n}": 1 for n in range(30)})
    guest = corner.cart(**{f"2-V{n}": 1 for n in range(50)})

    lines = corner.carting.merge(guest, customer_id="cus_a").cart.lines

    assert len(lines) == 100
    assert {line.sku for line in lines} >= {
        line.sku for line in corner.carting.get(own, customer_id="cus_a").cart.lines
    }
    assert lines[-1].sku == "2-V19"


def test_a_merge_that_races_with_a_change_loses_neither(corner):
    own = corner.cart(customer_id="cus_a", CUP=1)
    guest = corner.cart(MUG=1)
    barrier = threading.Barrier(2)

    def merge():
        barrier.wait()
        corner.carting.merge(guest, customer_id="cus_a")

    def add():
        barrier.wait()
        corner.carting.add(own, sku="POT", quantity=1, customer_id="cus_a")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(merge), pool.submit(add)]:
            done.result()

    assert corner.lines(own, customer_id="cus_a") == {"CUP": 1, "MUG": 1, "POT": 1}


def test_a_customers_cart_lives_longer_than_a_guests(corner):
    guest, own = corner.cart(MUG=1), corner.cart(customer_id="cus_a", MUG=1)
    corner.clock.advance(GUEST_SECONDS)

    with pytest.raises(NotFoundError):
        corner.carting.get(guest)
    assert corner.lines(own, customer_id="cus_a") == {"MUG": 1}
    corner.clock.advance(CUSTOMER_SECONDS)
    assert corner.carting.find_of_customer("cus_a") is None
    fresh = corner.cart(customer_id="cus_a", CUP=1)
    assert corner.carting.find_of_customer("cus_a").id == fresh


def test_erasing_a_customer_takes_their_cart_along(corner):
    own = corner.cart(customer_id="cus_a", MUG=1)

    corner.shop.carts.forget_customer("cus_a")
    corner.shop.carts.forget_customer("cus_a")

    with pytest.raises(NotFoundError):
        corner.carting.get(own, customer_id="cus_a")


def test_a_cart_is_stored_with_nobodys_price_in_it_that_counts(corner):
    cart_id = corner.cart(MUG=1)
    cart = corner.shop.carts.get(cart_id)

    assert isinstance(cart, Cart)
    assert not {"total", "subtotal", "discount", "tax"} & set(cart.__struct_fields__)


# -- quotes


def test_what_is_quoted_is_what_was_shown(corner):
    basket = corner.carting.get(corner.cart(MUG=2, POT=1))

    quote = corner.carting.quote(basket.cart.id)

    quote.check()
    assert quote.price_version == basket.quote.price_version
    assert (quote.cart_id, quote.cart_version) == (basket.cart.id, basket.cart.version)
    corner.shop.catalog.products.patch(
        corner.ids["POT"],
        {"variants": [{"sku": "POT", "price": {"amount": 1, "currency": "GBP"}}]},
        expected_version=None,
    )
    assert corner.carting.quote(basket.cart.id).price_version != quote.price_version


def test_a_cart_that_cannot_be_sold_is_not_quoted(corner):
    empty, gone = corner.cart(), corner.cart(MUG=1, CUP=1)
    corner.shop.catalog.products.archive(corner.ids["CUP"], expected_version=None)

    with pytest.raises(EmptyCartError):
        corner.carting.quote(empty)
    with pytest.raises(UnavailableLinesError) as refused:
        corner.carting.quote(gone)

    assert refused.value.skus == ("CUP",)


def test_a_cart_becomes_an_order_once_and_then_stays_as_it_is(corner):
    cart_id = corner.cart(customer_id="cus_a", MUG=1)
    quote = corner.carting.quote(cart_id, customer_id="cus_a")

    corner.order(quote, customer_id="cus_a")

    with pytest.raises(CartOrderedError):
        corner.order(quote, "ord_2", customer_id="cus_a")
    with pytest.raises(CartOrderedError):
        corner.carting.add(cart_id, sku="MUG", quantity=1, customer_id="cus_a")
    with pytest.raises(CartOrderedError):
        corner.carting.quote(cart_id, customer_id="cus_a")
    assert corner.carting.get(cart_id, customer_id="cus_a").cart.order_id == "ord_1"
    assert corner.carting.find_of_customer("cus_a") is None


def test_two_orders_that_were_planned_at_once_leave_one(corner):
    quote = corner.carting.quote(corner.cart(MUG=1))
    plans = [WritePlan(), WritePlan()]
    for number, plan in enumerate(plans):
        corner.carting.add_order(plan=plan, quote=quote, order_id=f"ord_{number}", customer_id=None)

    plans[0].commit(corner.shop.world.table)

    with pytest.raises(CartOrderedError):
        plans[1].commit(corner.shop.world.table)


def test_a_cart_that_changed_after_the_quote_is_not_sold_as_quoted(corner):
    cart_id = corner.cart(MUG=1)
    quote = corner.carting.quote(cart_id)
    early = WritePlan()
    corner.carting.add_order(plan=early, quote=quote, order_id="ord_1", customer_id=None)
    corner.carting.add(cart_id, sku="POT", quantity=1)

    with pytest.raises(CartChangedError):
        early.commit(corner.shop.world.table)
    with pytest.raises(CartChangedError):
        corner.order(quote)
    corner.carting.merge(cart_id, customer_id="cus_a")
    with pytest.raises(CartChangedError):
        corner.order(quote)


def test_a_coupon_is_counted_with_the_order_and_refuses_the_next(corner):
    corner.shop.coupons.create(CouponInput(code="ONE", kind="percent", percent="50", limit_total=1))
    first, second = corner.cart(MUG=1), corner.cart(MUG=1)
    for cart_id in (first, second):
        corner.carting.redeem(cart_id, code="one")
    quotes = [corner.carting.quote(cart_id, who=lambda: "digest") for cart_id in (first, second)]

    corner.order(quotes[0])

    with pytest.raises(CouponUsedUpError):
        corner.order(quotes[1], "ord_2")
    with pytest.raises(CouponUsedUpError):
        corner.carting.quote(second)
    assert corner.carting.get(second).cart.order_id is None
    assert corner.carting.get(second).quote.discount.amount == 0


def test_a_customers_own_coupon_is_theirs_alone(corner):
    corner.shop.coupons.create(CouponInput(code="MINE", kind="percent", percent="50", customer_id="cus_a"))
    own, guest = corner.cart(customer_id="cus_a", MUG=1), corner.cart(MUG=1)

    assert corner.carting.redeem(own, code="mine", customer_id="cus_a").quote.discount.amount == 250
    with pytest.raises(ForeignCouponError):
        corner.carting.redeem(guest, code="mine")
    with pytest.raises(ForeignCouponError):
        corner.carting.redeem(corner.cart(customer_id="cus_b", MUG=1), code="mine", customer_id="cus_b")


def test_a_stale_version_changes_nothing(corner):
    cart_id = corner.cart(MUG=1)
    corner.carting.add(cart_id, sku="MUG", quantity=1)

    with pytest.raises(StaleVersionError) as refused:
        corner.carting.clear(cart_id, expected_version=1)

    assert refused.value.current == 2
    assert corner.lines(cart_id) == {"MUG": 2}


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 1.0, True, None])
def test_a_quantity_that_is_none_is_refused_here_as_well(corner, quantity):
    cart_id = corner.cart(MUG=1)

    with pytest.raises(InvalidError):
        corner.carting.add(cart_id, sku="MUG", quantity=quantity)
    with pytest.raises(InvalidError):
        corner.carting.set_quantity(cart_id, sku="MUG", quantity=quantity)
    assert corner.lines(cart_id) == {"MUG": 1}
