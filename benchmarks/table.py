"""Measure the local table adapter beside bare SQLite doing the same work in the same run.

    python benchmarks/table.py [--items 1000000] [--seed 1] [--folder DIR]

The folder decides which disk is measured; what is made in it is deleted again.
"""

import argparse
import os
import platform
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import apsw
import msgspec

from bodega.adapters.local import sqlite
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.ports.table import Event, Exists, Key, Put, Update, Write
from bodega.schema import Table

TABLES = (Table("products", "id", "part"), Table("lists", "list", "position"))
LIST_LENGTH = 1000
READS = 20_000
QUERIES = 3000
COMMITS = 1000
THREADS = 16
GROUP = 16

Transactions = Iterator[tuple[list[Write], list[Event]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    print(f"machine   {platform.machine()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}")
    print(
        f"versions  Python {platform.python_version()}, apsw {apsw.apsw_version()}, SQLite {apsw.sqlite_lib_version()}"
    )
    print(f"data      {arguments.items} items of about 600 bytes and as many list entries, seed {arguments.seed}")
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        measure(folder, arguments.items, random.Random(arguments.seed))
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, items: int, chance: random.Random) -> None:
    database = Database.open(folder / "shop.db")
    store = SqliteTableStore(database, TABLES, clock=SystemClock())
    doc = chance.randbytes(540)
    started = time.perf_counter()
    store.load(catalogue(items, doc))
    rate = items / (time.perf_counter() - started)
    print(f"load      {rate:,.0f} transactions/s, each an item and a list entry")
    keys = [Key(product(chance.randrange(items)), "-") for _ in range(READS)]
    lists = [f"list-{chance.randrange(max(1, items // LIST_LENGTH))}" for _ in range(QUERIES)]
    raw = apsw.Connection(str(folder / "shop.db"))
    raw.execute(f"PRAGMA cache_size = -{sqlite.READER_CACHE_KIB}; PRAGMA synchronous = FULL")
    report_reads(store, raw, keys, lists)
    raw.close()
    report_writes(folder, store, keys, doc)
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB at most, this process")
    database.close()


def product(number: int) -> str:
    """Return an id as long as a real one, scattered as ULIDs of many imports are."""
    return f"prod_{number * 0x9E3779B97F4A7C15 % 2**64:026X}"


def catalogue(items: int, doc: bytes) -> Transactions:
    for number in range(items):
        listed, position = f"list-{number // LIST_LENGTH}", f"{number:012}"
        entry = Put("lists", {"list": listed, "position": position, "doc": doc})
        yield [Put("products", {"id": product(number), "part": "-", "version": 1, "doc": doc}), entry], []


def report_reads(store: SqliteTableStore, raw: apsw.Connection, keys: list[Key], lists: list[str]) -> None:
    decode = msgspec.msgpack.Decoder().decode
    get = "SELECT item FROM t_products WHERE pk = ? AND sk = ?"
    page = "SELECT item FROM t_lists WHERE pk = ? ORDER BY sk LIMIT 24"
    ours = best(lambda: (store.get("products", key) for key in keys)) / READS
    bare = best(lambda: (decode(raw.execute(get, (key.partition, key.sort)).get) for key in keys)) / READS
    print(f"get       {ours:6.1f} us CPU; bare SQLite {bare:6.1f}; {bare / ours:.0%} of its speed")
    ours = best(lambda: (store.query("lists", one, limit=24) for one in lists)) / QUERIES
    bare = best(lambda: ([decode(row) for (row,) in raw.execute(page, (one,))] for one in lists)) / QUERIES
    print(f"query 24  {ours:6.1f} us CPU; bare SQLite {bare:6.1f}; {bare / ours:.0%} of its speed")


def report_writes(folder: Path, store: SqliteTableStore, keys: list[Key], doc: bytes) -> None:
    """Compare durable updates, each with a condition, an index-free item and an event, alone and sixteen at a time."""
    alone = bare_commits(folder, keys, doc, group=1)
    single = per_second(COMMITS, lambda: change_all(store, keys[:COMMITS], doc))
    print(f"transact, 1 thread    {single:7,.0f}/s; bare commits  {alone:7,.0f}/s; {single / alone:.0%}")
    grouped = bare_commits(folder, keys, doc, group=GROUP)
    many = per_second(THREADS * COMMITS, lambda: change_in_threads(store, keys, doc))
    print(f"transact, {THREADS} threads  {many:7,.0f}/s; bare groups   {grouped:7,.0f}/s; {many / grouped:.0%}")


def change_all(store: SqliteTableStore, keys: list[Key], doc: bytes) -> None:
    for key in keys:
        change = Update("products", key, add={"version": 1}, set={"doc": doc}, condition=Exists())
        event = Event("evt_01JD0000000000000000000000", "product.changed", key.partition, 1, "2026-01-01T00:00:00Z")
        store.transact([change], [event])


def change_in_threads(store: SqliteTableStore, keys: list[Key], doc: bytes) -> None:
    shares = [keys[number * COMMITS : (number + 1) * COMMITS] for number in range(THREADS)]
    threads = [threading.Thread(target=change_all, args=(store, share, doc)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def bare_commits(folder: Path, keys: list[Key], doc: bytes, *, group: int) -> float:
    """Return how many of the same reads, writes and event rows a second one connection commits, so many a commit."""
    raw = apsw.Connection(str(folder / "shop.db"))
    raw.execute(f"PRAGMA cache_size = -{sqlite.WRITER_CACHE_KIB}; PRAGMA synchronous = FULL")
    raw.wal_autocheckpoint(sqlite.CHECKPOINT_BYTES // sqlite.PAGE_BYTES)
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.decode

    def commit(batch: list[Key]) -> None:
        raw.execute("BEGIN IMMEDIATE")
        for key in batch:
            row = raw.execute("SELECT item, expires FROM t_products WHERE pk = ? AND sk = ?", (key.partition, key.sort))
            item = decode(row.fetchone()[0])
            item["version"] += 1
            item["doc"] = doc
            values = (key.partition, key.sort, None, encode(item))
            raw.execute("INSERT OR REPLACE INTO t_products (pk, sk, expires, item) VALUES (?, ?, ?, ?)", values)
            raw.execute("INSERT INTO outbox (event) VALUES (?)", (doc[:150],))
        raw.execute("COMMIT")

    batches = [keys[start : start + group] for start in range(0, COMMITS * group, group)]
    rate = per_second(COMMITS * group, lambda: [commit(batch) for batch in batches])
    raw.close()
    return rate


def best(work: Callable[[], Iterable[object]]) -> float:
    """Return the least CPU time of three runs through all of it, in microseconds; nothing is kept."""
    times = []
    for _ in range(3):
        started = time.process_time()
        deque(work(), maxlen=0)
        times.append(time.process_time() - started)
    return min(times) * 1e6


def per_second(times: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return times / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
