"""Tell when a customer is likely to want again what they bought before: by their own rhythm, as far as it is known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Days, Indices, Weights

# Purchases of the same item within so many days are one: a second order for what was forgotten is no rhythm.
SAME_DAYS = 1.0
# The horizon of the question: will it be bought within so many days, given that it was not until now?
HORIZON_DAYS = 14.0
# The usual gap counts as so many gaps of the customer's own, and varies by so much in logarithms of days.
PRIOR_GAPS = 4.0
USUAL_SPREAD = 1.1
# How much the rhythm weighs against everything else that is known, once the customer has shown many gaps. Tried on
# wholesale orders, where anything from 0.25 to 1 is within the error of the best.
RHYTHM_WEIGHT = 0.5
GAPS_TO_TRUST = 4.0
# So many gaps of the customer's own are a habit, which may be told of.
SHOWN_GAPS = 2
# A shop where nothing was ever bought twice: guess a month.
UNKNOWN_GAP_DAYS = 30.0
_LEAST_CHANCE = 1e-3


class Rhythms(NamedTuple):
    """What a customer bought and how regularly.

    Shape: all (d,), an entry an item, by item: `items`; `gaps` the number of gaps between purchases seen; `gap_days`
    the typical gap, from the customer's own and the usual one, and `own_gap_days` from their own alone, 0 without any;
    `spread` of its logarithm; `since_days` since the last.
    """

    items: Indices
    gaps: Indices
    gap_days: Weights
    own_gap_days: Weights
    spread: Weights
    since_days: Weights

    @property
    def shown_days(self) -> Weights:
        """The gap that the customer has shown, once they have shown two; until then the typical one."""
        shown: Weights = np.where(self.gaps >= SHOWN_GAPS, self.own_gap_days, self.gap_days)
        return shown


def rhythms_of(items: Indices, ages_days: Days, usual_gap_days: Weights) -> Rhythms:
    """Return the rhythms in purchases given as parallel arrays (m,), in any order; ages below 0 count as 0.

    `usual_gap_days` (n_items,) is what customers usually leave between two purchases, 0 where nobody knows.

    >>> found = rhythms_of(np.array([3, 3, 3]), np.array([5.0, 35.0, 65.0]), np.zeros(4, np.float32))
    >>> found.gaps, found.gap_days.round(), found.since_days
    (array([2], dtype=int32), array([30.], dtype=float32), array([5.], dtype=float32))
    """
    ages = np.maximum(ages_days, 0.0)
    rank = np.lexsort((ages, items))
    item, age = items[rank], ages[rank]
    first = np.ones(item.size, dtype=np.bool_)
    first[1:] = item[1:] != item[:-1]
    gap = np.zeros(item.size)
    gap[1:] = age[1:] - age[:-1]
    counted = ~first & (gap >= SAME_DAYS)
    entry = np.cumsum(first) - 1
    size = int(first.sum())
    logs = np.log(gap, out=np.zeros(item.size), where=counted)
    number = np.bincount(entry[counted], minlength=size)
    total = np.bincount(entry[counted], logs[counted], size)
    squares = np.bincount(entry[counted], logs[counted] ** 2, size)
    usual = usual_gap_days[item[first]].astype(np.float64)
    prior = np.log(np.where(usual > 0, usual, UNKNOWN_GAP_DAYS))
    mean = (total + PRIOR_GAPS * prior) / (number + PRIOR_GAPS)
    off = np.maximum(squares - 2 * mean * total + number * mean**2, 0)
    spread = np.sqrt((off + PRIOR_GAPS * USUAL_SPREAD**2) / (number + PRIOR_GAPS))
    return Rhythms(
        item[first].astype(np.int32),
        number.astype(np.int32),
        np.exp(mean).astype(np.float32),
        np.where(number > 0, np.exp(total / np.maximum(number, 1)), 0).astype(np.float32),
        spread.astype(np.float32),
        age[first].astype(np.float32),
    )


def readiness(rhythms: Rhythms) -> Weights:
    """Return (d,) what the rhythm adds to the log-odds that an item is bought next; 0 where no rhythm was seen.

    Gaps are taken to be log-logistic, S(t) = 1 / (1 + (t / gap)^shape), whose standard deviation in logarithms is
    pi / (shape sqrt 3). The chance is that of a purchase within HORIZON_DAYS, given that there was none for
    `since_days`; it counts the more, the more gaps the customer has shown.
    """
    shape = np.pi / (np.sqrt(3.0) * rhythms.spread)
    since = rhythms.since_days / rhythms.gap_days
    until = (rhythms.since_days + HORIZON_DAYS) / rhythms.gap_days
    chance = 1 - (1 + since**shape) / (1 + until**shape)
    chance = np.minimum(np.maximum(chance, _LEAST_CHANCE), 1 - _LEAST_CHANCE)
    trust = RHYTHM_WEIGHT * rhythms.gaps / (rhythms.gaps + GAPS_TO_TRUST)
    adds: Weights = (trust * np.log(chance / (1 - chance))).astype(np.float32)
    return adds


def usual_gaps(users: Indices, items: Indices, times_days: Days, n_items: int) -> Weights:
    """Return (n_items,) float32: the typical days between two purchases of an item by one customer; 0 if unknown.

    The geometric mean of the gaps seen, held to the shop's median gap by PRIOR_GAPS of those; in a shop where nobody
    ever bought anything twice, all 0.
    """
    rank = np.lexsort((times_days, items, users))
    user, item, time = users[rank], items[rank], times_days[rank]
    gap = np.diff(time)
    counted = (user[1:] == user[:-1]) & (item[1:] == item[:-1]) & (gap >= SAME_DAYS)
    if not counted.any():
        return np.zeros(n_items, dtype=np.float32)
    logs, of = np.log(gap[counted]), item[1:][counted]
    number, total = np.bincount(of, minlength=n_items), np.bincount(of, logs, n_items)
    return gaps_of(number, total, float(np.median(logs)))


def gaps_of(number: NDArray[np.integer], total: NDArray[np.number], median: float) -> Weights:
    """Return `usual_gaps` from (n_items,) numbers of gaps and sums of their logarithms, and the median of all."""
    gaps: Weights = np.exp((total + PRIOR_GAPS * median) / (number + PRIOR_GAPS)).astype(np.float32)
    return gaps
