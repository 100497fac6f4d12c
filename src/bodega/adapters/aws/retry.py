"""Repeat what failed by bad luck: capped exponential backoff, full jitter, and a budget that an outage exhausts.

The only layer of this house that repeats calls to AWS. Several layers multiply: five with three attempts each turn one
request into 243. Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
"""

import threading
from collections.abc import Callable
from enum import Enum
from random import Random
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Again(Enum):
    """Whether a failed call may be repeated, and whether that draws on the budget."""

    NEVER = "never"
    CONTENTION = "contention"  # others wrote the same item: the service is well, so waiting a little is enough
    TROUBLE = "trouble"  # throttled, broken or unreachable: repeating makes it worse


class Backoff(msgspec.Struct, frozen=True):
    """How often and how long: waits are drawn evenly from 0 to `base_seconds` doubled a time, at most `cap_seconds`."""

    attempts: int = 4
    contention_attempts: int = 10
    base_seconds: float = 0.02
    cap_seconds: float = 1.0


class RetryBudget:
    """Tokens shared by all calls of a process: repeats spend, successes earn. Empty, nothing is repeated.

    With a dead service the calls of a process are then at most `1 + earned / cost` times as many as without repeats.
    """

    def __init__(self, *, capacity: float = 100.0, cost: float = 5.0, earned: float = 0.5) -> None:
        """Start full: `capacity / cost` repeats may happen at once."""
        self._capacity = capacity
        self._cost = cost
        self._earned = earned
        self._tokens = capacity
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Take the price of a repeat; False if there is not enough left."""
        with self._lock:
            if self._tokens < self._cost:
                return False
            self._tokens -= self._cost
            return True

    def earn(self) -> None:
        """Put back a little for a call that worked."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + self._earned)


class Retry:
    """Makes calls, repeating those whose failure allows it. Thread-safe."""

    def __init__(
        self, *, backoff: Backoff, budget: RetryBudget, random: Random, sleep: Callable[[float], object]
    ) -> None:
        """Take chance and sleep from outside, so that tests need neither."""
        self._backoff = backoff
        self._budget = budget
        self._random = random
        self._sleep = sleep

    def call(self, attempt: Callable[[], T], verdict: Callable[[Exception], Again]) -> T:
        """Return what `attempt` returns, or raise its last failure."""
        made = 0
        while True:
            made += 1
            try:
                result = attempt()
            except Exception as failure:
                if not self._may_repeat(verdict(failure), made):
                    raise
            else:
                self._budget.earn()
                return result
            self.pause(made)

    def pause(self, made: int) -> None:
        """Wait as long as is due after so many attempts."""
        longest = min(self._backoff.cap_seconds, self._backoff.base_seconds * (1 << min(made, 20)))
        self._sleep(self._random.uniform(0, longest))

    def _may_repeat(self, again: Again, made: int) -> bool:
        if again is Again.NEVER:
            return False
        if again is Again.CONTENTION:
            return made < self._backoff.contention_attempts
        return made < self._backoff.attempts and self._budget.spend()
