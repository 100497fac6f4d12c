"""Measure the shop over HTTP: reads, lists, searches and durable changes beside a null server in the same run.

    PYTHONPATH=src python benchmarks/over_http.py [--products 10000] [--server granian|uvicorn] [--seconds 5]
        [--connections 32] [--data DIR] [--seed 7] [--only product,list,search,modify]

One server process. The null server is a bare ASGI callable on the same server with the same options; its bursts
alternate with those of each kind of request, and the ratio is the median of three such pairs. `wrk` drives the load
if it is installed; otherwise a client in this process does, which is itself slower than the server, so that its
ratios are too kind: it says so.
A data folder given by --data is filled if it is empty and used again if it was filled with as many products.
(The file is not called http.py: Python would take it for the standard library's http.)
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import platform
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

import apsw
import httpx
import msgspec
import psutil

from bodega.domain.catalog.model import CategoryInput, ProductInput, VariantInput
from bodega.domain.catalog.products import Restored
from bodega.domain.catalog.records import read_product
from bodega.domain.catalog.views import Projection, entry_items
from bodega.domain.shop import Shop
from bodega.settings import Settings, to_env
from bodega.values.money import Money
from bodega.wiring import open_shop

HELLO = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello, world"})
"""
LUA = """
local requests = {}
local count = 0
local place = %(start)d
local verb, body_form, extra = "%(method)s", %(body)s, %(headers)s
init = function(args)
  math.randomseed(%(seed)d + tonumber(tostring({}):match("0x(%%x+)"), 16) %% 1000)
  for line in io.lines("%(targets)s") do
    count = count + 1
    requests[count] = body_form and line or wrk.format(verb, line, extra)
  end
end
request = function()
  place = place + 1
  local chosen = requests[place > 0 and (place - 1) %% count + 1 or math.random(count)]
  if not body_form then return chosen end
  return wrk.format(verb, chosen, extra, string.format(body_form, math.random(1000000000)))
end
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"""
SHOP = "bodega.asgi:app_from_environment"
LEAVES = 200
PAGES = 20
FACETS = "category,brand,price"
WORDS = 4000
QUESTIONS = 100_000
_bursts = itertools.count()


