"""What every clock does, and what the one that stands still does besides."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.ports.clock import Clock


@pytest.fixture(params=[SystemClock, SettableClock])
def clock(request) -> Clock:
    return request.param()


def test_now_is_aware_and_in_utc(clock):
    assert clock.now().utcoffset() == timedelta(0)


def test_the_machines_clock_agrees_with_the_machine():
    before = datetime.now(UTC)
    now = SystemClock().now()
    after = datetime.now(UTC)

    assert before <= now <= after


def test_a_settable_clock_stands_still():
    clock = SettableClock()

    assert clock.now() == clock.now()


def test_a_settable_clock_moves_as_told_forwards_and_backwards():
    clock = SettableClock(datetime(2026, 3, 1, tzinfo=UTC))

    assert clock.advance(90.5) == datetime(2026, 3, 1, 0, 1, 30, 500_000, tzinfo=UTC)
    clock.advance(-3600)
    assert clock.now() == datetime(2026, 2, 28, 23, 1, 30, 500_000, tzinfo=UTC)


def test_a_settable_clock_turns_other_zones_into_utc():
    clock = SettableClock()

    clock.set(datetime(2026, 7, 1, 2, 0, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now() == datetime(2026, 7, 1, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_settable_clock_refuses_a_naive_moment():
    with pytest.raises(ValueError, match="aware"):
        SettableClock().set(datetime(2026, 7, 1))  # noqa: DTZ001  # the mistake it must catch
