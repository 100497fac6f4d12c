"""Measure holds and confirmations of one hot product, in 1, 4 and 16 buckets, beside bare SQLite in the same run.

    PYTHONPATH=src python benchmarks/stock.py [--clients 32] [--seconds 3] [--rounds 3] [--folder DIR]

The calibration writes what a hold writes (one row read and written again, two rows added, of the same bytes) from one
thread, so many holds a durable commit as there are clients: what the engine could do if the shop cost nothing. Bursts
alternate with it, and a ratio is the median of the rounds.

On one machine all writes go through one file, so that buckets gain nothing here; the last column shows what they cost.
What they gain shows where a partition takes 1,000 writes a second: `--partition-limit` counts, instead of seconds, how
many holds fit into one second of a table that is as strict as that.
"""

import argparse
import os
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import apsw
import msgspec

from bodega import schema
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.domain.inventory.holds import Holds
from bodega.domain.inventory.model import Line, StockMovedError
from bodega.domain.inventory.service import Inventory
from bodega.domain.inventory.stock import Stock
from bodega.domain.writes import WritePlan
from bodega.ports.clock import Clock
from bodega.ports.table import ThrottledError

BUCKETS = (1, 4, 16)
UNITS = 10**8


class Bench(NamedTuple):
    """A stock room on a folder of its own."""

    database: Database
    table: SqliteTableStore
    stock: Stock
    holds: Holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--partition-limit", action="store_true")
    arguments = parser.parse_args()
    print(f"machine   {platform.machine()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}")
    print(
        f"versions  Python {platform.python_version()}, apsw {apsw.apsw_version()}, SQLite {apsw.sqlite_lib_version()}"
    )
    print(f"data      one SKU, holds of one unit, {arguments.clients} clients")
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        if arguments.partition_limit:
            measure_limit(folder)
        else:
            measure(folder, arguments)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, arguments: argparse.Namespace) -> None:
    """Print a line for each number of buckets."""
    print(f"{'':12}{'holds/s':>10}{'confirms/s':>12}{'calibration/s':>15}{'holds':>8}{'confirms':>10}")
    for buckets in BUCKETS:
        found = []
        for number in range(arguments.rounds):
            base = calibrate(folder / f"base-{buckets}-{number}.sqlite", arguments.clients, arguments.seconds)
            bench = furnish(folder / f"stock-{buckets}-{number}.sqlite", SystemClock(), buckets)
            held, confirmed = burst(bench, arguments.clients, arguments.seconds)
            bench.table.close()
            bench.database.close()
            found.append((held, confirmed, base, held / base, confirmed / base))
        held, confirmed, base, *ratios = (sorted(column)[len(found) // 2] for column in zip(*found, strict=True))
        print(
            f"{buckets:3} buckets {held:10.0f}{confirmed:12.0f}{base:15.0f}{ratios[0]:8.0%}{ratios[1]:10.0%}",
            flush=True,
        )


def measure_limit(folder: Path) -> None:
    """Print how many holds a second a table takes whose partitions are limited as DynamoDB's are."""
    for buckets in BUCKETS:
        clock = SettableClock()
        bench = furnish(folder / f"limit-{buckets}.sqlite", clock, buckets, max_rates=True)
        seconds = 5
        count = sum(_until_throttled(bench, clock) for _ in range(seconds))
        bench.table.close()
        bench.database.close()
        print(f"{buckets:3} buckets {count / seconds:10.0f} holds in a second before the first is throttled")


def _until_throttled(bench: Bench, clock: SettableClock) -> int:
    clock.advance(1)
    count = 0
    while True:
        try:
            bench.holds.place(owner="cart", lines=[Line("HOT", 1)])
        except ThrottledError:
            return count
        count += 1


def furnish(path: Path, clock: Clock, buckets: int, *, max_rates: bool = False) -> Bench:
    """Return a room with plenty of one SKU."""
    database = Database.open(path)
    table = SqliteTableStore(database, schema.TABLES, clock=clock, max_rates=max_rates)
    ids = UlidIds(clock)
    Inventory(table=table, clock=clock).set_on_hand({"HOT": UNITS})
    stock = Stock(table=table, clock=clock, ids=ids)
    stock.configure(sku="HOT", buckets=buckets)
    return Bench(database, table, stock, Holds(table=table, clock=clock, ids=ids))


def burst(bench: Bench, clients: int, seconds: float) -> tuple[float, float]:
    """Return holds and then confirmations a second, and check the books."""
    made: list[str] = []

    def hold() -> None:
        made.append(bench.holds.place(owner="cart_01", lines=[Line("HOT", 1)], seconds=3600).id)

    held = together(clients, seconds, hold)
    count = len(made)

    def confirm() -> None:
        hold_id = made.pop()
        while True:
            plan = WritePlan()
            bench.holds.add_confirmation(plan=plan, hold_id=hold_id)
            try:
                return plan.commit(bench.table)
            except StockMovedError:
                continue

    confirmed = together(clients, seconds, confirm)
    level = bench.stock.get(sku="HOT")
    if (level.on_hand, level.held, level.sold) != (UNITS - level.sold, len(made), count - len(made)):
        raise AssertionError(f"the books do not balance: {level}")
    return held, confirmed


def together(clients: int, seconds: float, work: Callable[[], None]) -> float:
    """Return how often a second so many threads do the work, until time or work is out."""
    done = [0] * clients
    start = threading.Barrier(clients + 1)
    ends = time.perf_counter() + 3600

    def run(number: int) -> None:
        start.wait()
        while time.perf_counter() < ends:
            try:
                work()
            except IndexError:
                return
            done[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    ends = time.perf_counter() + seconds
    start.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def calibrate(path: Path, group: int, seconds: float) -> float:
    """Return how many times a second bare SQLite writes what a hold writes, so many a durable commit."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    for table in ("piles", "holds"):
        connection.execute(f"CREATE TABLE {table} (pk TEXT, sk TEXT, item BLOB, PRIMARY KEY (pk, sk)) WITHOUT ROWID")
    pile = msgspec.msgpack.encode(
        {"sku": "HOT", "location": "main", "on_hand": UNITS, "free": UNITS, "sold": 0, "version": 1, "h1795421340": 9}
    )
    connection.execute("INSERT INTO piles VALUES ('HOT', 'main', ?)", (pile,))
    hold, entry = bytes(330), bytes(90)
    done = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(group):
            row = connection.execute("SELECT item FROM piles WHERE pk = 'HOT' AND sk = 'main'").get
            connection.execute("REPLACE INTO piles VALUES ('HOT', 'main', ?)", (row,))
            connection.execute("REPLACE INTO holds VALUES (?, 'hold', ?)", (f"hold {done:026d}", hold))
            connection.execute("REPLACE INTO holds VALUES (?, ?, ?)", (f"expiry {done % 16}", f"{done:040d}", entry))
            done += 1
        connection.execute("COMMIT")
    rate = done / (time.perf_counter() - begun)
    connection.close()
    return rate


if __name__ == "__main__":
    main()
