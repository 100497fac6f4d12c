"""The till's promises on DynamoDB's API: two machines with one deployment behind them, and everybody at once.

The short form: nobody oversells and one key is one order. The long ones run on the laptop's engine, which is faster.
"""

import contextlib
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import msgspec
import pytest
from audit import for_sale, settle
from engines import deployed, ministack
from shoppers import ASK_AGAIN, CONTACT

from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_request import CheckoutRequest, Contact
from bodega.errors import ConflictError, UnavailableError
from bodega.settings import Settings
from bodega.wiring import open_shop

BUYERS = 18
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Return two shops on folders of their own with the same tables."""
    folder = tmp_path_factory.mktemp("dynamo")
    environment = deployed(ministack(), f"p{crc32(str(folder).encode()):08x}")
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, environment.pop(name))
        shops = [
            open_shop(Settings.from_env(environment | {"BODEGA_DATA_DIR": str(folder / name)}))
            for name in ("here", "there")
        ]
        yield shops
        for shop in shops:
            shop.close()


def request_of(basket, key):
    return CheckoutRequest(
        scope="guest",
        key=key,
        cart_id=basket.cart.id,
        price_version=basket.quote.price_version,
        contact=msgspec.convert(CONTACT, Contact),
        method="card_approve",
    )


def ask(shop, request):
    """Buy, asking again as a careful client does; return the order's id, or the code of the refusal."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return shop.buying.buy(request).order.id
        except UnavailableError:
            assert time.monotonic() < deadline
        except ConflictError as refusal:
            if refusal.code not in ASK_AGAIN:
                return refusal.code
            assert time.monotonic() < deadline
        time.sleep(0.05)


def all_at_once(calls):
    barrier = threading.Barrier(len(calls))

    def together(call):
        barrier.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(together, calls))


def test_the_last_units_of_two_goods_are_sold_once_to_whoever_races_where(machines):
    here, there = machines
    for_sale(here, {"CUP": 5, "POT": 7})
    wishes = [{"CUP": 1}, {"POT": 1}, {"CUP": 1, "POT": 1}]
    carts = [
        (shop, shop.carting.create(lines=[Wanted(sku, n) for sku, n in wishes[number % 3].items()]))
        for number, shop in zip(range(BUYERS), [here, there] * BUYERS, strict=False)
    ]

    told = all_at_once(
        [
            lambda shop=shop, basket=basket, number=number: ask(shop, request_of(basket, f"race-{number}"))
            for number, (shop, basket) in enumerate(carts)
        ]
    )

    for shop in machines:
        settle(shop)
    orders = {order.id: order for order in here.orders.all() if order.state != "cancelled"}
    assert {one for one in told if one.startswith("ord_")} == orders.keys()
    assert {one for one in told if not one.startswith("ord_")} <= {"insufficient_stock", "hold_expired"}
    sold = Counter()
    for order in orders.values():
        sold.update(order.ordered)
    for sku, stocked in (("CUP", 5), ("POT", 7)):
        level = there.stock.get(sku=sku)
        assert (level.on_hand + level.sold, level.sold) == (stocked, sold[sku])
    assert sold["CUP"] == 5
    payments = [one for one in there.world.payments.all_payments() if one.charge.order_id in orders]
    assert {one.charge.order_id: one.payment.captured for one in payments} == {
        order.id: order.sums.total.amount for order in orders.values()
    }


def test_what_one_machine_began_and_lost_the_other_brings_to_its_end(machines):
    here, there = machines
    for_sale(here, {"PAN": 3})
    basket = here.carting.create(lines=[Wanted("PAN", 1)])
    lost = msgspec.structs.replace(request_of(basket, "lost"), method="card_capture_timeout_after")

    with contextlib.suppress(ConflictError, UnavailableError):
        here.buying.buy(lost)
    settle(there)

    assert ask(there, lost) == ask(here, lost)
    (payment,) = [one for one in there.world.payments.all_payments() if "PAN" in _ordered(there, one)]
    assert payment.payment.captured == payment.charge.amount.amount
    assert there.stock.get(sku="PAN").on_hand == 2


def _ordered(shop, stored):
    order = shop.orders.find(stored.charge.order_id)
    return {} if order is None else order.ordered


def test_one_key_many_times_at_once_on_both_machines_is_one_order(machines):
    here, there = machines
    for_sale(here, {"JUG": 50})
    basket = here.carting.create(lines=[Wanted("JUG", 2)])
    request = request_of(basket, "one key")

    told = all_at_once([lambda shop=shop: ask(shop, request) for shop in machines * 5])

    assert len(set(told)) == 1
    orders = [order for order in there.orders.all() if "JUG" in order.ordered]
    assert [order.id for order in orders] == told[:1]
    payments = [one for one in here.world.payments.all_payments() if one.charge.order_id == told[0]]
    assert [one.payment.captured for one in payments] == [orders[0].sums.total.amount]
    assert there.stock.get(sku="JUG").on_hand == 48
