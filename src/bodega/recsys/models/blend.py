"""Blend the shopper's own past, what it says of other items, and what is popular: the default."""

import numpy as np

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.history import HalfLives
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model, log_rebuying, never_again, popularity
from bodega.recsys.models.copurchase import CoPurchase
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
    each has weights of its own; `learn.learn_blend` learns all of them as two logistic regressions on a
    time split. The defaults are rounded from several shops and are where learning starts.
    """

    table: Ease | CoPurchase | Spectral = Ease(half_life_days=120.0)
    popular_half_life_days: float = 28.0
    include: Mix = Mix()
    exclude: Mix = Mix(half_lives=HalfLives(table_days=180))
    lean_include: Lean = (0.3, 0.5, -0.3, -0.2)
    lean_exclude: Lean = (0.4, 0.5, -0.3, -0.3)
    habit: float = 0.2

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the table, the leanings and the habits."""
        return self.assembled(*self.neighbours(interactions, now=now), interactions, now=now)

    def neighbours(self, interactions: Interactions, *, now: float) -> tuple[Indices, Weights]:
        """Learn the table alone, which is what takes the time."""
        lean = log_popularity(interactions, now=now) @ np.array(self.lean_exclude, dtype=np.float32)
        return self.table.learn(interactions, now=now, worth=self._worth(lean))

    def assembled(self, near: Indices, says: Weights, interactions: Interactions, *, now: float) -> ItemTable:
        """Return what is served, from a table that is already learnt."""
        logs = log_popularity(interactions, now=now)
        rates = log_rebuying(interactions)
        return ItemTable.of(
            near,
            says,
            popularity(interactions, now=now, half_life_days=self.popular_half_life_days),
            leans={
                "include": logs @ np.array(self.lean_include, dtype=np.float32),
                "exclude": logs @ np.array(self.lean_exclude, dtype=np.float32),
            },
            habit=never_again(interactions) if rates is None else self.habit * rates,
            mixes={"include": self.include, "exclude": self.exclude},
        )

    def _worth(self, lean: Weights) -> Weights:
        if not lean.size or self.exclude.table <= 0:
            return np.ones_like(lean)
        worth: Weights = np.exp(np.clip((lean - lean.max()) / np.float32(self.exclude.table), -30, 0))
        return worth


def log_popularity(interactions: Interactions, *, now: float) -> Weights:
    """Return (n_items, windows) float32: the logarithm of the popularity in each window."""
    windows = [
        np.log(popularity(interactions, now=now, half_life_days=days) + np.float32(floor))
        for days, floor in zip(WINDOWS_DAYS, FLOORS, strict=True)
    ]
    return np.stack(windows, axis=1).astype(np.float32)
