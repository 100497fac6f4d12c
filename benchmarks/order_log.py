"""Measure what training costs to read: every order anew, or what was kept of them and what came since.

    python benchmarks/order_log.py [--orders 50000 200000] [--seed 7] [--folder DIR]

Seconds are processor time of one process, ratios of one run; the shops are made up and deleted again.
"""

import argparse
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from bodega.domain.flows.order_events import events_of, read_events
from bodega.domain.orders.model import Line, Order, natural_id
from bodega.domain.orders.service import Orders
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring.opening import open_shop
from bodega.wiring.recommendations import order_log_of

NEW = 500
BATCH = 500
PRODUCTS = 5_000
T = TypeVar("T")


class Costs(NamedTuple):
    """Seconds of processor time."""

    anew: float
    first: float
    nothing_new: float
    some_new: float
    arrays: float
    learning: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[50_000, 200_000])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    print(f"machine   {platform.machine()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}")
    print(f"versions  Python {platform.python_version()}, numpy {np.__version__}")
    print(f"data      1 to 9 lines an order, a fifth by guests, {PRODUCTS} products, seed {arguments.seed}")
    for count in arguments.orders:
        folder = Path(tempfile.mkdtemp(dir=arguments.folder))
        try:
            measure(folder, count, random.Random(arguments.seed))
        finally:
            shutil.rmtree(folder)


def measure(folder: Path, count: int, chance: random.Random) -> None:
    """Print what reading so many orders costs, in each way."""
    shop = open_shop(Settings.for_directory(folder))
    record(shop.orders, made_up(count, chance))
    log = order_log_of(shop.world, shop.orders)
    lines, first = timed(log.read)
    everything, anew = timed(lambda: read_events(shop.orders.all()))
    _, nothing_new = timed(log.read)
    record(shop.orders, made_up(NEW, chance, start=count))
    lines, some_new = timed(log.read)
    events, arrays = timed(lambda: events_of(lines))
    _, learning = timed(lambda: events.learnt(now=events.newest))
    print_costs(
        len(everything.interactions), count, Costs(anew - arrays, first, nothing_new, some_new, arrays, learning)
    )
    shop.close()


def print_costs(lines: int, count: int, costs: Costs) -> None:
    """Print a table of them."""
    print(f"\n{count:,} orders, {lines:,} lines{'':20} CPU s   of anew")
    for what, seconds in (
        ("every order from the table", costs.anew),
        ("the same, and keeping it", costs.first),
        ("what was kept, nothing new", costs.nothing_new),
        (f"what was kept, {NEW} orders new", costs.some_new),
        ("columns to arrays", costs.arrays),
        ("learning from the arrays", costs.learning),
    ):
        print(f"{what:<40} {seconds:8.2f} {seconds / costs.anew:8.3f}")


def made_up(count: int, chance: random.Random, *, start: int = 0) -> Iterator[Order]:
    """Yield orders of three years, popular products more often."""
    price = Money(500, "GBP")
    for number in range(start, start + count):
        customer = None if chance.random() < 0.2 else natural_id("cus", str(chance.randrange(count // 4 + 1)))
        products = [int(PRODUCTS * chance.random() ** 3) for _ in range(chance.randrange(1, 10))]
        yield Order(
            id=natural_id("ord", "made up", str(number)),
            number=str(number),
            placed_at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=1000 * chance.random()),
            customer_id=customer,
            lines=[
                Line(
                    sku=f"SKU-{p}",
                    product_id=natural_id("prod", str(p)),
                    quantity=chance.randrange(1, 6),
                    unit_price=price,
                )
                for p in products
            ],
        )


def record(orders: Orders, made: Iterator[Order]) -> None:
    """Store orders, many at a time."""
    batch: list[Order] = []
    for order in made:
        batch.append(order)
        if len(batch) == BATCH:
            orders.record_many(batch)
            batch = []
    orders.record_many(batch)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what work returns and the processor seconds it took."""
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


if __name__ == "__main__":
    sys.exit(main())
