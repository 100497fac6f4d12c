"""What every cache does, and how the one in the process bounds its memory."""

import math
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from engines import free_port, redis_server
from hypothesis import given
from hypothesis import strategies as st

from bodega.adapters.aws.cache import RedisCache, connect
from bodega.adapters.local.cache import ProcessCache
from bodega.adapters.system.clock import SettableClock
from bodega.errors import InvalidError
from bodega.ports.cache import Cache


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


class RedisClock:
    """Lets Redis's own time pass: what is to expire within the step expires, the rest has less to live."""

    def __init__(self, client):
        self.client = client

    def advance(self, seconds):
        for key in self.client.scan_iter():
            left = self.client.pttl(key) - round(seconds * 1000)
            self.client.pexpire(key, left) if left > 0 else self.client.delete(key)


@pytest.fixture(params=["local", "redis"])
def cache(request) -> Cache:
    if request.param == "local":
        return ProcessCache(clock=request.getfixturevalue("clock"))
    differs = request.node.get_closest_marker("differs")
    if differs is not None and "redis" in differs.kwargs:
        pytest.skip(differs.kwargs["redis"])
    return RedisCache(request.getfixturevalue("redis_client"), prefix="test:")


@pytest.fixture
def redis_client():
    client = connect(redis_server(), timeout_seconds=30)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def passing(request, cache):
    """The clock that the cache goes by."""
    if isinstance(cache, RedisCache):
        return RedisClock(request.getfixturevalue("redis_client"))
    return request.getfixturevalue("clock")


def test_a_value_is_remembered_until_its_time_is_over(cache, passing):
    cache.set("a", b"1", ttl_seconds=10)

    passing.advance(9.9)
    assert cache.get("a") == b"1"
    passing.advance(0.1)
    assert cache.get("a") is None


def test_setting_again_replaces_value_and_time(cache, passing):
    cache.set("a", b"1", ttl_seconds=10)
    passing.advance(9)
    cache.set("a", b"2", ttl_seconds=10)
    passing.advance(9)

    assert cache.get("a") == b"2"


def test_an_empty_value_is_a_value(cache):
    cache.set("a", b"", ttl_seconds=10)

    assert cache.get("a") == b""
    assert cache.get_or_make("a", lambda: b"made", ttl_seconds=10) == b""


def test_deleting_forgets_and_may_be_repeated(cache):
    cache.set("a", b"1", ttl_seconds=10)

    cache.delete("a")
    cache.delete("a")

    assert cache.get("a") is None


def test_a_counter_counts_within_its_window_and_begins_again_after(cache, passing):
    assert [cache.count("ip", ttl_seconds=60) for _ in range(3)] == [1, 2, 3]

    passing.advance(59)
    assert cache.count("ip", ttl_seconds=60) == 4  # later calls do not prolong the window
    passing.advance(1)
    assert cache.count("ip", ttl_seconds=60) == 1


def test_counters_and_values_do_not_meet(cache):
    cache.set("a", b"1", ttl_seconds=10)

    assert cache.count("a", ttl_seconds=10) == 1
    assert cache.get("a") == b"1"
    cache.delete("a")
    assert cache.count("a", ttl_seconds=10) == 2


def test_threads_count_every_call(cache):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: cache.count("ip", ttl_seconds=60), range(800)))

    assert sorted(numbers) == list(range(1, 801))


@pytest.mark.parametrize("ttl", [0, -1, math.nan])
def test_a_time_to_live_must_be_positive(cache, ttl):
    for call in (
        lambda: cache.set("a", b"", ttl_seconds=ttl),
        lambda: cache.count("a", ttl_seconds=ttl),
        lambda: cache.get_or_make("a", lambda: b"", ttl_seconds=ttl),
    ):
        with pytest.raises(InvalidError):
            call()


@pytest.mark.differs(redis="Redis has its own time, which no step of the machine's clock moves")
def test_a_clock_that_steps_back_prolongs_nothing(cache, passing):
    # An hour back would otherwise keep a value of ten seconds for an hour, and a visitor blocked as long.
    cache.set("a", b"1", ttl_seconds=10)
    cache.count("ip", ttl_seconds=10)

    passing.advance(-3600)

    assert cache.get("a") is None
    assert cache.count("ip", ttl_seconds=10) == 1


def test_a_missing_value_is_made_and_kept(cache, passing):
    made = []

    def make():
        made.append(1)
        return b"made"

    assert cache.get_or_make("a", make, ttl_seconds=10) == b"made"
    assert cache.get_or_make("a", make, ttl_seconds=10) == b"made"
    assert cache.get("a") == b"made"
    passing.advance(10)
    assert cache.get_or_make("a", make, ttl_seconds=10) == b"made"
    assert len(made) == 2


