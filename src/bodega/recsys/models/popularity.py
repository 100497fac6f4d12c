"""Rank items by how many customers took them lately: the baseline and the last fallback."""

import numpy as np

from bodega.recsys.arrays import Weights
from bodega.recsys.decay import decay
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model
from bodega.recsys.serving import ItemTable, Mix

ALONE = Mix(own=0.0, table=0.0, popular=1.0)


class Popularity(Model, frozen=True, kw_only=True, tag="popularity"):
    """Time-decayed popularity: a customer counts once an item, with the weight of the latest purchase.

    popularity[i] = sum over customers u who took i of 2 ** (-age of u's latest purchase of i /
    half-life). Because a customer counts once, one bulk buyer cannot push an item.
    """

    half_life_days: float = 28.0

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the popularity; the table stays silent."""
        heard = popularity(interactions, now=now, half_life_days=self.half_life_days)
        return silent_table(heard, ALONE)


def popularity(interactions: Interactions, *, now: float, half_life_days: float) -> Weights:
    """Return (n_items,) float32: the decayed number of customers who took each item.

    >>> bought = Interactions.of([0, 0, 1], [0, 0, 1], time=[0, 28, 0], quantity=[999, 1, 1])
    >>> popularity(bought, now=28.0, half_life_days=28.0)
    array([1. , 0.5], dtype=float32)
    """
    weights = None
    if interactions.timed and half_life_days > 0:
        weights = decay(now - interactions.time, half_life_days)
    counted = interactions.matrix(weights)
    return np.bincount(counted.indices, counted.data, interactions.n_items).astype(np.float32)


def silent_table(popular: Weights, mix: Mix) -> ItemTable:
    """Return a table in which no item speaks for another."""
    return ItemTable.of(
        np.full((popular.size, 1), -1),
        np.zeros((popular.size, 1)),
        popular,
        mixes={"include": mix, "exclude": mix},
    )
