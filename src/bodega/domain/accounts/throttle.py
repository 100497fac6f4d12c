"""Count what strangers may try only so often: in the table, so that restarts and more processes forget nothing."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from bodega import schema
from bodega.domain.writes import WritePlan
from bodega.errors import UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.keys import Keys
from bodega.ports.table import Any, AtMost, ConditionFailedError, Event, Key, Missing, TableStore, Update


class TooManyAttemptsError(UnavailableError):
    """This was tried too often; nothing was looked up. `retry_after_seconds` says when to try again."""

    code = "too_many_attempts"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            f"too many attempts; try again in {max(1, round(retry_after_seconds / 60))} minutes",
            retry_after_seconds=retry_after_seconds,
        )


class Limit(msgspec.Struct, frozen=True):
    """At most so many attempts in each window of time by, or on, one subject: an account, an address, or both."""

    purpose: str
    most: int
    every: timedelta
    subject: tuple[str, ...]


class Throttle:
    """Counts attempts in fixed windows. All limits of an attempt are taken together or none is."""

    def __init__(self, *, table: TableStore, keys: Keys, clock: Clock) -> None:
        self._table = table
        self._keys = keys
        self._clock = clock

    def take(self, limits: Sequence[Limit], *, announcing: Sequence[Event] = ()) -> None:
        """Count an attempt, durably and before it is made; TooManyAttemptsError if one of the limits is reached.

        What it is about may be announced in the same transaction, so that both happen or neither.
        """
        now = int(self._clock.now().timestamp())
        updates = []
        for limit in limits:
            ends_at = _end_of(limit, now)
            free = Any((Missing("count"), AtMost("count", limit.most - 1)))
            updates.append(
                Update(
                    schema.THROTTLES,
                    self._key(limit, ends_at),
                    set={"expires_at": ends_at},
                    add={"count": 1},
                    condition=free,
                )
            )
        try:
            self._table.transact(updates, announcing)
        except ConditionFailedError as exc:
            raise TooManyAttemptsError(max(_end_of(limits[index], now) - now for index in exc.failed)) from None

    def add_return(self, *, plan: WritePlan, limits: Sequence[Limit]) -> None:
        """Add to a plan that an attempt was honest and does not count; at a window's turn it is the next one's."""
        now = int(self._clock.now().timestamp())
        for limit in limits:
            ends_at = _end_of(limit, now)
            plan.add(
                Update(schema.THROTTLES, self._key(limit, ends_at), set={"expires_at": ends_at}, add={"count": -1})
            )

    def _key(self, limit: Limit, ends_at: int) -> Key:
        subject = self._keys.sign("throttle", "\x1f".join((limit.purpose, *limit.subject)).encode())
        return Key(subject.hex(), str(ends_at))


def _end_of(limit: Limit, now: int) -> int:
    seconds = int(limit.every.total_seconds())
    return (now // seconds + 1) * seconds
