"""What every lane does: many blocking calls under way on one event loop, each as if it were alone."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from bodega.adapters.aws.lane import ThreadLane
from bodega.adapters.local.lane import MAX_IDLE, GreenletLane
from bodega.adapters.local.sqlite import Database
from bodega.adapters.local.table import SqliteTableStore
from bodega.adapters.system.clock import SystemClock
from bodega.errors import InvalidError, UnavailableError
from bodega.ports.lane import Lane
from bodega.ports.table import ConditionFailedError, Equals, Key, NotExists, Put, Update
from bodega.schema import Table

TABLES = (Table("things", "pk", "sk"),)


@pytest.fixture(params=["local", "aws"])
def lane(request) -> Lane:
    return GreenletLane() if request.param == "local" else ThreadLane()


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "shop.db")
    yield opened
    opened.close()


@pytest.fixture
def store(database):
    return SqliteTableStore(database, TABLES, clock=SystemClock())


def count(store, sk, times=1):
    """Add to a counter by looking first, as a service would: a lost race is tried again."""
    key = Key("count", sk)
    for _ in range(times):
        while True:
            item = store.get("things", key)
            n = item["n"] if item else 0
            condition = Equals("n", n) if item else NotExists()
            try:
                store.transact([Put("things", {"pk": "count", "sk": sk, "n": n + 1}, condition)])
            except ConditionFailedError:
                continue
            break
    return store.get("things", key)["n"]


async def together(lane, *calls):
    return await asyncio.gather(*(lane.run(call) for call in calls), return_exceptions=True)


def test_a_call_returns_what_it_returns_and_raises_what_it_raises(lane):
    def refuse():
        raise InvalidError("no")

    assert asyncio.run(together(lane, lambda: 5, lambda: None)) == [5, None]
    (refusal,) = asyncio.run(together(lane, refuse))
    assert isinstance(refusal, InvalidError)


def test_a_call_sees_its_own_writes_when_it_goes_on(lane, store):
    assert asyncio.run(together(lane, *[lambda n=n: count(store, str(n), 3) for n in range(20)])) == [3] * 20


def test_calls_that_race_for_one_item_lose_nothing(lane, store):
    asyncio.run(together(lane, *[lambda: count(store, "one") for _ in range(60)]))

    assert store.get("things", Key("count", "one"))["n"] == 60


def test_what_fails_after_a_write_reaches_its_own_caller(lane, store):
    def fail(n):
        count(store, str(n))
        if n % 2:
            raise ZeroDivisionError(n)
        return n

    found = asyncio.run(together(lane, *[lambda n=n: fail(n) for n in range(40)]))

    assert [repr(one) for one in found] == [repr(ZeroDivisionError(n) if n % 2 else n) for n in range(40)]
    assert all(store.get("things", Key("count", str(n)))["n"] == 1 for n in range(40))


def test_calls_that_wait_share_commits(lane, store, database):
    commits = []
    database._writing.set_commit_hook(lambda: commits.append(1))

    asyncio.run(together(lane, *[lambda n=n: count(store, str(n)) for n in range(200)]))

    # Those that share the loop's thread arrive together; threads come as they can.
    assert 1 <= len(commits) < (20 if isinstance(lane, GreenletLane) else 100)


def test_the_loop_goes_on_while_calls_wait(lane, store, database):
    go_on = threading.Event()
    held = threading.Thread(target=lambda: database.write(lambda _: go_on.wait(30)))

    async def other():
        await asyncio.sleep(0)
        go_on.set()

    async def both():
        held.start()
        await asyncio.gather(lane.run(lambda: count(store, "one")), other())

    asyncio.run(both())
    held.join()

    assert store.get("things", Key("count", "one"))["n"] == 1


def test_more_calls_than_a_lane_keeps_anything_for(lane, store):
    calls = [lambda n=n: count(store, str(n)) for n in range(3 * MAX_IDLE)]

    assert asyncio.run(together(lane, *calls)) == [1] * len(calls)
    assert asyncio.run(together(lane, *calls)) == [2] * len(calls)


def test_cancelling_takes_effect_when_the_call_is_over(lane, store, database):
    go_on = threading.Event()
    held = threading.Thread(target=lambda: database.write(lambda _: go_on.wait(30)))
    ended = []

    def work():
        count(store, "one", 2)
        ended.append(1)

    async def cancel():
        held.start()
        call = asyncio.create_task(lane.run(work))
        await asyncio.sleep(0)
        for _ in range(3):
            call.cancel()
            await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(cancel())
    held.join()

    assert ended == [1]
    assert store.get("things", Key("count", "one"))["n"] == 2


def test_one_lane_serves_several_loops_in_turn_and_at_once(lane, store):
    def loop(number):
        calls = [lambda n=n: count(store, f"{number}-{n}", 2) for n in range(20)]
        return [asyncio.run(together(lane, *calls)) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(loop, range(4)))

    assert found == [[[2] * 20, [4] * 20, [6] * 20]] * 4


def test_a_loop_that_is_gone_hurts_nobody(store, database):
    lane = GreenletLane()  # a thread that nobody awaits any more is anyio's to look after
    go_on = threading.Event()
    held = threading.Thread(target=lambda: database.write(lambda _: go_on.wait(30)))
    loop = asyncio.new_event_loop()
    held.start()
    call = loop.create_task(lane.run(lambda: count(store, "left", 2)))
    loop.run_until_complete(asyncio.sleep(0))
    call._log_destroy_pending = False  # what is about to happen is worth asyncio's complaint, but not a failed test
    loop.close()
    del call
    gc.collect()
    go_on.set()
    held.join()

    assert count(store, "one") == 1
    assert asyncio.run(together(lane, lambda: count(store, "two"))) == [1]


def test_a_call_runs_in_the_context_of_who_asked(lane, store):
    who = ContextVar("who")

    def work():
        before = who.get()
        count(store, "one")
        return before, who.get()

    async def ask(name):
        who.set(name)
        return await lane.run(work)

    async def everybody():
        return await asyncio.gather(*(ask(name) for name in "abc"))

    assert asyncio.run(everybody()) == [(name, name) for name in "abc"]


def test_calls_outside_of_the_lane_wait_in_their_own_threads(lane, store):
    async def mixed():
        threads = [asyncio.to_thread(count, store, "one", 5) for _ in range(4)]
        return await asyncio.gather(*threads, *(lane.run(lambda: count(store, "one", 5)) for _ in range(4)))

    asyncio.run(mixed())

    assert store.get("things", Key("count", "one"))["n"] == 40


def test_updates_of_one_item_in_one_commit_add_up(lane, store):
    add = Update("things", Key("count", "hot"), add={"n": 1})

    asyncio.run(together(lane, *[lambda: store.transact([add]) for _ in range(300)]))

    assert store.get("things", Key("count", "hot"))["n"] == 300


def test_a_store_that_is_closed_before_calls_wait_tells_them(store, database):
    def write():
        store.transact([Put("things", {"pk": "late", "sk": "1"})])

    async def run():
        # The first goes as far as its write, and the second closes the store before that was handed over.
        return await together(GreenletLane(), write, database.close)

    told, _ = asyncio.run(run())

    assert isinstance(told, UnavailableError)
