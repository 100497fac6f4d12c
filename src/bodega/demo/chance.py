"""Chance that repeats itself: named streams of random numbers, all derived from one seed."""

from bisect import bisect_right
from collections.abc import Sequence
from math import exp
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of random numbers that its name alone determines, so that adding a stream never moves another.

    >>> Chance(7, "mug", 1).whole(1, 6) == Chance(7, "mug", 1).whole(1, 6)
    True
    """

    def __init__(self, *name: object) -> None:
        self._random = Random("/".join(map(str, name)))  # noqa: S311 - a shop to look at, not a secret
        self.real = self._random.random
        """Draw from `[0, 1)`."""
        self.gauss = self._random.gauss

    def pick(self, options: Sequence[T]) -> T:
        """Choose one of a non-empty sequence, all equally likely."""
        return options[int(self.real() * len(options))]

    def odds(self, probability: float) -> bool:
        """Say yes with this probability."""
        return self.real() < probability

    def whole(self, low: int, high: int) -> int:
        """Choose a whole number from low to high, both included."""
        return low + int(self.real() * (high - low + 1))

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Choose `count` different ones (all, shuffled, if there are fewer)."""
        return self._random.sample(options, min(count, len(options)))

    def along(self, running_totals: Sequence[float]) -> int:
        """Choose an index by weight, given the running totals of the weights (last one positive)."""
        place = bisect_right(running_totals, self.real() * running_totals[-1])
        return min(place, len(running_totals) - 1)

    def skewed(self, spread: float) -> float:
        """Draw a positive factor whose logarithm is normal around 0: median 1, a long tail upwards."""
        return exp(self.gauss(0.0, spread))
