"""Measure functions: how long they take to import, how large their packages are, and the CPU of a warm answer.

    PYTHONPATH=src python benchmarks/lambdas.py [--products 300] [--calls 300] [--rounds 3] [--packages DIR]

The shop is deployed on ministack, which runs in another process, so that CPU time is the function's own. The
calibration is one read of a table. Times of importing are of clean processes: from the packages, if their folder is
named, which `bodega package` makes, else from where the shop is installed.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZipFile

# As functions are deployed: a second thread of BLAS would wait awake for the first. Set before numpy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "ports"), str(ROOT / "tests" / "doors" / "lambdas")]

from engines import deployed, ministack  # noqa: E402
from events import Context, http_event  # noqa: E402

from bodega import schema  # noqa: E402
from bodega.asgi import create_app  # noqa: E402
from bodega.domain.catalog.model import ProductInput, VariantInput  # noqa: E402
from bodega.domain.orders.model import Line, Order, natural_id  # noqa: E402
from bodega.domain.shop import Shop  # noqa: E402
from bodega.lambdas import recommend  # noqa: E402
from bodega.lambdas.gateway import Gateway  # noqa: E402
from bodega.ports.table import Key  # noqa: E402
from bodega.settings import Settings  # noqa: E402
from bodega.values.money import Money  # noqa: E402
from bodega.wiring import open_shop  # noqa: E402

FUNCTIONS = ("http", "recommend", "stream", "queue", "objects", "schedule", "device")
SEED = 7
CUSTOMERS, ORDERS_EACH, LINES = 40, 4, 3
NEWEST = datetime(2026, 11, 20, tzinfo=UTC)
IMPORT = (
    "import time; t = time.process_time(); from bodega.lambdas import {name}; {more}"
    "print(round((time.process_time() - t) * 1000))"
)
# What opening brings in, which Lambda does before the first event as well.
OPENING = {"recommend": "import bodega.wiring.alone; "}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=300)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--packages", type=Path)
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{options.products} products, {CUSTOMERS * ORDERS_EACH} orders, seed {SEED}, {options.calls} calls")
    print_imports(options.packages, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        print_answers(Path(folder), options)


def print_imports(packages: Path | None, rounds: int) -> None:
    """Print what each function takes to import, and the size of its package."""
    print("\n| function | package, MB | import, ms of CPU |\n|---|---|---|")
    for name in FUNCTIONS:
        archive = packages / f"{name}.zip" if packages else None
        size = f"{archive.stat().st_size / 1e6:.1f}" if archive else "not built"
        print(f"| {name} | {size} | {import_ms(name, archive, rounds)} |")


def import_ms(name: str, archive: Path | None, rounds: int) -> int:
    """Return the median CPU of importing a function in a clean process, twice warmed."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(ROOT / "src")
        if archive:
            ZipFile(archive).extractall(folder)
            path = folder
        program = IMPORT.format(name=name, more=OPENING.get(name, ""))
        command = [sys.executable, *(["-S"] if archive else []), "-c", program]
        environment = {"PYTHONPATH": path, "PATH": os.environ["PATH"]}
        times = [int(subprocess.check_output(command, env=environment, cwd=folder)) for _ in range(rounds + 1)]
    return round(statistics.median(times[1:]))


def print_answers(folder: Path, options: argparse.Namespace) -> None:
    """Print the CPU of warm answers beside that of one read of a table."""
    environment = deployed(ministack(), "bench")
    os.environ.update(environment)
    settings = Settings.from_env(environment | {"BODEGA_DATA_DIR": str(folder / "shop")})
    shop = open_shop(settings)
    products = fill(shop, options.products)
    gateway, recommending = Gateway(create_app(shop, settings, inline_reads=True)), recommend.opened(settings)
    asked = Random(SEED)
    read = http_event("GET", f"/v1/store/products/{products[0]}")
    answers: dict[str, Callable[[], Any]] = {
        "one read of a table": lambda: shop.world.table.get(schema.CATALOG, Key(products[0], "product")),
        "http: product by id": lambda: gateway(read),
        "http: home page": lambda: gateway(http_event("GET", "/")),
        "recommend: 12 for a customer": lambda: recommending(
            {"customer_id": f"cus_{asked.randrange(CUSTOMERS)}"}, Context()
        ),
        "recommend: 4 bought together": lambda: recommending(
            {"placement": "bought_together", "product_id": products[asked.randrange(10)], "limit": 4}, Context()
        ),
    }
    print("\n| answer | ms of CPU | in reads of a table |\n|---|---|---|")
    reads = 0.0
    for name, answer in answers.items():
        took = statistics.median(cpu_ms(answer, options.calls) for _ in range(options.rounds))
        reads = reads or took
        print(f"| {name} | {took:.2f} | {took / reads:.1f} |")
    gateway.close()
    shop.close()


def fill(shop: Shop, number: int) -> list[str]:
    """Put so many products on the shelf, let customers buy of them, and train; return the products' ids."""
    chance = Random(SEED)
    price = Money(1999, "GBP")
    given = [
        ProductInput(title=f"Thing number {n}", status="active", variants=[VariantInput(sku=f"T-{n}", price=price)])
        for n in range(number)
    ]
    products = [shop.catalog.products.create(one).id for one in given]
    for customer in range(CUSTOMERS):
        taste = customer % 10
        for round_ in range(ORDERS_EACH):
            wanted = {(taste + 10 * int(chance.paretovariate(1))) % number for _ in range(LINES)}
            lines = [Line(sku=f"T-{n}", product_id=products[n], quantity=1, unit_price=price) for n in sorted(wanted)]
            shop.orders.record_many(
                [
                    Order(
                        id=natural_id("ord", f"{customer}-{round_}"),
                        number=f"{customer}-{round_}",
                        customer_id=f"cus_{customer}",
                        placed_at=NEWEST - timedelta(days=7 * round_ + customer % 7),
                        lines=lines,
                    )
                ]
            )
    shop.indexer.catch_up()
    shop.trainer.train()
    return products


def cpu_ms(call: Callable[[], object], calls: int) -> float:
    for _ in range(20):
        call()
    started = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - started) / calls * 1e3


if __name__ == "__main__":
    main()
