"""Learn the weights of a score from lists of which something was taken: a softmax over each list, by Newton's method.

The loss bounds what a list loses in ndcg from above (Bruch, Wang, Bendersky and Najork, "An analysis of the softmax
cross entropy loss for learning-to-rank with binary relevance", ICTIR 2019), so that the first places of a list count,
not its tail; it is convex.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

NEWTON_STEPS = 25
SHORTEST_STEP = 1e-3
# A step that makes the mean loss smaller by less than this is the last.
LEAST_GAIN = 1e-7
SMALLEST_SPREAD = 1e-6
# Scores are log-odds: shifted by more than this, no chance differs from 0 or 1.
FARTHEST = 100.0
# So many are tried at most.
SHIFTS = 200
# Of so many expected takings a shift may be wrong.
LEAST_TAKING = 1e-9

Numbers = NDArray[np.float64]


class Lists(NamedTuple):
    """What stood in many lists.

    Shape: `features` (rows, columns), `taken` (rows,) of bool, `of` (rows,) the number of the list a row is of,
    ascending.
    """

    features: Numbers
    taken: NDArray[np.bool_]
    of: NDArray[np.integer]

    def telling(self) -> Self:
        """Return the lists of which something was taken; the others say nothing of what comes first."""
        told = np.isin(self.of, self.of[self.taken])
        return type(self)(self.features[told], self.taken[told], self.of[told])


def learnt(lists: Lists, start: Numbers, *, held: float) -> Numbers:
    """Return (columns,) the weights with which a softmax over each list explains best what was taken.

    They are held to `start` as strongly as by so many lists whose columns have a spread of 1: the more lists there
    are, the less; with none they are `start`.

    >>> features = np.array([[1.0], [0.0], [0.0], [1.0]])
    >>> twice = Lists(features, np.array([True, False, False, True]), np.array([0, 0, 1, 1]))
    >>> bool(learnt(twice, np.zeros(1), held=0.1)[0] > 1)
    True
    """
    lists = lists.telling()
    if not lists.of.size:
        return start
    spread = np.maximum(lists.features.std(axis=0), SMALLEST_SPREAD)
    found: Numbers = _descended(_Loss(lists, spread, start * spread, held)) / spread
    return found


def intercept(scores: Numbers, taken: NDArray[np.bool_]) -> float:
    """Return what makes chances of scores: added to each, as many are taken by chance as were; 0 if none or all were.

    >>> round(intercept(np.zeros(4), np.array([True, False, False, False])), 3)
    -1.099
    """
    number = int(np.count_nonzero(taken))
    if not 0 < number < taken.size:
        return 0.0
    # Newton's method, and halving where it would leave what is known to hold the answer.
    reach = FARTHEST + float(np.abs(scores).max())
    low, shift, high = -reach, 0.0, reach
    for _ in range(SHIFTS):
        chance = _chance(scores + shift)
        excess = float(chance.sum()) - number
        if abs(excess) < LEAST_TAKING:
            break
        low, high = (low, shift) if excess > 0 else (shift, high)
        newton = shift - excess / max(float((chance * (1 - chance)).sum()), SMALLEST_SPREAD)
        shift = newton if low < newton < high else (low + high) / 2
    return shift


def _chance(scores: Numbers) -> Numbers:
    chance: Numbers = 1 / (1 + np.exp(-np.clip(scores, -FARTHEST, FARTHEST)))
    return chance


class _Loss:
    """The mean over lists of what their softmax loses, of weights for columns of spread 1."""

    def __init__(self, lists: Lists, spread: Numbers, start: Numbers, held: float) -> None:
        self.start = start
        # What is the same in all rows cancels out of a softmax; taken off first, it leaves no rounding behind.
        self._design = (lists.features - lists.features.mean(axis=0)) / spread
        self._begin = np.flatnonzero(np.diff(lists.of, prepend=-1))
        self._number = np.repeat(np.arange(self._begin.size), np.diff(self._begin, append=lists.of.size))
        taken = np.add.reduceat(lists.taken.astype(np.float64), self._begin)
        self._share = lists.taken / taken[self._number]
        self._pull = held / self._begin.size

    def at(self, found: Numbers) -> tuple[float, Numbers]:
        """Return the loss, and (rows,) the chance of each row within its list."""
        score = self._design @ found
        top = np.maximum.reduceat(score, self._begin)
        chance = np.exp(score - top[self._number])
        total = np.add.reduceat(chance, self._begin)
        lost = float((np.log(total) + top).mean()) - float(self._share @ score) / self._begin.size
        return lost + self._pull * float(((found - self.start) ** 2).sum()) / 2, chance / total[self._number]

    def step(self, found: Numbers, chance: Numbers) -> Numbers:
        """Return Newton's step: the slope of the loss over its bend."""
        lists = self._begin.size
        weighed = self._design * chance[:, None]
        slope = self._design.T @ (chance - self._share) / lists + self._pull * (found - self.start)
        means = np.add.reduceat(weighed, self._begin)
        bend = (self._design.T @ weighed - means.T @ means) / lists + self._pull * np.eye(found.size)
        step: Numbers = np.linalg.solve(bend, slope)
        return step


def _descended(loss: _Loss) -> Numbers:
    """Return where the loss is least, from its start, each step halved until the loss falls."""
    found = loss.start
    reached, chance = loss.at(found)
    for _ in range(NEWTON_STEPS):
        step, size = loss.step(found, chance), 1.0
        tried = loss.at(found - step)
        while not tried[0] < reached and size > SHORTEST_STEP:
            size /= 2
            tried = loss.at(found - size * step)
        if not tried[0] < reached:
            break
        found, before = found - size * step, reached
        reached, chance = tried
        if before - reached < LEAST_GAIN:
            break
    return found
