"""Measure durable checkouts of three lines over HTTP, beside group commits of the same writes in the same run.

    PYTHONPATH=src python benchmarks/checkout.py [--seconds 4] [--clients 32] [--server granian|uvicorn] [--hot 1,4,16]

The calibration replays what one checkout writes (recorded from a real one: each of its transactions, row by row) from
one thread, as many checkouts a durable commit as there are clients: what the engine could do if the shop cost nothing.
Bursts alternate with it. With `--hot` all checkouts are of one product, in so many buckets. wrk drives the load.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import httpx
from over_http import SHOP, Measured, describe, serving

from bodega.adapters.local.table_layout import encode
from bodega.adapters.rules.table_changes import encode_event
from bodega.asgi import create_app
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.flows.carting import Wanted
from bodega.domain.shop import Shop
from bodega.ports.table import Check, Event, Put
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.wiring import open_shop

PRODUCTS = 300
LINES = 3
UNITS = 10**7
ADDRESS = {"name": "Ada Byron", "line1": "1 Mill Lane", "city": "Bath", "postal_code": "BA1 1AA", "country": "GB"}
LUA = """
local requests, count, place = {}, 0, 0
init = function(args)
  for line in io.lines("%s") do
    local path, key, body = line:match("^(.-)\\t(.-)\\t(.*)$")
    count = count + 1
    requests[count] = wrk.format("POST", path, {["content-type"] = "application/json", ["idempotency-key"] = key}, body)
  end
end
request = function()
  place = place + 1
  return requests[(place - 1) %% count + 1]