class Measured(NamedTuple):
    """What a burst came to; times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    errors: int


class Load(NamedTuple):
    """What to send: paths to draw from, or to take in order, so that none comes twice in a burst; and how."""

    paths: Sequence[str]
    method: str = "GET"
    headers: Mapping[str, str] = MappingProxyType({})
    body: str | None = None
    in_order: bool = False


READS = (
    ("product", "product", ">= 35%"),
    ("list", "list", ">= 25%"),
    ("search", "search, 2,000 words", ">= 10%"),
    ("mix", "search, as people ask", ">= 10%"),
    ("distinct", "search, all different", "(10%)"),
)
"""Kinds of reads by the name that `--only` takes, with their titles and bars."""


def main() -> None:
    """Fill the shop, serve it and print a line for each kind of request."""
    args = _arguments()
    wanted = set(args.only.split(","))
    describe(args)
    with contextlib.ExitStack() as stack:
        folder = Path(args.data) if args.data else Path(stack.enter_context(tempfile.TemporaryDirectory())) / "shop"
        settings = Settings.for_directory(folder, admin_requests_per_minute=10**9, log_level="warning")
        token = prepare(settings, args.products, args.seed)
        print(f"{'':24}{'req/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'hello/s':>10}{'ratio':>8}{'bar':>9}")
        if wanted & {name for name, _, _ in READS}:
            measure_reads(args, settings, wanted)
        if "modify" in wanted:
            measure_changes(args, settings, token)


def measure_reads(args: argparse.Namespace, settings: Settings, wanted: set[str]) -> None:
    """Serve the shop and measure its reads."""
    with hello(args) as null_port, serving(args.server, SHOP, settings, factory=True) as (port, process):
        loads = read_loads(port, args.products, args.seed)
        for name, title, bar in READS:
            if name in wanted:
                pairs = [(burst(args, null_port, Load(["/"])), burst(args, port, loads[name])) for _ in range(3)]
                show(title, pairs, bar)
        if "distinct" in wanted:
            alone = burst(args, port, loads["distinct"], connections=1)
            figures = f"{alone.per_second:10.0f}{alone.p50:9.2f}{alone.p99:9.2f}"
            print(f"{'the same, one client':24}{figures}   (bar: p99 <= 25)")
        print(f"memory of the serving process: {resident(process):.0f} MB (with its parent {whole(process):.0f} MB)")


def measure_changes(args: argparse.Namespace, settings: Settings, token: str) -> None:
    """Measure durable changes by 16 clients beside the same statements and bytes alone, committed in groups."""
    database = settings.data_dir / "shop.sqlite"
    paths = [f"/v1/admin/products/{product_id(n)}" for n in sample(args.products, args.seed, 20_000)]
    headers = {"authorization": f"Bearer {token}", "if-match": "*", "content-type": "application/merge-patch+json"}
    load = Load(paths, "PATCH", headers, '{"title":"Renamed thing number %d"}')
    found, base = [], []
    for _ in range(3):
        base.append(calibrate(database, args.products, args.seed, args.seconds))
        with serving(args.server, SHOP, settings, factory=True) as (port, _):
            found.append(burst(args, port, load, connections=16))
    one, alone = _median([f.per_second for f in found]), _median(base)
    p50, p99 = _median([f.p50 for f in found]), _median([f.p99 for f in found])
    ratio = _median([f.per_second / b for f, b in zip(found, base, strict=True)])
    print(f"{'group-commit calibration':24}{alone:10.0f}  groups of 16, synchronous FULL, rows and bytes of a change")
    print(
        f"{'modify, 16 clients':24}{one:10.0f}{p50:9.2f}{p99:9.2f}"
        f"{sum(f.errors for f in found):8}{'':10}{ratio:8.0%}{'>= 50%':>9}"
    )


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


# -- the shop


def prepare(settings: Settings, count: int, seed: int) -> str:
    """Fill the folder unless it is filled, and return a fresh token."""
    started = time.perf_counter()
    shop = open_shop(settings)
    try:
        if shop.catalog.products.find_stored(product_id(count - 1)) is None:
            fill(shop, count, seed)
            seconds = time.perf_counter() - started
            print(f"filled with {count} products in {seconds:.0f} s ({count / seconds:.0f} a second, indexed)")
        _, token = shop.api_keys.create(name="benchmark", scopes=["catalog:write"])
        return token
    finally:
        shop.close()


def fill(shop: Shop, count: int, seed: int) -> None:
    """Put in synthetic products of about 600 bytes in 200 categories."""
    chance = random.Random(seed)
    words = [_word(chance) for _ in range(WORDS)]
    roots = [shop.catalog.taxonomy.create_category(CategoryInput(name=f"Hall {n}")).id for n in range(10)]
    leaves = [
        shop.catalog.taxonomy.create_category(CategoryInput(name=f"Shelf {n}", parent=roots[n % 10])).id
        for n in range(LEAVES)
    ]
    batch = []
    for number in range(count):
        batch.append((_product(chance, words, leaves, number), Restored(id=product_id(number))))
        if len(batch) == 500 or number == count - 1:
            refused = [r for r in shop.catalog.products.upsert_many(batch) if isinstance(r, Exception)]
            if refused:
                raise SystemExit(f"a product was refused: {refused[0]}")
            batch = []
    shop.indexer.rebuild()


def _product(chance: random.Random, words: list[str], leaves: list[str], number: int) -> ProductInput:
    def text(length: int) -> str:
        # Squaring makes early words common and late ones rare.
        return " ".join(words[int(chance.random() ** 2 * WORDS)] for _ in range(length))

    return ProductInput(
        title=text(4),
        slug=f"p-{number}",
        description=text(30),
        brand=f"Brand {chance.randrange(300)}",
        status="active",
        categories=[leaves[number % LEAVES]],
        attributes={"colour": chance.choice(("red", "green", "blue", "black", "white"))},
        variants=[VariantInput(sku=f"SKU-{number}", price=Money(100 + chance.randrange(50_000), "GBP"))],
    )


def _word(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 9)))


def product_id(number: int) -> str:
    """Return the id of the n-th product."""
    return f"prod_{number:026d}"


def sample(count: int, seed: int, most: int) -> list[int]:
    """Return numbers of products, uniformly at random, at most so many."""
    return random.Random(seed + 1).sample(range(count), min(count, most))


def read_loads(port: int, count: int, seed: int) -> dict[str, Load]:
    """Return what to ask: random products, pages found by walking cursors, searches with words that there are."""
    base = f"http://127.0.0.1:{port}"
    tree = _json(f"{base}/v1/store/categories")["data"]
    shelves = [child["id"] for root in tree for child in root["children"]]
    questions = _questions([root["id"] for root in tree], shelves, seed)
    pages = []
    for shelf in random.Random(seed).sample(shelves, min(40, len(shelves))):
        path = f"/v1/store/products?filter%5Bcategory%5D={shelf}&limit=24&sort=price"
        cursor = None
        for _ in range(PAGES):
            here = path + (f"&cursor={cursor}" if cursor else "")
            pages.append(here)
            cursor = _json(base + here)["page"]["next"]
            if cursor is None:
                break
    chance = random.Random(seed)
    words = [_word(chance) for _ in range(WORDS)]
    asked = [words[int(chance.random() ** 2 * WORDS)] for _ in range(2000)]
    return {
        "product": Load([f"/v1/store/products/{product_id(n)}" for n in sample(count, seed, 200_000)]),
        "list": Load(pages),
        "search": Load([f"/v1/store/products?q={quote(word)}&facets={FACETS}" for word in asked]),
        "mix": Load(_as_asked(questions, seed)),
        "distinct": Load(questions, in_order=True),
    }


def _questions(roots: Sequence[str], leaves: Sequence[str], seed: int) -> list[str]:
    """Return searches of which none equals another: words of one product, most without a filter, in several orders."""
    chance = random.Random(seed)
    words = [_word(chance) for _ in range(WORDS)]
    products = [_product(chance, words, leaves, number) for number in range(20_000)]
    found: dict[str, None] = {}
    while len(found) < QUESTIONS:
        product = chance.choice(products)
        there = f"{product.title} {product.description}".split()
        asked = " ".join(chance.choices(there, k=chance.choices((1, 2, 3), (45, 40, 15))[0]))
        low = chance.randrange(100, 40_000)
        narrowed = chance.choices(
            (
                "",
                f"&filter%5Bcategory%5D={chance.choice(roots)}",
                f"&filter%5Bcategory%5D={chance.choice(leaves)}",
                f"&filter%5Bbrand%5D={quote(product.brand)}",
                f"&filter%5Bprice%5D%5Bgte%5D={low}&filter%5Bprice%5D%5Blte%5D={low + 10_000}",
            ),
            (65, 10, 5, 10, 10),
        )[0]
        order = chance.choices(("", "&sort=price", "&sort=best_selling"), (80, 10, 10))[0]
        found[f"/v1/store/products?q={quote(asked)}{narrowed}{order}&facets={FACETS}"] = None
    return list(found)


def _as_asked(questions: Sequence[str], seed: int) -> list[str]:
    """Return searches as a shop is asked them: the n-th most popular of 100,000 about 1/n as often as the first."""
    weights = [1 / rank for rank in range(1, len(questions) + 1)]
    return random.Random(seed).choices(questions, weights, k=100_000)


def _json(url: str) -> dict:
    with urllib.request.urlopen(url) as reply:  # noqa: S310 - our own server on loopback
        return json.load(reply)


# -- the calibration


def calibrate(path: Path, count: int, seed: int, seconds: float) -> float:
    """Return changes a second when one thread writes the same rows again, sixteen changes a durable commit.

    Each change reads the product's row, writes it and its list entries with the bytes they have, and adds an event.
    """
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous = FULL; PRAGMA mmap_size = 1073741824")
    connection.set_busy_timeout(10_000)
    connection.wal_autocheckpoint(0)
    numbers = sample(count, seed, 20_000)
    rows = [_rows_of(connection, number) for number in numbers[:2000]]
    event = bytes(200)
    done = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(16):
            _rewrite(connection, rows[done % len(rows)], event)
            done += 1
        connection.execute("COMMIT")
        if done % 16_000 == 0:
            connection.wal_checkpoint()
    elapsed = time.perf_counter() - started
    # What was announced here means nothing: the events are taken back before anybody reads them.
    connection.execute("DELETE FROM outbox WHERE event = ?", (event,))
    connection.wal_checkpoint()
    connection.close()
    return done / elapsed


def _rows_of(connection: apsw.Connection, number: int) -> "Rows":
    key = f"product#{product_id(number)}"
    packed = connection.execute("SELECT item FROM t_catalog WHERE pk = ? AND sk = 'product'", (key,)).get
    item = msgspec.msgpack.decode(packed)
    projection = Projection(lists=item["lists"], amount=item["amount"], changes_at=item["changes_at"])
    rows = [("t_catalog", (key, "product"), packed)]
    for entry in entry_items(read_product(item), projection, item["card"]):
        name, position = entry["list"], entry["position"]
        where: tuple[str, ...] = (name, position)
        rows.append(
            ("t_listings", where, connection.execute(_GET.format("t_listings", "pk = ? AND sk = ?"), where).get)
        )
        if "price" in entry:
            where, table = (name, entry["price"], name, position), "x_listings__by_price"
            shown = connection.execute(_GET.format(table, "ipk = ? AND isk = ? AND pk = ? AND sk = ?"), where).get
            rows.append((table, where, shown))
    return rows


def _rewrite(connection: apsw.Connection, rows: "Rows", event: bytes) -> None:
    """Do what a change of a product does: read what is there, write it anew, and announce it."""
    for table, where, packed in rows:
        if table.startswith("t_"):
            connection.execute(_GET.format(table, "pk = ? AND sk = ?"), where).fetchone()
        connection.execute(_PUT[len(where)].format(table), (*where, packed))
    connection.execute("INSERT INTO outbox (event) VALUES (?)", (event,))


Rows: TypeAlias = list[tuple[str, tuple[str, ...], bytes]]  # table, key, and what is stored there

_GET = "SELECT item FROM {} WHERE {}"
_PUT = {
    2: "INSERT OR REPLACE INTO {} (pk, sk, item) VALUES (?, ?, ?)",
    4: "INSERT OR REPLACE INTO {} (ipk, isk, pk, sk, item) VALUES (?, ?, ?, ?, ?)",
}

# -- the server


@contextlib.contextmanager
def serving(
    server: str, target: str, settings: Settings | None, *, factory: bool
) -> Iterator[tuple[int, psutil.Process]]:
    """Run one server process, and stop it by its id."""
    port = _free_port()
    tools = Path(sys.executable).parent
    command = {
        "granian": [tools / "granian", "--interface", "asgi", "--workers", "1", "--no-ws", "--log-level", "warning"],
        "uvicorn": [tools / "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"],
    }[server]
    quiet = ["--log-level", "warning"] if server == "uvicorn" else []
    extra = ["--factory"] if factory else []
    environment = os.environ | (to_env(settings) if settings is not None else {})
    with subprocess.Popen(
        [*map(str, command), *quiet, "--host", "127.0.0.1", "--port", str(port), *extra, target], env=environment
    ) as process:
        try:
            _await_port(port, process)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def hello(args: argparse.Namespace) -> Iterator[int]:
    """Run the null server."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "null_server.py").write_text(HELLO, encoding="utf-8")
        before = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, before)))
        with serving(args.server, "null_server:app", None, factory=False) as (port, _):
            os.environ["PYTHONPATH"] = before
            yield port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_port(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit("the server did not come up")


def resident(process: psutil.Process) -> float:
    """Return the memory of the process that answers, in MB."""
    return max(p.memory_info().rss for p in (process, *process.children(recursive=True))) / 1e6


def whole(process: psutil.Process) -> float:
    """Return the memory of the server's processes together, in MB; shared pages count in each."""
    return sum(p.memory_info().rss for p in (process, *process.children(recursive=True))) / 1e6


# -- the load


def burst(args: argparse.Namespace, port: int, load: Load, *, connections: int | None = None) -> Measured:
    """Warm up, then measure."""
    drive = _wrk if shutil.which("wrk") else _own_client
    wanted = connections or args.connections
    drive(port, load, wanted, min(1.0, args.seconds), args.seed)
    return drive(port, load, wanted, args.seconds, args.seed)


def _wrk(port: int, load: Load, connections: int, seconds: float, seed: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        targets = Path(folder) / "targets"
        targets.write_text("\n".join(load.paths) + "\n", encoding="utf-8")
        headers = ", ".join(
            f'["{name}"] = "{value.replace(chr(34), chr(92) + chr(34))}"' for name, value in load.headers.items()
        )
        script = Path(folder) / "load.lua"
        script.write_text(
            LUA
            % {
                "method": load.method,
                "body": f"[[{load.body}]]" if load.body else "nil",
                "headers": f"{{{headers}}}",
                "targets": targets,
                "seed": seed,
                # Bursts of a load that is taken in order begin apart, so that none repeats the one before.
                "start": next(_bursts) * 37_003 % len(load.paths) if load.in_order else -(10**12),
            },
            encoding="utf-8",
        )
        whole_seconds = max(1, round(seconds))
        found = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{whole_seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            check=True,
        )
    line = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", found.stdout)
    if line is None:
        raise SystemExit(f"wrk said: {found.stdout}{found.stderr}")
    requests, micros, p50, p99, errors = map(int, line.groups())
    return Measured(requests / (micros / 1e6), p50 / 1000, p99 / 1000, errors)


def _own_client(port: int, load: Load, connections: int, seconds: float, seed: int) -> Measured:
    """Drive the load from a thread with asyncio: for machines without wrk."""
    times: list[float] = []
    errors = 0
    in_order = itertools.cycle(load.paths)

    async def client(number: int, until: float) -> None:
        nonlocal errors
        chance = random.Random(seed + number)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=load.headers) as session:
            while time.perf_counter() < until:
                body = load.body % chance.randrange(10**9) if load.body else None
                started = time.perf_counter()
                path = next(in_order) if load.in_order else chance.choice(load.paths)
                reply = await session.request(load.method, path, content=body)
                times.append(time.perf_counter() - started)
                errors += reply.status_code >= 400

    async def everybody() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(client(number, until) for number in range(connections)))

    worker = threading.Thread(target=lambda: asyncio.run(everybody()))
    worker.start()
    worker.join()
    times.sort()
    return Measured(len(times) / seconds, times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000, errors)


