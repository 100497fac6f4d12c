"""However often, however late and by whomever a checkout is asked for again: one order, one payment, one answer."""

import contextlib
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPException

import msgspec
import pytest
from audit import for_sale, settle, shop_in
from processes import starting
from shoppers import ASK_AGAIN, CARTS, CONTACT, UNPACED
from wire import Wire

from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.domain.flows.carting import Wanted
from bodega.domain.flows.checkout_attempts import KEPT
from bodega.domain.flows.checkout_request import CheckoutFailedError, CheckoutRequest, Contact
from bodega.errors import ConflictError
from bodega.settings import Settings
from bodega.wiring import open_shop

AT_ONCE = 50
PATIENCE_SECONDS = 60


class Caller:
    """Somebody who asks for one checkout again and again, as a careful client does."""

    def __init__(self, port):
        self._wire = Wire(port)

    def cart(self, **lines):
        answer = self._wire.post(CARTS, {"lines": [{"sku": sku, "quantity": n} for sku, n in lines.items()]}, {})
        assert answer.status == 201, answer
        return msgspec.json.decode(answer.body)

    def ask(self, path, body, headers):
        """Ask until there is an answer that is not "still running", whatever happens to the server meanwhile."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, HTTPException):
                answer = self._wire.post(path, body, headers)
                if answer.status != 503 and not (answer.status == 409 and code_of(answer) in ASK_AGAIN):
                    return answer
            time.sleep(0.02)
        raise AssertionError("no answer came")

    def close(self):
        self._wire.close()


def code_of(answer):
    return msgspec.json.decode(answer.body)["code"]


def body_of(cart, method="card_approve"):
    return {"price_version": cart["price_version"], "contact": CONTACT, "payment": {"method": method}}


def at_once(port, path, body, headers):
    """Ask fifty times at the same moment; return all answers."""
    start = threading.Barrier(AT_ONCE)

    def call(_number):
        with contextlib.closing(Caller(port)) as caller:
            start.wait(PATIENCE_SECONDS)
            return caller.ask(path, body, headers)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, range(AT_ONCE)))


def the_one(answers):
    """Return the answer that all of them are; of refusals each has the id of its own request."""
    assert len({(answer.status, re.sub(rb'"request_id":"[^"]*"', b"", answer.body)) for answer in answers}) == 1
    return answers[0]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def shop(room):
    with shop_in(room / "data") as shop:
        for_sale(shop, {"MUG": 10_000, "TEA": 10_000})
        yield shop


@pytest.fixture(scope="module")
def houses(room, shop):
    """Return a list with the running server, which a test may kill and replace."""
    with starting(room, **UNPACED) as start:
        yield [start("--empty", "--workers", "2").opened(), start]


@pytest.fixture
def port(houses):
    return houses[0].port


@pytest.fixture
def caller(port):
    with contextlib.closing(Caller(port)) as caller:
        yield caller


def effects(shop, cart):
    """Return the orders of a cart and the payments for them, once all that is under way has ended."""
    orders = [order for order in shop.orders.all() if order.paid and order.id == shop.carts.get(cart["id"]).order_id]
    payments = [one for one in shop.world.payments.all_payments() if one.charge.order_id in {o.id for o in orders}]
    return orders, payments


@pytest.mark.parametrize("rounds", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_one_key_fifty_times_at_once_is_one_order_with_one_payment_and_one_answer(shop, caller, port, rounds):
    for number in range(rounds):
        cart = caller.cart(MUG=2, TEA=1)
        before = shop.stock.get(sku="MUG").sold
        path, headers = f"{CARTS}/{cart['id']}:checkout", {"idempotency-key": f"fifty-{rounds}-{number}"}

        told = the_one(at_once(port, path, body_of(cart), headers))

        assert told.status == 201
        orders, payments = effects(shop, cart)
        assert [order.id for order in orders] == [msgspec.json.decode(told.body)["id"]]
        assert [one.payment.captured for one in payments] == [orders[0].sums.total.amount]
        assert shop.stock.get(sku="MUG").sold == before + 2
        again = caller.ask(path, body_of(cart), headers)
        assert (again.body, again.headers["idempotent-replayed"]) == (told.body, "true")


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_a_retry_after_the_server_was_killed_meets_the_same_order(shop, houses, port, rounds):
    for number in range(rounds):
        with contextlib.closing(Caller(port)) as caller:
            cart = caller.cart(MUG=1)
        path, headers = f"{CARTS}/{cart['id']}:checkout", {"idempotency-key": f"killed-{rounds}-{number}"}
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(at_once, port, path, body_of(cart), headers)
            time.sleep(0.04 * (number % 5))
            houses[0].kill_all()
            houses[0] = houses[1]("--empty", "--workers", "2", port=port).opened()
            told = the_one(asking.result())

        assert told.status == 201
        orders, payments = effects(shop, cart)
        assert [order.id for order in orders] == [msgspec.json.decode(told.body)["id"]]
        assert [one.payment.captured for one in payments] == [orders[0].sums.total.amount]


def test_another_body_with_the_same_key_is_refused_and_changes_nothing(shop, caller, port):
    cart = caller.cart(MUG=1)
    path, headers = f"{CARTS}/{cart['id']}:checkout", {"idempotency-key": "other-body"}
    told = caller.ask(path, body_of(cart), headers)

    for body in (body_of(cart, "card_decline"), body_of(cart) | {"contact": CONTACT | {"email": "eve@example.com"}}):
        refused = the_one(at_once(port, path, body, headers))
        assert (refused.status, msgspec.json.decode(refused.body)["code"]) == (422, "idempotency_key_reused")

    assert caller.ask(path, body_of(cart), headers).body == told.body
    orders, payments = effects(shop, cart)
    assert (len(orders), len(payments)) == (1, 1)


def test_a_refusal_is_the_same_for_all_fifty_and_takes_no_money(shop, caller, port):
    cart = caller.cart(TEA=1)
    path, headers = f"{CARTS}/{cart['id']}:checkout", {"idempotency-key": "declined"}

    told = the_one(at_once(port, path, body_of(cart, "card_decline"), headers))

    assert (told.status, code_of(told)) == (402, "payment_declined")
    assert shop.carts.get(cart["id"]).order_id is None


def test_a_key_that_expired_starts_anew_and_neither_sells_the_cart_twice_nor_bars_a_new_one(tmp_path):
    clock = SettableClock(SystemClock().now())
    shop = open_shop(Settings.for_directory(tmp_path / "data"), clock=clock)
    with contextlib.closing(shop):
        for_sale(shop, {"MUG": 5})
        first, second = (shop.carting.create(lines=[Wanted("MUG", 1)]) for _ in range(2))
        told = shop.buying.buy(request_of(first))
        for seconds in (1, KEPT.total_seconds() - 60):
            clock.advance(seconds)
            settle(shop)
            assert shop.buying.buy(request_of(first)).order == told.order
        clock.advance(timedelta(minutes=2).total_seconds())
        shop.world.table.sweep_expired()

        with pytest.raises((ConflictError, CheckoutFailedError)):
            shop.buying.buy(request_of(first))
        assert shop.buying.buy(request_of(second)).order.id != told.order.id
        assert len(list(shop.orders.all())) == 2
        assert [one.payment.captured for one in shop.world.payments.all_payments()] == [
            told.order.sums.total.amount
        ] * 2


def request_of(basket):
    return CheckoutRequest(
        scope="guest",
        key="one key",
        cart_id=basket.cart.id,
        price_version=basket.quote.price_version,
        contact=msgspec.convert(CONTACT, Contact),
        method="card_approve",
    )
