"""Indexes that lag behind a load come out right, whoever is killed while catching up and whatever changes meanwhile."""

import subprocess
import sys
import threading
from itertools import count

import pytest

from bodega.adapters.local import table_backlog
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.ports.table import Delete, Key, Put, scan_all
from bodega.schema import Index, Table

TABLES = (Table("things", "pk", "sk", indexes=(Index("by_colour", "colour", "price", ("doc",)),)),)
COLOURS = ("blue", "green", "red")
THINGS = 12_000
CATCH_UP = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_lagging_indexes import open_store
store, database = open_store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
store.catch_up_indexes()
database.close()
"""


def open_store(folder):
    database = Database.open(folder / "shop.sqlite")
    return SqliteTableStore(database, TABLES, clock=SystemClock()), database


@pytest.fixture
def store(tmp_path):
    store, database = open_store(tmp_path)
    yield store
    database.close()


def thing(number, *, doc=0, price=None):
    price = number * 7919 % 10_007 if price is None else price
    return {"pk": f"p{number}", "sk": "1", "colour": COLOURS[number % 3], "price": f"{price:06}", "doc": doc}


def load(store, numbers, **options):
    store.load((([Put("things", thing(number, **options))], []) for number in numbers), lagging=True)


def shown(store):
    """Return what the index shows, walked to its end."""
    found = []
    for colour in COLOURS:
        after = None
        while True:
            page = store.query("things", colour, index="by_colour", after=after, limit=1000)
            found += page.items
            after = page.last
            if after is None:
                break
    return found


def there(store):
    """Return what the index must show."""
    return sorted(scan_all(store, "things"), key=lambda one: (one["colour"], one["price"], one["pk"], one["sk"]))


def test_whoever_is_killed_while_catching_up_leaves_nothing_that_the_next_cannot_do(store, tmp_path):
    load(store, range(THINGS))
    # Longer and longer, so that each kill falls into another part of the work.
    for milliseconds in (1, 30, 90, 200):
        words = [sys.executable, "-c", CATCH_UP, str(tmp_path), *sys.path]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            process.stdin.write("go\n")
            process.stdin.flush()
            threading.Event().wait(milliseconds / 1000)
            process.kill()

    store.catch_up_indexes()

    assert shown(store) == there(store)


def test_changes_while_somebody_catches_up_are_never_undone(store, tmp_path, monkeypatch):
    monkeypatch.setattr(table_backlog, "_CHUNK", 50)  # so that many changes fall between two chunks
    load(store, range(THINGS))
    other, database = open_store(tmp_path)
    done = threading.Event()

    def change():
        for number in count():
            if done.is_set():
                return
            place = number * 101 % THINGS
            if number % 3:
                other.transact([Put("things", thing(place, doc=number, price=number % 1000))])
            else:
                other.transact([Delete("things", Key(f"p{place}", "1"))])
                load(other, [place], doc=-number)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        store.catch_up_indexes()
        load(store, range(THINGS, THINGS + 500))
        store.catch_up_indexes()
    finally:
        done.set()
        changing.join()
        store.catch_up_indexes()
        database.close()

    assert shown(store) == there(store)
    assert store._database.reader().execute("SELECT count(*) FROM index_void").get == 0
