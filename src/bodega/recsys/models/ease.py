"""Learn a linear item-to-item model in closed form (EASE; Steck, WWW 2019)."""

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.inverses import inverse_of
from bodega.recsys.models.base import TableModel
from bodega.recsys.models.tail import by_popularity, fill_rows, speak_for_tail

ROWS_AT_ONCE = 1024
LEARNT_FROM = 2_000


class Ease(TableModel, frozen=True, kw_only=True, tag="ease"):
    """B = I - P diag(1 / diag P) with P = (X' X + ridge I)^-1, cut to the best cells a row.

    Time n_items^3 and memory n_items^2: the `most_items` most popular take part, the others speak through
    co-purchase. Where only some are heard, LEARNT_FROM take part: weights are learnt from so many as well as from all.
    """

    ridge: float = 200.0
    most_items: int = 12_000

    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Learn the table from one inverse."""
        taken = self.taken(interactions, now=now)
        near, says = self.room(interactions.n_items)
        large = interactions.n_items > self.most_items
        most = self.most_items if heard is None or large else LEARNT_FROM
        chosen = np.sort(by_popularity(taken)[:most])
        if chosen.size and taken.nnz:
            cells = ease_weights(taken[:, chosen], self.ridge)
            fill_rows(near, says, cells.__getitem__, chosen=chosen, heard=heard, at_once=ROWS_AT_ONCE)
            if large:
                speak_for_tail(near, says, self, interactions, chosen=chosen, heard=heard, now=now)
        return near, says


def ease_weights(taken: sparse.csr_array, ridge: float) -> Weights:
    """Return (n, n) float32 with a zero diagonal; cell [h, i] is what having taken h says about i.

    float32 throughout: on shops' data the lists were the same as with float64, in half the time.
    """
    # Column-major, because LAPACK then works in place; a symmetric matrix reads the same either way.
    gram = (taken.T @ taken).toarray(order="F").astype(np.float32, copy=False)
    # A ridge far below the diagonal would leave float32 no digits for the inverse.
    gram[np.diag_indices_from(gram)] += max(ridge, 1e-3 * float(gram.diagonal().max(initial=1)))
    weights: Weights = inverse_of(gram)
    weights *= -1 / weights.diagonal()[None, :]
    weights[np.diag_indices_from(weights)] = 0
    return weights
