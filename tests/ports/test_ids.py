"""What every source of ids does."""

import multiprocessing
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import SeededIds, UlidIds
from bodega.errors import InvalidError
from bodega.ports.ids import Ids

ULID = re.compile(r"prod_[0-7][0-9A-HJKMNP-TV-Z]{25}")


@pytest.fixture(params=["ulid", "seeded"])
def ids_and_clock(request) -> tuple[Ids, SettableClock]:
    clock = SettableClock()
    return UlidIds(clock) if request.param == "ulid" else SeededIds(7, clock), clock


def test_an_id_is_its_prefix_and_a_ulid(ids_and_clock):
    ids, _ = ids_and_clock

    assert ULID.fullmatch(ids.new("prod"))


def test_ids_ascend_within_one_millisecond(ids_and_clock):
    ids, _ = ids_and_clock

    made = [ids.new("prod") for _ in range(2000)]

    assert made == sorted(set(made))


@given(jumps=st.lists(st.floats(min_value=-90_000, max_value=90_000), max_size=50))
def test_ids_ascend_however_the_clock_jumps(jumps):
    clock = SettableClock()
    ids = UlidIds(clock)

    made = [ids.new("prod")]
    for seconds in jumps:
        clock.advance(seconds)
        made.append(ids.new("prod"))

    assert made == sorted(set(made))


def test_a_ulid_begins_with_its_time(ids_and_clock):
    # The example of the ULID specification: this millisecond is written 01ARYZ6S41.
    ids, clock = ids_and_clock
    clock.set(datetime.fromtimestamp(1469918176.385, tz=UTC))

    assert ids.new("prod").startswith("prod_01ARYZ6S41")


def test_a_clock_before_1970_still_makes_ids(ids_and_clock):
    ids, clock = ids_and_clock
    clock.set(datetime(1969, 1, 1, tzinfo=UTC))

    first, second = ids.new("prod"), ids.new("prod")

    assert ULID.fullmatch(first)
    assert first < second


def test_threads_never_get_the_same_id(ids_and_clock):
    ids, _ = ids_and_clock

    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: [ids.new("prod") for _ in range(300)], range(8)))

    assert len({one for batch in batches for one in batch}) == 2400
    assert all(batch == sorted(batch) for batch in batches)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_continue_its_parents_ids():
    ids = UlidIds(SettableClock())
    parent_last = ids.new("prod")
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()

    child = context.Process(target=lambda: answers.put(ids.new("prod")))
    child.start()
    from_child = answers.get()
    child.join()

    # Another millisecond and so other chance: a mere step from the parent's id would stay in its millisecond.
    assert from_child > parent_last
    assert from_child[:15] != parent_last[:15]


def test_secrets_are_url_safe_and_as_long_as_asked(ids_and_clock):
    ids, _ = ids_and_clock

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", ids.secret())
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", ids.secret(size_bytes=16))
    assert ids.secret() != ids.secret()


def test_a_secret_that_can_be_guessed_is_refused(ids_and_clock):
    ids, _ = ids_and_clock

    with pytest.raises(InvalidError):
        ids.secret(size_bytes=15)


def test_the_same_seed_gives_the_same_ids_and_secrets():
    one, other = SeededIds(3, SettableClock()), SeededIds(3, SettableClock())

    assert [one.new("ord"), one.secret(), one.new("ord")] == [
        other.new("ord"),
        other.secret(),
        other.new("ord"),
    ]
    assert SeededIds(4, SettableClock()).new("ord") != SeededIds(3, SettableClock()).new("ord")
