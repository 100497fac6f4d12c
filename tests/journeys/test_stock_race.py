"""Hundreds of buyers race for the last units, from one process and from two: every unit is sold once, and no other."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import InsufficientStockError, Line, StockMovedError
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.writes import WritePlan

BUYERS = 200
DEADLINE_SECONDS = 60
PLANS = 100
LONG = pytest.param(100, marks=pytest.mark.slow)
ROUNDS = pytest.mark.parametrize("rounds", [10, LONG])
FEWER_ROUNDS = pytest.mark.parametrize("rounds", [3, LONG])


class Room:
    """Stock in a folder, which other processes may have open, too."""

    def __init__(self, folder):
        clock = SystemClock()
        ids = UlidIds(clock)
        self.database = Database.open(Path(folder) / "shop.sqlite")
        self.table = SqliteTableStore(self.database, schema.TABLES, clock=clock)
        self.inventory = Inventory(table=self.table, clock=clock)
        self.stock = Stock(table=self.table, clock=clock, ids=ids)
        self.holds = Holds(table=self.table, clock=clock, ids=ids)

    def buy(self, lines):
        """Hold and confirm; return how many units were bought, 0 if there were not enough."""
        try:
            hold = self.holds.place(owner="cart", lines=[Line(sku, quantity) for sku, quantity in lines])
        except InsufficientStockError:
            return 0
        for _ in range(PLANS):
            plan = WritePlan()
            self.holds.add_confirmation(plan=plan, hold_id=hold.id)
            # A checkout does the same: units may be rearranged between plan and commit, and then it plans again.
            with contextlib.suppress(StockMovedError):
                plan.commit(self.table)
                return sum(quantity for _, quantity in lines)
        raise AssertionError("the stock never came to rest")

    def race(self, buyers, lines_of):
        """Let so many buyers buy at once; return what each got. Fails if somebody waits for ever."""
        outcomes = [None] * buyers
        start = threading.Barrier(buyers)

        def run(number):
            start.wait()
            try:
                outcomes[number] = self.buy(lines_of(number))
            except Exception as exc:  # noqa: BLE001  # the thread's end is not the test's: the outcome is looked at
                outcomes[number] = repr(exc)

        threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(buyers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_SECONDS)
        return outcomes

    def close(self):
        self.table.close()
        self.database.close()


@pytest.fixture
def room(tmp_path):
    room = Room(tmp_path)
    yield room
    room.close()


def check_sold_out(room, sku, received, outcomes):
    assert sum(outcomes) == received, outcomes
    level = room.stock.get(sku=sku)
    assert (level.on_hand, level.held, level.sold) == (0, 0, received)


@ROUNDS
def test_the_last_units_are_sold_once(room, rounds):
    for number in range(rounds):
        units = 1 + number % 5
        sku = f"LAST-{number}"
        room.inventory.set_on_hand({sku: units})

        outcomes = room.race(BUYERS, lambda _buyer, sku=sku: [(sku, 1)])

        check_sold_out(room, sku, units, outcomes)
        names = [one.event.name for one in room.table.announced(0, limit=100_000) if sku in one.event.resource]
        assert names == ["stock.out"]


@ROUNDS
def test_two_lines_of_one_sku_are_bought_together_or_not_at_all(room, rounds):
    for number in range(rounds):
        sku = f"TWICE-{number}"
        room.inventory.set_on_hand({sku: 5})

        outcomes = room.race(BUYERS, lambda _buyer, sku=sku: [(sku, 1), (sku, 1)])

        assert sorted(outcomes)[-3:] == [0, 2, 2]
        level = room.stock.get(sku=sku)
        assert (level.on_hand, level.held, level.sold) == (1, 0, 4)


@ROUNDS
def test_bundles_in_opposite_orders_do_not_wait_for_each_other(room, rounds):
    for number in range(rounds):
        skus = [f"BUNDLE-{number}-{part}" for part in range(5)]
        room.inventory.set_on_hand(dict.fromkeys(skus, 4))

        def lines_of(buyer, skus=skus):
            return [(sku, 1) for sku in (skus if buyer % 2 else reversed(skus))]

        outcomes = room.race(BUYERS, lines_of)

        assert sum(outcomes) == 4 * 5, outcomes
        assert {room.stock.get(sku=sku).sold for sku in skus} == {4}


@FEWER_ROUNDS
@pytest.mark.parametrize("buckets", [4, 16])
def test_units_in_buckets_are_sold_to_the_last_and_no_more(room, rounds, buckets):
    for number in range(rounds):
        sku = f"HOT-{number}"
        units = 2 * BUYERS - 1 - number % 50
        room.inventory.set_on_hand({sku: units})
        room.stock.configure(sku=sku, buckets=buckets)

        first = room.race(BUYERS, lambda _buyer, sku=sku: [(sku, 1)])
        second = room.race(BUYERS, lambda _buyer, sku=sku: [(sku, 1)])

        assert sum(first) == BUYERS, first
        check_sold_out(room, sku, units, first + second)
        names = [one.event.name for one in room.table.announced(0, limit=100_000) if sku in one.event.resource]
        assert names == ["stock.low", "stock.out"]


@FEWER_ROUNDS
def test_those_who_give_back_and_those_who_rearrange_change_nothing_for_the_rest(room, rounds):
    for number in range(rounds):
        sku = f"MIXED-{number}"
        room.inventory.set_on_hand({sku: 300})
        stop = threading.Event()

        def meddle(sku=sku, stop=stop):
            buckets = 1
            while not stop.is_set():
                buckets = buckets % 5 + 1
                room.stock.configure(sku=sku, buckets=buckets)
                hold = room.holds.place(owner="cart", lines=[Line(sku, 1)])
                room.stock.tend()
                room.holds.extend(hold_id=hold.id, seconds=1800)
                room.holds.release(hold_id=hold.id)

        meddlers = [threading.Thread(target=meddle) for _ in range(2)]
        for meddler in meddlers:
            meddler.start()
        outcomes = room.race(100, lambda _buyer, sku=sku: [(sku, 2)])
        stop.set()
        for meddler in meddlers:
            meddler.join(DEADLINE_SECONDS)

        assert sum(outcomes) == 200, outcomes
        level = room.stock.get(sku=sku)
        assert (level.on_hand, level.held, level.sold) == (100, 0, 200)


@contextlib.contextmanager
def other_process(folder):
    """Start this file as a program that races whenever it is told to."""
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2] / "src"))
    with subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=environment,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


@FEWER_ROUNDS
def test_two_processes_sell_the_last_units_once(room, tmp_path, rounds):
    with other_process(tmp_path) as one, other_process(tmp_path) as other:
        for number in range(rounds):
            sku, units = f"SHARED-{number}", 1 + number % 5
            if number % 2:
                units += 150
            room.inventory.set_on_hand({sku: units})
            room.stock.configure(sku=sku, buckets=4)

            for process in (one, other):
                process.stdin.write(json.dumps([sku, BUYERS // 2]) + "\n")
            outcomes = [bought for process in (one, other) for bought in json.loads(process.stdout.readline())]

            check_sold_out(room, sku, units, outcomes)


def test_a_hold_survives_a_process_that_is_killed():
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.closing(Room(folder)) as room:
            room.inventory.set_on_hand({"MUG": 3})
        code = (
            f"import os, sys; sys.path.insert(0, {str(Path(__file__).parent)!r});"
            " from test_stock_race import Room, Line;"
            f" hold = Room({folder!r}).holds.place(owner='cart', lines=[Line('MUG', 3)]);"
            " print(hold.id, flush=True); os.kill(os.getpid(), 9)"
        )
        environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2] / "src"))
        killed = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
        )
        with contextlib.closing(Room(folder)) as room:
            hold = room.holds.get(hold_id=killed.stdout.strip())
            plan = WritePlan()
            room.holds.add_confirmation(plan=plan, hold_id=hold.id)
            plan.commit(room.table)
            assert room.stock.get(sku="MUG").sold == 3


def _race_when_told(folder):
    room = Room(folder)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sku, buyers = json.loads(line)
        outcomes = room.race(buyers, lambda _buyer, sku=sku: [(sku, 1)])
        sys.stdout.write(json.dumps(outcomes) + "\n")
        sys.stdout.flush()
    room.close()


if __name__ == "__main__":
    _race_when_told(sys.argv[1])
