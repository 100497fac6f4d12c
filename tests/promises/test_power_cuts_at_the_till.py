"""When the power goes while shoppers check out, every answer that they got stays true, and the books balance."""

import contextlib
import itertools
import random
import threading

import apsw
import pytest
from checkout_bench import CheckoutBench
from power import Machine, fresh_folders, running

from bodega.adapters.local import sqlite
from bodega.adapters.system.clock import SettableClock
from bodega.domain.flows.checkout_request import CheckoutFailedError
from bodega.domain.inventory.model import InsufficientStockError
from bodega.errors import UnavailableError
from bodega.ports.payments import PaymentDeclinedError, PaymentUnknownError

STOCK = {"mug": 7, "pot": 9, "bowl": 100}
# An order of all of them has more to write than one transaction takes.
BULK = {f"bead-{number}": 30 for number in range(97)}
CARDS = [
    *["card_approve"] * 4,
    "card_decline",
    "card_capture_decline",
    "card_timeout_after",
    "card_capture_timeout_after",
    "card_webhooks_thrice",
]
SHOPPERS = 3
MOST_EVENTS = 900  # of a life


class Ledger:
    """What shoppers were told: the last word on each of their requests, across all power cuts."""

    def __init__(self):
        self.told = {}
        self.numbers = itertools.count(1)

    def note(self, request, quote, answer):
        self.told[request.key] = (request, quote, answer)


def ask(bench, request, quote):
    """Check out and return the answer in a form that can be compared; None if the shopper is told to ask again."""
    try:
        receipt = bench.plain.checkout.place(request=request, quote=lambda: quote)
    except InsufficientStockError:
        return "sold out"  # nothing happened and nothing is kept: the same key may come again
    except (PaymentDeclinedError, CheckoutFailedError) as exc:
        return type(exc), exc.code, exc.message
    except PaymentUnknownError:
        return None
    return receipt.order


def shop_around(bench, ledger, chance, bulk):
    """Check out again and again, until the power goes."""
    for _ in range(4):
        number = next(ledger.numbers)
        wishes = {sku: chance.randint(1, 2) for sku in chance.sample(sorted(STOCK), chance.randint(1, 3))}
        if chance.random() < bulk:
            wishes |= dict.fromkeys(BULK, 1)
        with contextlib.suppress(UnavailableError):
            quote = bench.cart(f"cart-{number}", **wishes)
            request = bench.request(f"key-{number}", cart_id=quote.cart_id, method=chance.choice(CARDS))
            answer = ask(bench, request, quote)
            if answer is not None:
                ledger.note(request, quote, answer)


def look_back(bench, ledger):
    """Do first what a shop does after a power cut: work off what was left behind, and answer who asks again."""
    bench.clock.advance(61)
    bench.plain.recovery.work_once()
    bench.deliver_webhooks()
    for request, quote, answer in list(ledger.told.values())[-3:]:
        check_answer(bench, request, quote, answer)


def check_answer(bench, request, quote, answer):
    if answer != "sold out":
        assert ask(bench, request, quote) == answer


def live(bench, ledger, chance, bulk):
    shoppers = [
        threading.Thread(target=shop_around, args=(bench, ledger, random.Random(chance.random()), bulk))
        for _ in range(SHOPPERS)
    ]
    for shopper in shoppers:
        shopper.start()
    for shopper in shoppers:
        shopper.join()


def check(bench, ledger, stock):
    """Everything is worked off; every shopper who asks again is told the same, and goods and money add up."""
    bench.recover(hours=1)
    bench.deliver_webhooks()
    assert bench.database.reader().execute("PRAGMA integrity_check").get == "ok"
    orders = {order.id for order in bench.all_orders()}
    for request, quote, answer in ledger.told.values():
        check_answer(bench, request, quote, answer)
        assert isinstance(answer, str | tuple) or answer.id in orders
    bench.check_books(**stock)
    return len(orders)


def run(folder, seed, *, synchronous="FULL"):
    """Open a shop, lose power while people buy, go on with what is left; return how many orders there are at last."""
    chance = random.Random(seed)
    elsewhere, place = folder / "elsewhere", folder / "0"
    elsewhere.mkdir()
    place.mkdir()
    clock, ledger = SettableClock(), Ledger()
    stock, bulk = (STOCK | BULK, 0.5) if seed % 10 == 5 else (STOCK, 0)
    with open_bench(place, clock, elsewhere) as bench:
        bench.stock(**stock)
    for number in range(1, chance.randint(2, 4)):
        machine = Machine(place, seed=chance.random(), cut_before=chance.randint(1, chance.choice([60, MOST_EVENTS])))
        with running(machine):
            try:
                with open_bench(place, clock, elsewhere, machine) as bench:
                    bench.database._writing.execute(f"PRAGMA synchronous = {synchronous}")
                    look_back(bench, ledger)
                    live(bench, ledger, chance, bulk)
            except (UnavailableError, apsw.Error):
                assert machine.off
        place = folder / str(number)
        machine.leave(place)
    with running(Machine(place, seed=0)), open_bench(place, clock, elsewhere) as bench:
        return check(bench, ledger, stock)


@contextlib.contextmanager
def open_bench(folder, clock, elsewhere, machine=None):
    bench = CheckoutBench(folder, seed=None, clock=clock, elsewhere=elsewhere)
    try:
        yield bench
    finally:
        if machine is not None:
            machine.cut()  # before closing, which syncs everything
        bench.close()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_BYTES", 40 * sqlite.PAGE_BYTES)
    return fresh_folders(tmp_path)


@pytest.mark.parametrize("seeds", [range(30), pytest.param(range(2000), marks=pytest.mark.slow)], ids=len)
def test_no_power_cut_loses_doubles_or_halves_an_order(folders, seeds):
    orders = sum(run(folder, seed) for seed, folder in zip(seeds, folders, strict=False))

    assert orders > len(seeds)


def test_who_does_not_sync_loses_orders(folders):
    failures = 0
    for seed, folder in zip(range(30), folders, strict=False):
        try:
            run(folder, seed, synchronous="NORMAL")
        except (AssertionError, UnavailableError):
            failures += 1
    assert failures > 3
