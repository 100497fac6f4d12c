"""Rank items by how many customers took them lately: the baseline and the last fallback."""

import numpy as np

from bodega.recsys.arrays import Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model
from bodega.recsys.models.counts import Counts
from bodega.recsys.serving import ItemTable, Mix


class Popularity(Model, frozen=True, kw_only=True, tag="popularity"):
    """Time-decayed popularity: a customer counts once an item, with the weight of the latest purchase.

    popularity[i] = sum over customers u who took i of 2 ** (-age of u's latest purchase of i / half-life).
    """

    half_life_days: float = 28.0

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the popularity; the table stays silent."""
        return self.joined(Counts.of(interactions, now=now, half_lives=[self.half_life_days]))

    def joined(self, counts: Counts) -> ItemTable:
        """Return what is served from what was counted."""
        alone = Mix(table=0, own=0, own_table=0, own_count=0, own_recency=0)
        return silent_table(counts.popularity[self.half_life_days], alone)


def silent_table(popular: Weights, mix: Mix) -> ItemTable:
    """Return a table in which no item speaks for another, leaning to what is popular."""
    top = popular / np.float32(max(float(popular.max(initial=0)), 1e-12))
    return ItemTable.of(
        np.full((popular.size, 1), -1),
        np.zeros((popular.size, 1)),
        popular,
        leans={"include": top, "exclude": top},
        mixes={"include": mix, "exclude": mix},
    )
