"""Tell the time: the machine's clock, and one that stands still until it is told to move."""

import threading
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # the one place that may ask the machine


class SettableClock:
    """A clock that moves only when told to, for tests and for the demo's invented past. Thread-safe."""

    def __init__(self, moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._now = _in_utc(moment)

    def now(self) -> datetime:
        """Return the moment it was last set to, aware, in UTC."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Jump to an aware moment, forwards or backwards."""
        moment = _in_utc(moment)
        with self._lock:
            self._now = moment

    def advance(self, seconds: float) -> datetime:
        """Move by that many seconds (negative: back) and return the new moment."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a clock needs an aware moment")
    return moment.astimezone(UTC)
