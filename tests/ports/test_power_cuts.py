"""When the power goes, every transaction that was acknowledged is there, whole, and none is there by half."""

import contextlib
import itertools
import random
import re
import threading

import apsw
import pytest
from power import SECTOR, Inode, Machine, fresh_folders, running

from bodega.adapters.local import sqlite
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.errors import UnavailableError
from bodega.ports.table import Delete, Event, Key, Put, Update, scan_all
from bodega.schema import Index, Table

TABLES = (Table("things", "pk", "sk", indexes=(Index("by_colour", "colour", "sk"),)),)
CLERKS = ("ada", "bob", "cyd")
COLOURS = 7
MOST_EVENTS = 1500  # of a life: about as many as its transactions cause
KEPT = 5  # things of a clerk; older ones are thrown away


class Life:
    """The time between two power cuts: clerks who write at once, through one database or two, as processes do."""

    def __init__(self, machine, chance, synchronous):
        self.chance = chance
        self.databases = []
        self.stores = []
        self._machine, self._synchronous = machine, synchronous

    def open(self):
        for _ in range(self.chance.choice([1, 2])):
            database = Database.open(self._machine.folder / "shop.sqlite")
            self.databases.append(database)
            for connection in (database._writing, database._checkpointing):
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            self.stores.append(SqliteTableStore(database, TABLES, clock=SystemClock()))

    def work(self, acknowledged):
        """Let every clerk write until the power goes, noting what was acknowledged."""
        threads = [
            threading.Thread(target=self._clerk, args=(name, acknowledged, random.Random(self.chance.random()), store))
            for name, store in zip(CLERKS, itertools.cycle(self.stores), strict=False)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _clerk(self, name, acknowledged, chance, store):
        with contextlib.suppress(UnavailableError):
            first = count_of(store, name) + 1
            for number in range(first, first + 25):
                store.transact(*one_more(name, number, chance))
                acknowledged[name] = number

    def close(self):
        """Cut the power at last, for closing syncs everything, and let go of the files."""
        self._machine.cut()
        for database in self.databases:
            database.close()


def one_more(name, number, chance):
    """Return what a clerk's n-th transaction writes: a thing, two counters, an event, and maybe a deletion."""
    thing = {"pk": name, "sk": str(number), "colour": f"c{number % COLOURS}", "doc": chance.randbytes(size(chance))}
    writes = [
        Put("things", thing),
        Update("things", Key("count", name), set={"n": number}),
        Update("things", Key("count", "all"), add={"n": 1}),
    ]
    if number > KEPT:
        writes.append(Delete("things", Key(name, str(number - KEPT))))
    return writes, [Event(f"{name}-{number}", "counted", name, number, "2026-01-01T00:00:00Z")]


def size(chance):
    return chance.choice([10, 600, 5000, 30_000])


def count_of(store, name):
    item = store.get("things", Key("count", name))
    return item["n"] if item else 0


def check(database, store, acknowledged):
    """Everything that was acknowledged is there, and whatever is there is there whole."""
    health = database.reader().execute("PRAGMA integrity_check").get
    assert health == "ok", f"malformed: {health}"
    counts = {name: count_of(store, name) for name in CLERKS}
    for name in CLERKS:
        assert acknowledged[name] <= counts[name] <= acknowledged[name] + 1, (
            f"of {acknowledged} only {counts} are there"
        )
    assert count_of(store, "all") == sum(counts.values())
    kept = {(name, str(n)) for name, count in counts.items() for n in range(max(1, count - KEPT + 1), count + 1)}
    assert {(item["pk"], item["sk"]) for item in scan_all(store, "things") if item["pk"] in CLERKS} == kept
    shown = [
        item for n in range(COLOURS) for item in store.query("things", f"c{n}", index="by_colour", limit=1000).items
    ]
    assert sorted((item["pk"], item["sk"]) for item in shown) == sorted(kept)
    events = [one.event.id for one in store.announced(0, limit=100_000)]
    assert sorted(events) == sorted(f"{name}-{n}" for name, count in counts.items() for n in range(1, count + 1))


def run(folder, seed, *, synchronous="FULL"):
    """Live, lose power and open what is left, up to three times over; return the machines. Fails if a thing is lost."""
    chance = random.Random(seed)
    acknowledged = dict.fromkeys(CLERKS, 0)
    machines = []
    place = folder / "0"
    place.mkdir()
    for number in range(1, chance.randint(2, 4)):
        # Often early, for then it is the opening, or the recovery from the cut before, that is interrupted.
        most = chance.choice([40, MOST_EVENTS])
        machine = Machine(place, seed=chance.random(), cut_before=chance.randint(1, most))
        machines.append(machine)
        with running(machine), contextlib.closing(Life(machine, chance, synchronous)) as life:
            try:
                life.open()
                if number > 1:
                    check(life.databases[0], life.stores[0], acknowledged)
                life.work(acknowledged)
            except (UnavailableError, apsw.Error):
                assert machine.off
        place = folder / str(number)
        machine.leave(place)
    open_and_check(place, acknowledged)
    return machines


def open_and_check(folder, acknowledged):
    # Once more on such a machine, which spares it the real syncs.
    with running(Machine(folder, seed=0)), contextlib.closing(Database.open(folder / "shop.sqlite")) as database:
        check(database, SqliteTableStore(database, TABLES, clock=SystemClock()), acknowledged)


@pytest.fixture(autouse=True)
def early_checkpoints(monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_BYTES", 40 * sqlite.PAGE_BYTES)


@pytest.fixture
def folders(tmp_path):
    return fresh_folders(tmp_path)


@pytest.mark.parametrize("seeds", [range(30), pytest.param(range(2000), marks=pytest.mark.slow)], ids=len)
def test_no_power_cut_loses_or_halves_what_was_acknowledged(folders, seeds):
    reached = 0
    for seed, folder in zip(seeds, folders, strict=False):
        machines = run(folder, seed)
        reached += sum(machine.cut_before == machine.happened for machine in machines)

    # Most cuts came while something was going on, and not after it.
    assert reached > len(seeds)


def test_a_power_cut_at_any_moment_of_the_first_start_leaves_a_folder_that_can_be_opened(folders):
    for (moment, seed), folder in zip(itertools.product(range(1, 45), range(4)), folders, strict=False):
        acknowledged = dict.fromkeys(CLERKS, 0)
        place = folder / "before"
        place.mkdir()
        machine = Machine(place, seed=seed, cut_before=moment)
        with running(machine), contextlib.suppress(UnavailableError, apsw.Error):
            database = Database.open(place / "shop.sqlite")
            with contextlib.closing(database):
                store = SqliteTableStore(database, TABLES, clock=SystemClock())
                store.transact(*one_more("ada", 1, random.Random(seed)))
                acknowledged["ada"] = 1
                machine.cut()
        machine.leave(folder / "after")

        open_and_check(folder / "after", acknowledged)


@pytest.mark.parametrize(("synchronous", "loses"), [("NORMAL", "are there"), ("OFF", "malformed")])
def test_the_machine_finds_out_who_does_not_sync(folders, synchronous, loses, monkeypatch):
    # Without this the two tests above might pass because the machine never lost anything.
    monkeypatch.setattr(sqlite, "BUSY_MS", 100)  # a damaged file may look busy
    failures = []
    for seed, folder in zip(range(40), folders, strict=False):
        try:
            run(folder, seed, synchronous=synchronous)
        except (AssertionError, UnavailableError, apsw.Error) as exc:
            failures.append(str(exc))
    assert len(failures) > 5
    assert any(re.search(loses, failure) for failure in failures), failures


# -- the machine itself ----------------------------------------------------------------------------------------


def outcomes(inode):
    return {inode.left(random.Random(seed)) for seed in range(300)}


def test_what_was_synced_stays():
    inode = Inode(b"old")
    inode.pending.append((0, b"new"))
    inode.sync()

    assert outcomes(inode) == {b"new"}


def test_a_write_that_was_not_synced_is_kept_dropped_or_torn_at_sectors():
    inode = Inode(b"a" * 2 * SECTOR)
    inode.pending.append((SECTOR - 2, b"bbbb"))

    a, b = b"a" * (SECTOR - 2), b"b" * 2
    assert outcomes(inode) == {a + one + other + a for one in (b"aa", b) for other in (b"aa", b)}


def test_a_truncation_that_was_not_synced_may_come_to_nothing_and_a_file_may_be_longer_than_its_bytes():
    shorter, longer = Inode(b"abcd"), Inode(b"")
    shorter.pending.append((2, None))
    longer.pending.append((0, b"abcd"))

    assert outcomes(shorter) == {b"ab", b"abcd"}
    assert outcomes(longer) == {b"", b"abcd", b"\0\0\0\0", b"\xa5\xa5\xa5\xa5"}


def test_names_wait_for_a_sync_of_the_folder(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    left = set()
    for seed in range(40):
        machine = Machine(tmp_path, seed=seed)
        machine.inode(tmp_path / "new").sync()
        machine.delete(tmp_path / "old", sync=False)
        machine.cut()
        left.add(frozenset(machine._left))
    assert left == {frozenset(names) for names in ([], ["new"], ["old"], ["new", "old"])}
