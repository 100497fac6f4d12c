"""Blend the shopper's own past, what it says of other items, and what is popular: the default."""

import numpy as np

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.history import HalfLives
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.als import Als
from bodega.recsys.models.base import Model, never_again
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.counts import Counts
from bodega.recsys.models.ease import Ease
from bodega.recsys.models.spectral import Spectral
from bodega.recsys.serving import ItemTable, Mix

# Popularity is looked at through these half-lives (0: all time); short over long is a trend. The floors
# keep the logarithm of a quiet item in bounds.
WINDOWS_DAYS = (4.0, 14.0, 60.0, 0.0)
FLOORS = (0.3, 0.5, 1.0, 2.0)
Lean = tuple[float, float, float, float]


class Blend(Model, frozen=True, kw_only=True, tag="blend"):
    """The formula of `ItemTable` with lean[i] = sum over windows w of lean_w ln(popularity_w[i] + floor_w).

    "Bought items allowed" and "new items only" are different questions with different best answers, so
    each has weights of its own; `learn.learn_blend` learns all of them from what customers took next. The
    defaults are rounded from several shops and are where learning starts.
    """

    table: Ease | CoPurchase | Spectral | Als = Ease(width=40, half_life_days=120.0)
    popular_half_life_days: float = 28.0
    include: Mix = Mix()
    exclude: Mix = Mix(half_lives=HalfLives(table_days=180))
    lean_include: Lean = (0.3, 0.5, -0.3, -0.2)
    lean_exclude: Lean = (0.4, 0.5, -0.3, -0.3)
    habit: float = 0.2

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the table, the leanings and the habits."""
        counts = Counts.of(interactions, now=now, half_lives=self.half_lives)
        return self.joined(*self.table.learn(interactions, now=now), counts)

    @property
    def half_lives(self) -> tuple[float, ...]:
        """The half-lives, in days, at which popularity is looked at."""
        return tuple({self.popular_half_life_days, *WINDOWS_DAYS})

    def joined(self, near: Indices, says: Weights, counts: Counts) -> ItemTable:
        """Return what is served, from a table and counts that may have been made on other machines."""
        logs, rates = logs_of(counts), counts.rebuying
        return ItemTable.of(
            near,
            says,
            counts.popularity[self.popular_half_life_days],
            leans={
                "include": logs @ np.array(self.lean_include, dtype=np.float32),
                "exclude": logs @ np.array(self.lean_exclude, dtype=np.float32),
            },
            habit=never_again(near.shape[0]) if rates is None else self.habit * rates,
            mixes={"include": self.include, "exclude": self.exclude},
        )


def logs_of(counts: Counts) -> Weights:
    """Return (n_items, windows) float32: the logarithm of the popularity in each window."""
    windows = [
        np.log(counts.popularity[days] + np.float32(floor)) for days, floor in zip(WINDOWS_DAYS, FLOORS, strict=True)
    ]
    return np.stack(windows, axis=1).astype(np.float32)