# -- saying


def show(name: str, pairs: Sequence[tuple[Measured, Measured]], bar: str) -> None:
    """Print a line of alternating bursts of the null server and of ours."""
    found = sorted((ours for _, ours in pairs), key=lambda m: m.per_second)[len(pairs) // 2]
    null = _median([null.per_second for null, _ in pairs])
    ratio = _median([ours.per_second / null.per_second for null, ours in pairs])
    errors = sum(ours.errors for _, ours in pairs)
    print(
        f"{name:24}{found.per_second:10.0f}{found.p50:9.2f}{found.p99:9.2f}{errors:8}{null:10.0f}{ratio:8.0%}{bar:>9}",
        flush=True,
    )


def describe(args: argparse.Namespace) -> None:
    """Print where and on what this runs."""
    with contextlib.suppress(OSError):
        model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        print(f"machine: {model[1] if model else platform.processor()}, {os.cpu_count()} cores, load {os.getloadavg()}")
    packages = ("granian", "uvicorn", "starlette", "msgspec", "apsw", "tantivy")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    print(f"versions: Python {platform.python_version()}, {versions}")
    driver = "wrk" if shutil.which("wrk") else "its own client (no wrk here: ratios are too kind)"
    print(
        f"run: {args.products} products, seed {args.seed}, {args.server}, one process, {args.connections} connections,"
        f" {args.seconds} s a burst, driven by {driver}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the shop over HTTP.")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--server", choices=("granian", "uvicorn"), default="granian")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--data", help="folder to fill and use again")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="product,list,search,mix,distinct,modify")
    return parser.parse_args()


if __name__ == "__main__":
    main()
