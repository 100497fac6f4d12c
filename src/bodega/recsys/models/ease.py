"""Learn a linear item-to-item model in closed form (EASE; Steck, WWW 2019)."""

import numpy as np
from scipy import linalg, sparse

from bodega.recsys.arrays import Weights
from bodega.recsys.decay import decay
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import MOST_WIDTH, Model
from bodega.recsys.models.popularity import popularity
from bodega.recsys.serving import ItemTable, Mix
from bodega.recsys.tables import top_of_dense


class Ease(Model, frozen=True, kw_only=True, tag="ease"):
    """B = I - P diag(1 / diag P) with P = (X' X + ridge I)^-1, cut to the largest cells a row.

    Time n_items^3 and memory n_items^2: `most_items` (the most popular) take part, the others stay silent.
    """

    ridge: float = 200.0
    width: int = 100
    half_life_days: float = 0.0
    popular_half_life_days: float = 28.0
    most_items: int = 12_000

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the table from one inverse."""
        weights = None
        if interactions.timed and self.half_life_days > 0:
            weights = decay(now - interactions.time, self.half_life_days)
        taken = interactions.matrix(weights)
        width = max(1, min(self.width, MOST_WIDTH, interactions.n_items))
        near = np.full((interactions.n_items, width), -1, dtype=np.int32)
        says = np.zeros((interactions.n_items, width), dtype=np.float32)
        chosen = np.sort(np.argsort(-taken.sum(axis=0), kind="stable")[: self.most_items]).astype(np.int32)
        if chosen.size:
            top, cells = top_of_dense(ease_weights(taken[:, chosen], self.ridge), width)
            near[chosen, : top.shape[1]] = np.where(top >= 0, chosen[top], -1)
            says[chosen, : top.shape[1]] = cells
        mix = Mix(own=0.0, table=1.0, popular=0.0)
        heard = popularity(interactions, now=now, half_life_days=self.popular_half_life_days)
        return ItemTable.of(near, says, heard, mixes={"include": mix, "exclude": mix})


def ease_weights(taken: sparse.csr_array, ridge: float) -> Weights:
    """Return (n, n) float32 with a zero diagonal; cell [h, i] is what having taken h says about i.

    float32 throughout: on shops' data the lists were the same as with float64 and it takes half the time.
    """
    gram = np.asarray((taken.T @ taken).todense(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += max(ridge, 1e-3)
    factor, _ = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse, info = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise ArithmeticError(f"the Gram matrix could not be inverted (spotri said {info})")
    inverse = np.tril(inverse)
    inverse += np.tril(inverse, -1).T
    weights: Weights = -inverse / np.diag(inverse)[None, :]
    weights[np.diag_indices_from(weights)] = 0
    return weights
