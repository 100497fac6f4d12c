"""Measure the import of products from JSONL, search index included: speed, CPU and memory at growing sizes.

    PYTHONPATH=src python benchmarks/imports.py [--rows 10000 100000 1000000] [--seed 7] [--cores 1] [--sales FILE]

Each size is a process of its own on an empty shop, held to that many cores. The calibration beside it decodes the same
file and puts its lines into a bare SQLite table with the same durability, so that a slow machine shows as one.
`--sales` takes the order lines of a real file (Parquet, columns as in the Online Retail set) as well.
"""

import argparse
import gc
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from itertools import islice, pairwise
from pathlib import Path

import apsw
import msgspec
import psutil

from bodega.cli.imports import fingerprint_of
from bodega.domain.catalog.shelves import ShelfQuery
from bodega.domain.flows.jobs import Job
from bodega.settings import Settings
from bodega.wiring import open_shop

_VOCABULARY = (
    "red blue green small large vintage ceramic steel wooden cotton linen travel kitchen garden lamp mug bowl plate "
    "chair table box clock mirror candle cushion blanket basket vase jar tray hook shelf ribbon glass paper silver"
)
WORDS = _VOCABULARY.split()
SALES_COLUMNS = {
    "order": "invoice",
    "sku": "stock_code",
    "name": "description",
    "quantity": "quantity",
    "time": "timestamp",
    "unit_price": "unit_price",
    "customer": "customer_id",
}
CALIBRATION_BATCH = 1000


def rows(count: int, seed: int) -> Iterator[dict[str, object]]:
    """Invent products: about 550 bytes of JSON each, 100 leaf categories, two attributes, stock."""
    chance = random.Random(seed)
    for number in range(count):
        yield {
            "sku": f"SKU-{number:07d}",
            "title": f"{' '.join(chance.choices(WORDS, k=4)).title()} {number}",
            "price": chance.randrange(100, 20_000) / 100,
            "brand": chance.choice(WORDS).title(),
            "description": " ".join(chance.choices(WORDS, k=50)),
            "category": f"{chance.choice(WORDS[:10]).title()} > {chance.choice(WORDS[10:20]).title()}",
            "stock": chance.randrange(100),
            "attributes.Colour": chance.choice(WORDS[:3]),
            "attributes.Material": chance.choice(WORDS[6:11]),
        }


def write_rows(path: Path, count: int, seed: int) -> None:
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        for row in rows(count, seed):
            file.write(encode(row) + b"\n")


def calibrate(path: Path, folder: Path) -> float:
    """Return rows a second of the least that any durable import must do."""
    connection = apsw.Connection(str(folder / "calibration.sqlite"))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (pk TEXT PRIMARY KEY, doc BLOB) WITHOUT ROWID")
    decode = msgspec.json.Decoder().decode
    started, count = time.perf_counter(), 0
    with path.open("rb") as file:
        while batch := [(decode(line)["sku"], line) for line in islice(file, CALIBRATION_BATCH)]:
            with connection:
                connection.executemany("INSERT INTO t VALUES (?, ?)", batch)
            count += len(batch)
    seconds = time.perf_counter() - started
    connection.close()
    return count / seconds


def own_memory_mb() -> float:
    """Return memory that is ours alone: what files are mapped from can be dropped at any time."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return psutil.Process().memory_info().rss / 2**20


def measure(subject: str, path: Path, folder: Path) -> dict[str, float]:
    """Import a file into an empty shop and say what it took; runs in a process of its own."""
    gc.set_threshold(100_000, 20, 50)  # as the command line does
    shop = open_shop(Settings.for_directory(folder / "shop"))
    shop.catalog.shelves.find(ShelfQuery(text="warm"))
    peak, before = 0.0, time.process_time()

    def watch(_: Job) -> None:
        nonlocal peak
        peak = max(peak, own_memory_mb())

    started = time.perf_counter()
    columns = SALES_COLUMNS if subject == "sales" else None
    job = shop.jobs.import_file(subject, path, fingerprint=fingerprint_of(path), columns=columns, on_progress=watch)
    seconds = time.perf_counter() - started
    cpu = time.process_time() - before
    if job.state != "done":
        sys.exit(job.message)
    indexed = shop.catalog.shelves.find(ShelfQuery(facets=["category"], limit=1)).total
    shop.close()
    return {
        "rows": job.read,
        "seconds": round(seconds, 2),
        "rows_per_second": round(job.read / seconds),
        "cpu_us_per_row": round(cpu / job.read * 1e6, 1),
        "peak_own_mb": round(peak, 1),
        "rejected": job.rejected,
        "indexed": indexed or 0,
        "disk_mb": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20),
    }


def in_own_process(subject: str, path: Path, cores: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "--measure", subject, str(path), folder, "--cores", str(cores)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        found: dict[str, float] = json.loads(done.stdout)
        return found


def hold_to(cores: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-cores:]))


def report(sizes: Sequence[int], seed: int, cores: int, sales: Path | None) -> None:
    versions = {name: metadata.version(name) for name in ("apsw", "tantivy", "msgspec", "pyarrow")}
    print(f"machine   {platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GB")
    print(f"versions  python {platform.python_version()}, {', '.join(f'{k} {v}' for k, v in versions.items())}")
    print(f"data      generated products, seed {seed}; imports held to {cores} core(s)")
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.jsonl"
            write_rows(path, size, seed)
            calibration = calibrate(path, Path(folder))
            (Path(folder) / "calibration.sqlite").unlink()
            found = in_own_process("products", path, cores) | {"calibration_rows_per_second": round(calibration)}
            found["ratio_to_calibration"] = round(found["rows_per_second"] / calibration, 3)
            measured.append(found)
            print(json.dumps(found), flush=True)
            path.unlink()
    for smaller, larger in pairwise(measured):
        grown = (larger["peak_own_mb"] - smaller["peak_own_mb"]) / (larger["rows"] - smaller["rows"]) * 1e6
        print(f"slope     {grown:+.1f} MB a million rows between {smaller['rows']:,} and {larger['rows']:,}")
    if sales is not None:
        print("sales     " + json.dumps(in_own_process("sales", sales.resolve(), cores)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the import of products.")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--sales", type=Path)
    parser.add_argument("--measure", nargs=3, metavar=("SUBJECT", "FILE", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    hold_to(given.cores)
    if given.measure:
        subject, path, folder = given.measure
        print(json.dumps(measure(subject, Path(path), Path(folder))))
    else:
        report(given.rows, given.seed, given.cores, given.sales)


if __name__ == "__main__":
    main()