end
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"""
_keys = itertools.count()


class StoredRow(NamedTuple):
    """A row as it lies in SQLite: its table, its key, and how long what it holds is."""

    table: str
    key: str
    size_bytes: int


def main() -> None:
    """Fill shops and print a line for each way of serving and each number of buckets."""
    args = _arguments()
    describe(argparse.Namespace(products=PRODUCTS, seed=0, connections=args.clients, **vars(args)))
    with tempfile.TemporaryDirectory() as folder:
        print(f"median fsync of 4 KB: {fsync_ms(Path(folder)):.2f} ms")
    print(f"{'':28}{'orders/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'alone/s':>10}{'ratio':>8}")
    for processes in (1, 2):
        measure(args, f"3 lines, {processes} process(es)", processes=processes)
    for buckets in args.hot:
        measure(args, f"one hot product, {buckets} bucket(s)", hot_buckets=buckets)


def measure(args: argparse.Namespace, title: str, *, processes: int = 1, hot_buckets: int = 0) -> None:
    """Measure three bursts of a fresh shop and three of the calibration, in turn."""
    with tempfile.TemporaryDirectory() as passing:
        settings = Settings.for_directory(
            Path(passing) / "shop", log_level="warning", workers=processes, checkouts_per_minute=10**9
        )
        fill(settings, hot_buckets)
        stages = recorded(settings)
        found, alone = [], []
        for _ in range(args.rounds):
            targets = carts(settings, round(args.seconds * args.most_per_second), hot=hot_buckets > 0)
            alone.append(calibrate(Path(passing), stages, args.clients, args.seconds))
            with contextlib.ExitStack() as servers:
                ports = [
                    servers.enter_context(serving(args.server, SHOP, settings, factory=True))[0]
                    for _ in range(processes)
                ]
                found.append(drive(args, ports, targets))
        ratio = statistics.median(f.per_second / a for f, a in zip(found, alone, strict=True))
        middle = sorted(found, key=lambda f: f.per_second)[len(found) // 2]
        errors = sum(f.errors for f in found)
        print(
            f"{title:28}{middle.per_second:10.0f}{middle.p50:9.1f}{middle.p99:9.1f}{errors:8}"
            f"{statistics.median(alone):10.0f}{ratio:8.0%}",
            flush=True,
        )


# -- the shop


def fill(settings: Settings, hot_buckets: int) -> None:
    """Put products on sale, with more units than anybody buys."""
    with opened(settings) as shop:
        for number in range(PRODUCTS):
            variant = VariantInput(sku=f"SKU-{number}", price=Money(500, "GBP"))
            shop.catalog.products.create(ProductInput(title=f"Thing {number}", status="active", variants=[variant]))
        shop.inventory.set_on_hand({f"SKU-{number}": UNITS for number in range(PRODUCTS)})
        if hot_buckets > 1:
            shop.stock.configure(sku="SKU-0", buckets=hot_buckets)


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Shop]:
    """Open the shop in this process for a while."""
    shop = open_shop(settings)
    try:
        yield shop
    finally:
        shop.close()


def carts(settings: Settings, count: int, *, hot: bool) -> list[str]:
    """Make carts of three lines, or of the hot product, and return a line for wrk about each."""
    with opened(settings) as shop, ThreadPoolExecutor(32) as pool:
        return list(pool.map(lambda number: _target(shop, number, hot=hot), range(count)))


def _target(shop: Shop, number: int, *, hot: bool) -> str:
    skus = ["SKU-0"] if hot else [f"SKU-{(number * LINES + line) % PRODUCTS}" for line in range(LINES)]
    basket = shop.carting.create(lines=[Wanted(sku, 1) for sku in skus])
    body = {
        "price_version": basket.quote.price_version,
        "contact": {"email": f"ada{number}@example.com", "shipping": ADDRESS},
        "payment": {"method": "card_approve"},
    }
    return f"/v1/store/carts/{basket.cart.id}:checkout\tk{next(_keys)}\t{json.dumps(body)}"


# -- the calibration


def recorded(settings: Settings) -> list[list[StoredRow]]:
    """Return the rows that one checkout of three lines writes, a list for each of its transactions."""
    stages: list[list[StoredRow]] = []
    with opened(settings) as shop:
        path, key, body = _target(shop, 0, hot=False).split("\t")
        table: Any = shop.world.table
        transact = table.transact

        def watched(writes: Sequence[Any], events: Sequence[Event] = (), *, token: str | None = None) -> None:
            transact(writes, events, token=token)
            stages.append([row for write in writes for row in _rows(table, write)])
            stages[-1] += [StoredRow("outbox", event.id, len(encode_event(event))) for event in events]

        table.transact = watched
        app = create_app(shop, settings)
        answer = asyncio.run(_post(app, path, key, body))
        if answer != 201:
            raise SystemExit(f"the checkout to record was answered with {answer}")
    return [rows for rows in stages if rows]


async def _post(app: Any, path: str, key: str, body: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.test") as client:
        headers = {"content-type": "application/json", "idempotency-key": key}
        return (await client.post(path, content=body, headers=headers)).status_code


def _rows(table: Any, write: Any) -> list[StoredRow]:
    """Return the rows that a write leaves: that of the item, and those of its indexes."""
    if isinstance(write, Check):
        return []
    layout = table._layouts[write.table]  # noqa: SLF001 - a benchmark may look
    place = layout.key(write.item) if isinstance(write, Put) else write.key
    item = table.get(write.table, place)
    if item is None:
        return []
    entries = [(index.name, row) for index, row in layout.index_rows(item) if row is not None]
    shown = [StoredRow(name, f"{partition}{sort}{place.sort}", len(kept)) for name, (partition, sort, kept) in entries]
    return [StoredRow(layout.name, f"{place.partition}{place.sort}", len(encode(item))), *shown]


def calibrate(folder: Path, stages: Sequence[Sequence[StoredRow]], clients: int, seconds: float) -> float:
    """Return checkouts a second when one thread writes their rows, the same transaction of all in one commit."""
    connection = apsw.Connection(str(folder / "alone.sqlite"))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA page_size = 8192")
    names = {row.table for rows in stages for row in rows}
    for name in names:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID")
    done = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        marks = [f"{next(_keys):09d}" for _ in range(clients)]
        for rows in stages:
            connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                put = f"INSERT OR REPLACE INTO {row.table} VALUES (?, ?)"  # noqa: S608 - names of our own tables
                values = sorted((row.key + mark, bytes(row.size_bytes)) for mark in marks)
                connection.executemany(put, values).fetchall()
            connection.execute("COMMIT")
        done += clients
    elapsed = time.perf_counter() - started
    connection.close()
    return done / elapsed


# -- the load


def drive(args: argparse.Namespace, ports: Sequence[int], targets: Sequence[str]) -> Measured:
    """Check out carts at servers that share the load; the rates add up, and the slower times count."""
    share = len(targets) // len(ports)
    with ThreadPoolExecutor(len(ports)) as pool:
        parts = [
            pool.submit(_wrk, port, targets[n * share : (n + 1) * share], args.clients // len(ports), args.seconds)
            for n, port in enumerate(ports)
        ]
        found = [part.result() for part in parts]
    return Measured(
        sum(f.per_second for f in found),
        max(f.p50 for f in found),
        max(f.p99 for f in found),
        sum(f.errors for f in found),
    )


def _wrk(port: int, targets: Sequence[str], clients: int, seconds: float) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder) / "targets", Path(folder) / "load.lua"
        listed.write_text("\n".join(targets) + "\n", encoding="utf-8")
        script.write_text(LUA % listed, encoding="utf-8")
        command = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
        said = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    line = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    if line is None:
        raise SystemExit(f"wrk said: {said}")
    requests, micros, p50, p99, errors = map(int, line.groups())
    if requests > len(targets):
        print(f"  (the {len(targets)} carts were used up: the rest replays answers; raise --most-per-second)")
    return Measured(requests / (micros / 1e6), p50 / 1000, p99 / 1000, errors)


def fsync_ms(folder: Path) -> float:
    """Return the median time of writing and syncing 4 KB, in milliseconds."""
    times = []
    with (folder / "probe").open("wb") as file:
        for _ in range(200):
            started = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", "--connections", dest="clients", type=int, default=32)
    parser.add_argument("--server", choices=("granian", "uvicorn"), default="granian")
    parser.add_argument("--hot", type=lambda text: [int(part) for part in text.split(",")], default=[1, 4, 16])
    parser.add_argument("--most-per-second", type=int, default=700, help="carts made for each second of a burst")
    return parser.parse_args()


if __name__ == "__main__":
    main()
