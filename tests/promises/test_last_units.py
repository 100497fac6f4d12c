"""Two hundred shoppers race for the last units, from cart to payment: each is sold once, and nobody waits for ever."""

import contextlib
import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from audit import for_sale, shop_in
from processes import starting
from shoppers import CARTS, CONTACT, UNPACED
from wire import Wire

SHOPPERS = 200
ROUNDS = pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.slow)])
DEADLINE_SECONDS = 120


class Crowd:
    """So many shoppers, each with a connection that stays open, who do everything at the same moment."""

    def __init__(self, port):
        self._pool = ThreadPoolExecutor(SHOPPERS)
        self._barrier = threading.Barrier(SHOPPERS)
        self._port = port
        self._own = threading.local()
        self._wires = []
        self._keys = itertools.count()

    def close(self):
        self._pool.shutdown()
        for wire in self._wires:
            wire.close()

    def fill_carts(self, lines_of):
        """Give every shopper a cart with the lines for their number; return the carts."""
        return self._all(lambda number: self._ask(CARTS, {"lines": lines_of(number)}))

    def check_out(self, carts, methods=("card_approve",)):
        """Check all carts out at once, each with its key; return the answers in the order of the carts."""

        def buy(number):
            status, cart = carts[number]
            assert status == 201, cart
            method = methods[number % len(methods)]
            body = {"price_version": cart["price_version"], "contact": CONTACT, "payment": {"method": method}}
            return self._ask(f"{CARTS}/{cart['id']}:checkout", body, key=f"key-{next(self._keys)}")

        return self._all(buy)

    def _all(self, ask):
        def together(number):
            self._barrier.wait(DEADLINE_SECONDS)
            return ask(number)

        calls = [self._pool.submit(together, number) for number in range(SHOPPERS)]
        return [call.result(DEADLINE_SECONDS) for call in calls]

    def _ask(self, path, body, *, key=None):
        if not hasattr(self._own, "wire"):
            self._own.wire = Wire(self._port)
            self._wires.append(self._own.wire)
        headers = {} if key is None else {"idempotency-key": key}
        answer = self._own.wire.post(path, body, headers)
        return answer.status, msgspec.json.decode(answer.body)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="module")
def shop(room):
    """Return the shop as staff's own process has it open beside the servers."""
    with shop_in(room / "data") as shop:
        yield shop


@pytest.fixture(scope="module")
def crowd(room, shop):
    with starting(room, **UNPACED) as start:
        port = start("--empty", "--workers", "2").opened().port
        with contextlib.closing(Crowd(port)) as crowd:
            yield crowd


def level(shop, sku):
    """Return how many of a SKU are on hand, held and sold."""
    found = shop.stock.get(sku=sku)
    return found.on_hand, found.held, found.sold


def check_answers(answers, bought):
    """So many bought; everybody else was told that there are too few, and how many are left."""
    counts = Counter(status for status, _ in answers)
    assert counts == {201: bought, 409: SHOPPERS - bought}, counts
    for status, answer in answers:
        if status == 409:
            assert answer["code"] == "insufficient_stock", answer
            assert all(short["available"] < short["wanted"] for short in answer["shortages"])
            assert answer["available"] == min(short["available"] for short in answer["shortages"])


@ROUNDS
def test_the_last_units_are_sold_once(shop, crowd, rounds):
    levels = {f"LAST-{rounds}-{number}": 1 + number % 5 for number in range(rounds)}
    for_sale(shop, levels)
    for sku, units in levels.items():
        carts = crowd.fill_carts(lambda _number, sku=sku: [{"sku": sku}])

        check_answers(crowd.check_out(carts), units)

        assert level(shop, sku) == (0, 0, units)


@ROUNDS
def test_two_lines_of_one_thing_are_sold_together_or_not_at_all(shop, crowd, rounds):
    levels = {f"TWICE-{rounds}-{number}": 5 for number in range(rounds)}
    for_sale(shop, levels)
    for sku in levels:
        carts = crowd.fill_carts(lambda _number, sku=sku: [{"sku": sku}, {"sku": sku}])

        check_answers(crowd.check_out(carts), 2)

        assert level(shop, sku) == (1, 0, 4)


@ROUNDS
def test_bundles_in_all_orders_neither_oversell_nor_wait_for_each_other(shop, crowd, rounds):
    bundles = [{f"BUNDLE-{rounds}-{number}-{part}": 1 + part for part in range(3)} for number in range(rounds)]
    for_sale(shop, {sku: units for bundle in bundles for sku, units in bundle.items()})
    for bundle in bundles:
        orders = list(itertools.permutations(bundle))

        def lines_of(number, orders=orders):
            return [{"sku": sku} for sku in orders[number % len(orders)]]

        check_answers(crowd.check_out(crowd.fill_carts(lines_of)), 1)

        for part, sku in enumerate(bundle):
            assert level(shop, sku) == (part, 0, 1)


@ROUNDS
def test_units_in_buckets_are_sold_to_the_last_and_no_more(shop, crowd, rounds):
    levels = {f"HOT-{rounds}-{number}": SHOPPERS // 2 + 1 + number % 50 for number in range(rounds)}
    for_sale(shop, levels)
    for sku in levels:
        shop.stock.configure(sku=sku, buckets=4)
    for sku, units in levels.items():
        carts = crowd.fill_carts(lambda _number, sku=sku: [{"sku": sku}])

        check_answers(crowd.check_out(carts), units)

        assert level(shop, sku) == (0, 0, units)


@ROUNDS
def test_units_of_those_whose_card_is_declined_are_never_lost(shop, crowd, rounds):
    levels = {f"BACK-{rounds}-{number}": 3 for number in range(rounds)}
    for_sale(shop, levels)
    for sku in levels:
        carts = crowd.fill_carts(lambda _number, sku=sku: [{"sku": sku}])

        answers = crowd.check_out(carts, methods=("card_decline", "card_approve"))

        bought = sum(status == 201 for status, _ in answers)
        assert {status for status, _ in answers} <= {201, 402, 409}
        assert level(shop, sku) == (3 - bought, 0, bought)
