"""Find what sells faster than it used to, counted in customers, so that one bulk buyer makes no trend."""

import numpy as np

from bodega.recsys.arrays import Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import popularity

# Now is a week, usual is two months: short enough to notice, long enough to know better.
NOW_DAYS, USUAL_DAYS = 7.0, 60.0


def trends(interactions: Interactions, *, now: float) -> Weights:
    """Return (n_items,) float32: by how much an item's buyers of late exceed what its own past leads to expect.

    In standard deviations of a count: (seen - expected) / sqrt(expected + 1), where both are numbers of customers, each
    counted once and fading. What was taken up only lately was expected nowhere; without times all are 0.

    >>> steady = Interactions.of(range(9), [0] * 8 + [1], time=[7 * week for week in range(8)] + [56])
    >>> bool(np.diff(trends(steady, now=56.0))[0] > 0)
    True
    """
    if not interactions.timed:
        return np.zeros(interactions.n_items, dtype=np.float32)
    seen = popularity(interactions, now=now, half_life_days=NOW_DAYS)
    return trends_of(seen, popularity(interactions, now=now, half_life_days=USUAL_DAYS))


def trends_of(seen: Weights, usual: Weights) -> Weights:
    """Return `trends` from popularity at half-lives of NOW_DAYS and USUAL_DAYS."""
    # With a steady stream of customers, a fading count is in proportion to its half-life.
    expected = usual * np.float32(NOW_DAYS / USUAL_DAYS)
    found: Weights = (seen - expected) / np.sqrt(expected + 1)
    return found