class SlowMaker:
    """Makes a value only when let go, so that a test can act in between."""

    def __init__(self, result):
        self.result = result
        self.calls = 0
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self):
        self.calls += 1
        self.begun.set()
        assert self.go_on.wait(60)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def test_many_callers_make_a_value_once(cache):
    make = SlowMaker(b"made")

    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(cache.get_or_make, "a", make, ttl_seconds=10)
        assert make.begun.wait(60)
        others = [pool.submit(cache.get_or_make, "a", make, ttl_seconds=10) for _ in range(15)]
        make.go_on.set()

        assert {call.result() for call in [first, *others]} == {b"made"}
    assert make.calls == 1


def test_making_one_value_does_not_hold_up_another(cache):
    make = SlowMaker(b"made")

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cache.get_or_make, "a", make, ttl_seconds=10)
        assert make.begun.wait(60)

        assert cache.get_or_make("b", lambda: b"other", ttl_seconds=10) == b"other"

        make.go_on.set()
        assert slow.result() == b"made"


def test_an_error_reaches_the_caller_and_is_not_kept(cache):
    def fail():
        raise LookupError("gone")

    with pytest.raises(LookupError):
        cache.get_or_make("a", fail, ttl_seconds=10)

    assert cache.get_or_make("a", lambda: b"made", ttl_seconds=10) == b"made"


@pytest.mark.parametrize("overtake", ["delete", "set"])
def test_a_value_made_from_an_overtaken_past_is_not_kept(cache, overtake):
    # A product is read, changed and dropped from the cache, and only then does the slow reader come back.
    make = SlowMaker(b"past")

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(cache.get_or_make, "a", make, ttl_seconds=10)
        assert make.begun.wait(60)
        if overtake == "delete":
            cache.delete("a")
        else:
            cache.set("a", b"present", ttl_seconds=10)
        make.go_on.set()

        assert slow.result() == b"past"
    assert cache.get("a") == (None if overtake == "delete" else b"present")


def test_a_maker_that_asks_for_its_own_key_does_not_wait_for_itself(cache):
    def make():
        return b"outer " + cache.get_or_make("a", lambda: b"inner", ttl_seconds=10)

    assert cache.get_or_make("a", make, ttl_seconds=10) == b"outer inner"


# -- the cache in the process ------------------------------------------------------------------------------------


def test_the_least_recently_used_go_first(clock):
    cache = ProcessCache(clock=clock, max_bytes=3 * 1400)
    for key in "abc":
        cache.set(key, b"x" * 1000, ttl_seconds=10)
    cache.get("a")

    cache.set("d", b"x" * 1000, ttl_seconds=10)

    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]


def test_a_value_larger_than_the_memory_is_not_kept_and_pushes_nothing_out(clock):
    cache = ProcessCache(clock=clock, max_bytes=2000)
    cache.set("a", b"1", ttl_seconds=10)

    cache.set("b", b"x" * 3000, ttl_seconds=10)

    assert cache.get("b") is None
    assert cache.get("a") == b"1"


@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["set", "delete", "count", "advance"]), st.sampled_from("abcdef"), st.integers(0, 900)
        )
    )
)
def test_the_memory_stays_within_its_bound_whatever_is_called(calls):
    clock = SettableClock()
    cache = ProcessCache(clock=clock, max_bytes=2000)
    for verb, key, number in calls:
        if verb == "set":
            cache.set(key, b"x" * number, ttl_seconds=10)
        elif verb == "delete":
            cache.delete(key)
        elif verb == "count":
            cache.count(key, ttl_seconds=10)
        else:
            clock.advance(number - 450)

        held = sum(entry.size_bytes for entry in cache._values.values())
        assert cache._size_bytes == held <= 2000


# -- the cache in Redis ------------------------------------------------------------------------------------------


def test_processes_share_values_and_counters(redis_client):
    here, there = RedisCache(redis_client, prefix="test:"), RedisCache(redis_client, prefix="test:")

    here.set("a", b"1", ttl_seconds=10)

    assert there.get("a") == b"1"
    assert [here.count("ip", ttl_seconds=10), there.count("ip", ttl_seconds=10)] == [1, 2]


def test_without_redis_nothing_is_found_and_everything_goes_on():
    cache = RedisCache(connect(f"redis://127.0.0.1:{free_port()}"), prefix="test:")

    cache.set("a", b"1", ttl_seconds=10)
    cache.delete("a")

    assert cache.get("a") is None
    assert cache.get_or_make("a", lambda: b"made", ttl_seconds=10) == b"made"
    assert [cache.count("ip", ttl_seconds=60) for _ in range(3)] == [1, 2, 3]


def test_a_redis_that_accepts_and_never_answers_costs_one_timeout_and_not_one_a_call():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cache = RedisCache(connect(f"redis://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.2), prefix="t:")

        started = time.monotonic()
        found = [cache.get("a") for _ in range(1000)]

        assert found == [None] * 1000
        assert time.monotonic() - started < 100 * 0.2
