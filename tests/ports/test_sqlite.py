"""What the shop's SQLite file withstands: neighbours in a group, processes, kill -9, a full disk, foreign files."""

import itertools
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from bodega.adapters.local import sqlite, sqlite_writer
from bodega.adapters.local.sqlite import Database, ForeignDataError, OldEngineError, UnwritableError
from bodega.adapters.local.sqlite_batch import Batch
from bodega.adapters.local.sqlite_lock import FairLock
from bodega.adapters.local.sqlite_writer import Pending
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.table import Event, Key, Put, Update, scan_all
from bodega.schema import Index, Table

TABLES = (Table("things", "pk", "sk", indexes=(Index("by_colour", "colour", "sk"),)),)

# A process of its own: adds to a shared and to a private counter, each with an event, and says so once it is durable.
COUNTING = """
import sys
from pathlib import Path
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.ports.table import Event, Key, Update
from bodega.schema import Index, Table

path, name, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
tables = (Table("things", "pk", "sk", indexes=(Index("by_colour", "colour", "sk"),)),)
database = Database.open(path)
store = SqliteTableStore(database, tables, clock=SystemClock())
print("ready", flush=True)
sys.stdin.readline()
for number in range(1, times + 1):
    store.transact(
        [
            Update("things", Key("shared", "1"), add={"n": 1}),
            Update("things", Key(name, "1"), set={"n": number, "colour": f"c{number % 7}", "doc": b"x" * 3000}),
        ],
        [Event(f"{name}-{number}", "counted", name, number, "2026-01-01T00:00:00Z")],
    )
    print(number, flush=True)
database.close()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "shop.db"


@pytest.fixture
def database(path):
    opened = Database.open(path)
    yield opened
    opened.close()


@pytest.fixture
def store(database):
    return SqliteTableStore(database, TABLES, clock=SystemClock())


def count(path, name, times):
    """Start a counting process."""
    return subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(path), name, str(times)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(sqlite.__file__).parents[3])},
    )


def start_together(processes):
    """Let processes count at the same time and wait until all are done."""
    crowd = list(processes)
    for process in crowd:
        assert process.stdout.readline() == "ready\n"
    for process in crowd:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in crowd:
        process.communicate(timeout=60)
        assert process.returncode == 0


def start_victim(path):
    """Start a counting process that will not live to finish."""
    process = count(path, "victim", 100_000)
    process.stdin.write("go\n")
    process.stdin.close()
    assert process.stdout.readline() == "ready\n"
    return process


def run(sql, *values):
    """Return a change that executes a statement."""

    def change(connection):
        connection.execute(sql, values)

    return change


# -- groups ----------------------------------------------------------------------------------------------------


def test_a_change_returns_its_result_when_it_is_durable(database, path):
    database.write(run("CREATE TABLE t (n)"))

    assert database.write(lambda c: c.execute("INSERT INTO t VALUES (5) RETURNING n").get) == 5
    assert apsw.Connection(str(path)).execute("SELECT n FROM t").get == 5
    assert database.reader().execute("SELECT n FROM t").get == 5


@pytest.mark.parametrize("write", ["write", "write_planned"])
def test_a_change_that_fails_half_way_is_undone_alone(database, write):
    database.write(run("CREATE TABLE t (n UNIQUE)"))

    def half_way(number):
        def change(given):
            connection = given.connection if isinstance(given, Batch) else given
            connection.execute("INSERT INTO t VALUES (?)", (number,))
            if number % 3 == 1:
                raise ZeroDivisionError
            if number % 3 == 2:
                connection.execute("INSERT INTO t VALUES (?)", (number,))

        try:
            getattr(database, write)(change)
        except (ZeroDivisionError, apsw.ConstraintError) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(half_way, range(90)))

    assert outcomes == [None, ZeroDivisionError, apsw.ConstraintError] * 30
    assert database.reader().execute("SELECT n FROM t ORDER BY n").get == list(range(0, 90, 3))


class Numbers:
    """Rows in order of their key, in which none may be negative."""

    create = "CREATE TABLE numbers (name TEXT PRIMARY KEY, n INTEGER CHECK (n >= 0)) WITHOUT ROWID"
    get_row = "SELECT n FROM numbers WHERE name = ?"
    put = "INSERT OR REPLACE INTO numbers (name, n) VALUES (?, ?)"
    delete = "DELETE FROM numbers WHERE name = ?"


def test_rows_that_the_database_refuses_are_their_writer_s_alone(database):
    numbers = Numbers()
    database.write(run(Numbers.create))

    def put(number):
        value = -1 if number % 7 == 3 else number
        try:
            database.write_planned(lambda batch: batch.set(numbers, (f"n{number % 20}",), (value,)))
        except apsw.ConstraintError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(put, range(120)))

    assert outcomes == [number % 7 != 3 for number in range(120)]
    assert database.reader().execute("SELECT count(*), min(n) >= 0 FROM numbers").get == (20, 1)


def test_a_group_is_as_if_one_came_after_the_other(database):
    """Planned changes see what others of their group will have written, and others see what was planned before."""
    numbers = Numbers()
    database.write(run(Numbers.create))
    held, go_on = threading.Event(), threading.Event()
    first = threading.Thread(target=lambda: database.write(lambda _: held.set() or go_on.wait(30)))
    first.start()
    held.wait(30)

    def add(batch):
        found = batch.find(numbers, ("n",))
        batch.set(numbers, ("n",), ((found[0] if found else 0) + 1,))

    def double(connection):
        connection.execute("UPDATE numbers SET n = 2 * n")

    jobs = [database.start_planned(add), database.start_planned(add)]
    jobs.append(database._submit(Pending(change=double)))
    jobs.append(database.start_planned(add))
    jobs.append(database.start_planned(lambda batch: batch.set(numbers, ("gone",), (1,))))
    jobs.append(database.start_planned(lambda batch: batch.set(numbers, ("gone",), None)))
    gone = database.start_planned(lambda batch: batch.find(numbers, ("gone",)))
    go_on.set()
    first.join()
    for job in jobs:
        job.wait()

    assert gone.wait() is None
    assert database.reader().execute("SELECT * FROM numbers").get == ("n", 5)


def test_a_change_that_waits_for_another_change_is_told_off(database):
    with pytest.raises(RuntimeError):
        database.write(lambda _: database.write(run("CREATE TABLE t (n)")))


def test_a_full_disk_refuses_everybody_and_spoils_nothing(database, store):
    put = Put("things", {"pk": "a", "sk": "1", "doc": b"x"})
    store.transact([put])
    pages = database.reader().execute("PRAGMA page_count").get
    database.write(run(f"PRAGMA max_page_count = {pages + 2}"))

    def fill(number):
        try:
            store.transact([Put("things", {"pk": "b", "sk": str(number), "doc": b"x" * 100_000})])
        except UnavailableError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(fill, range(16)))

    assert not any(outcomes)
    assert list(scan_all(store, "things")) == [put.item]
    database.write(run("PRAGMA max_page_count = 100000"))
    store.transact([Put("things", {"pk": "c", "sk": "1", "doc": b"x" * 100_000})])


def test_a_commit_that_fails_fails_the_whole_group(database, store, monkeypatch):
    store.transact([Put("things", {"pk": "a", "sk": "1"})])
    # The commit hook stands in for a disk that fails at the last moment.
    database._writing.set_commit_hook(lambda: True)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(store.transact, [Put("things", {"pk": "b", "sk": str(n)})]) for n in range(8)]
    assert all(isinstance(call.exception(), UnavailableError) for call in calls)

    database._writing.set_commit_hook(None)

    assert [item["pk"] for item in scan_all(store, "things")] == ["a"]
    store.transact([Put("things", {"pk": "c", "sk": "1"})])


def test_callers_share_commits(database, store):
    commits = itertools.count()
    database._writing.set_commit_hook(lambda: next(commits) < 0)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: store.transact([Put("things", {"pk": "a", "sk": str(n)})]), range(480)))

    assert next(commits) < 300


# -- closing ---------------------------------------------------------------------------------------------------


def test_closing_finishes_what_was_accepted(path):
    database = Database.open(path)
    store = SqliteTableStore(database, TABLES, clock=SystemClock())
    done = []

    def keep_writing(thread):
        with suppress(UnavailableError):
            for number in range(10_000):
                store.transact([Put("things", {"pk": str(thread), "sk": str(number)})])
                done.append((str(thread), str(number)))

    threads = [threading.Thread(target=keep_writing, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(done) < 50:
        pass
    database.close()
    for thread in threads:
        thread.join()

    again = Database.open(path)
    kept = {
        (item["pk"], item["sk"]) for item in scan_all(SqliteTableStore(again, TABLES, clock=SystemClock()), "things")
    }
    again.close()
    assert set(done) <= kept


def test_closing_twice_is_no_error_and_ends_every_use(path):
    database = Database.open(path)
    database.close()
    database.close()

    with pytest.raises(UnavailableError):
        database.reader()
    with pytest.raises(UnavailableError):
        database.write(run("CREATE TABLE t (n)"))


def test_closing_leaves_one_file_with_everything_in_it(path, database, store):
    store.transact([Put("things", {"pk": "a", "sk": "1"})])

    database.close()

    assert {entry.name for entry in path.parent.iterdir()} == {"shop.db", "shop.db-lock", "shop.db-turn"}


# -- the log ---------------------------------------------------------------------------------------------------


def test_the_log_stays_bounded_while_writes_go_on(path, monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_BYTES", 8 * 1024 * 1024)
    database = Database.open(path)
    store = SqliteTableStore(database, TABLES, clock=SystemClock())
    doc = b"x" * 300_000
    longest = 0
    for number in range(400):
        store.transact([Put("things", {"pk": "a", "sk": str(number % 20), "doc": doc})])
        longest = max(longest, path.with_name("shop.db-wal").stat().st_size)

    database.close()
    assert longest < 5 * sqlite.CHECKPOINT_BYTES


def test_a_reader_that_stays_does_not_stop_writers(path, monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_BYTES", 8 * 1024 * 1024)
    database = Database.open(path)
    store = SqliteTableStore(database, TABLES, clock=SystemClock())
    store.transact([Put("things", {"pk": "a", "sk": "1", "n": 0})])
    reader = apsw.Connection(str(path))
    cursor = reader.execute("SELECT pk FROM t_things")
    next(cursor)

    for number in range(120):
        store.transact([Put("things", {"pk": "b", "sk": "1", "doc": b"x" * 390_000, "n": number})])

    assert store.get("things", Key("b", "1"))["n"] == 119
    reader.close()
    database.close()


# -- processes -------------------------------------------------------------------------------------------------


def test_two_processes_lose_no_count(path, store):
    start_together(count(path, name, 300) for name in ("left", "right"))

    assert store.get("things", Key("shared", "1"))["n"] == 600
    events = store.announced(0)
    assert len(events) == 600
    for name in ("left", "right"):
        assert [one.event.version for one in events if one.event.resource == name] == list(range(1, 301))


def test_two_busy_processes_take_turns(path, store):
    start_together(count(path, name, 400) for name in ("left", "right"))

    order = [one.event.resource for one in store.announced(0)]

    # Left to SQLite alone, one process wins a hundred times in a row: 3 to 8 turns in all.
    assert len(list(itertools.groupby(order))) > 100


def test_a_stopped_process_that_holds_the_database_is_not_waited_for_for_ever(path, store, monkeypatch):
    monkeypatch.setattr(sqlite_writer, "PATIENCE_SECONDS", 0.05)
    stopped = FairLock(path)
    with stopped, ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(store.transact, [Put("things", {"pk": "given up", "sk": str(n)})]) for n in range(8)]
        for call in calls:
            with pytest.raises(UnavailableError):
                call.result(60)
        assert store.get("things", Key("given up", "0")) is None
        late = pool.submit(store.transact, [Put("things", {"pk": "late", "sk": "1"})])
    stopped.close()
    with suppress(UnavailableError):
        late.result(60)

    store.transact([Put("things", {"pk": "after", "sk": "1"})])

    # What was given up is never done, however long it had stood in the queue.
    assert {item["pk"] for item in scan_all(store, "things")} <= {"late", "after"}


def test_a_killed_process_loses_nothing_it_acknowledged_and_blocks_nobody(path, store, database):
    acknowledged = 0
    for lifetime in range(10):
        process = start_victim(path)
        said = [process.stdout.readline() for _ in range(5 + 11 * lifetime)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        acknowledged = int([line for line in said if line.endswith("\n")][-1])

        assert store.get("things", Key("victim", "1"))["n"] in (acknowledged, acknowledged + 1)
        store.transact([Update("things", Key("shared", "1"), add={"survivor": 1})])

    assert acknowledged > 0
    shared = store.get("things", Key("shared", "1"))
    assert shared["n"] == len(store.announced(0, limit=100_000))
    assert shared["survivor"] == 10
    colour = store.get("things", Key("victim", "1"))["colour"]
    assert [item["pk"] for item in store.query("things", colour, index="by_colour").items] == ["victim"]
    assert database.reader().execute("PRAGMA integrity_check").get == "ok"


def test_a_killed_process_that_was_alone_blocks_no_reopening(path):
    process = start_victim(path)
    for _ in range(50):
        last = process.stdout.readline()
    process.kill()
    rest = process.stdout.readlines()
    process.wait()
    process.stdout.close()

    database = Database.open(path)
    store = SqliteTableStore(database, TABLES, clock=SystemClock())

    assert store.get("things", Key("victim", "1"))["n"] >= int((rest or [last])[-1])
    assert database.reader().execute("PRAGMA integrity_check").get == "ok"
    database.close()


def test_many_processes_may_open_a_new_database_at_once(path):
    start_together(count(path, str(number), 3) for number in range(6))

    database = Database.open(path)
    assert SqliteTableStore(database, TABLES, clock=SystemClock()).get("things", Key("shared", "1"))["n"] == 18
    database.close()


# -- opening ---------------------------------------------------------------------------------------------------


def test_the_file_is_set_up_to_keep_what_it_acknowledges(database):
    writer = database._writing

    assert writer.execute("PRAGMA journal_mode").get == "wal"
    assert writer.execute("PRAGMA synchronous").get == 2
    assert writer.execute("PRAGMA page_size").get == sqlite.PAGE_BYTES
    assert writer.execute("PRAGMA application_id").get == sqlite.APPLICATION_ID
    assert writer.execute("PRAGMA wal_autocheckpoint").get == 0


def foreign_text(path):
    path.write_bytes(b"Dear diary, " * 100)


def foreign_database(path):
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE recipes (name)")
    connection.close()


def foreign_application(path):
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA application_id = 77; CREATE TABLE recipes (name)")
    connection.close()


def newer_version(path):
    connection = apsw.Connection(str(path))
    connection.execute(f"PRAGMA application_id = {sqlite.APPLICATION_ID}; PRAGMA user_version = 99; CREATE TABLE t (n)")
    connection.close()


@pytest.mark.parametrize("make", [foreign_text, foreign_database, foreign_application, newer_version])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_foreign_file_is_refused_and_left_as_it_was(tmp_path, make, read_only):
    path = tmp_path / "shop.db"
    make(path)
    before = path.read_bytes()

    with pytest.raises(ForeignDataError):
        Database.open(path, read_only=read_only)

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["shop.db"]


def test_a_damaged_header_behind_our_mark_is_refused(path, database):
    database.close()
    damaged = bytearray(path.read_bytes())
    damaged[16:24] = b"\xff" * 8
    path.write_bytes(damaged)

    with pytest.raises(UnavailableError):
        Database.open(path)


def test_an_empty_file_becomes_a_database(tmp_path):
    (tmp_path / "shop.db").touch()

    Database.open(tmp_path / "shop.db").close()

    assert (tmp_path / "shop.db").stat().st_size > 0


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UnwritableError) as refusal:
        Database.open(tmp_path / "file" / "shop.db")

    assert "\n" not in refusal.value.message
    with pytest.raises(UnwritableError):
        Database.open(tmp_path)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write")
def test_an_unwritable_folder_is_refused():
    with pytest.raises(UnwritableError):
        Database.open(Path("/proc/shop/shop.db"))


def test_an_old_engine_is_refused(path, monkeypatch):
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")

    with pytest.raises(OldEngineError):
        Database.open(path)

    assert not path.exists()


def test_a_database_opened_for_reading_reads_and_does_not_write(path, store, database):
    store.transact([Put("things", {"pk": "a", "sk": "1"})], [Event("e", "n", "r", 1, "t")])

    reading = Database.open(path, read_only=True)
    other = SqliteTableStore(reading, TABLES, clock=SystemClock())

    assert other.get("things", Key("a", "1")) == {"pk": "a", "sk": "1"}
    with pytest.raises(UnavailableError):
        other.transact([Put("things", {"pk": "a", "sk": "2"})])
    with pytest.raises(apsw.ReadOnlyError):
        database.reader().execute("DELETE FROM t_things")
    reading.close()
    with pytest.raises(UnavailableError):
        Database.open(path.with_name("absent.db"), read_only=True)


def test_tables_stored_under_other_keys_are_refused(database, store):
    with pytest.raises(UnavailableError):
        SqliteTableStore(database, [Table("things", "other", "sk")], clock=SystemClock())


def test_a_table_name_that_is_not_plain_is_refused(database):
    with pytest.raises(InvalidError):
        SqliteTableStore(database, [Table("things; --", "pk", "sk")], clock=SystemClock())


def test_a_schema_that_is_there_already_costs_no_write(database, store):
    before = database.reader().execute("PRAGMA data_version").get

    SqliteTableStore(database, TABLES, clock=SystemClock())

    assert database.reader().execute("PRAGMA data_version").get == before
