"""Turn ages into weights: the one formula of forgetting that training and serving share."""

import numpy as np

from bodega.recsys.arrays import Days, Weights


def decay(ages_days: Days, half_life_days: float) -> Weights:
    """Return 2 ** (-age / half-life) for each age; an event from the future counts as now, 0 means no decay.

    >>> decay(np.array([0.0, 28.0, -5.0]), 28.0)
    array([1. , 0.5, 1. ], dtype=float32)
    """
    return faded(elapsed(ages_days), half_life_days)


def elapsed(ages_days: Days) -> Weights:
    """Return ages as `faded` takes them, for those who need them faded more than once."""
    return np.maximum(ages_days, 0, dtype=np.float32, casting="same_kind")


def faded(elapsed_days: Weights, half_life_days: float) -> Weights:
    """Return `decay` of ages that are not negative."""
    if half_life_days <= 0:
        return np.ones(elapsed_days.shape, dtype=np.float32)
    halvings: Weights = elapsed_days * np.float32(-1 / half_life_days)
    return np.exp2(halvings, out=halvings)
