"""Factorise who took what (implicit ALS; Hu, Koren and Volinsky, ICDM 2008), written out as an item table."""

from typing import Any

import numpy as np
from scipy import linalg, sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.tables import top_of_dense

# Rows written out at once are bounded by this many cells (float32) of the full matrix.
CELLS_AT_ONCE = 25_000_000
SEED = 20
# With nearly as many factors as items, what an item says would be itself and nothing else.
ITEMS_A_FACTOR = 8


class Als(TableModel, frozen=True, kw_only=True, tag="als"):
    """S = Y (Y' Y + regularization I)^-1 Y', with the item factors Y that the library `implicit` finds.

    That is what a shopper's factors, solved anew for every history, would say of each item (equation 7 of the paper),
    less the confidence within the history. Lists need no solving, and it is known which items spoke.
    `confidence` is the weight of what was taken against what was not. Writing the table out costs n_items^2 x factors.
    """

    factors: int = 128
    regularization: float = 5.0
    confidence: float = 5.0
    iterations: int = 15

    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        worth: Weights | None = None,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Learn the factors, and write the table out a block of rows at a time."""
        near, says = self.room(interactions.n_items)
        taken = self.taken(interactions, now=now)
        if not taken.nnz:
            return near, says
        items = self._factors(taken)
        gram = items.T @ items
        gram[np.diag_indices_from(gram)] += max(self.regularization, 1e-3 * float(gram.diagonal().max(initial=1)))
        turned = linalg.solve_triangular(linalg.cholesky(gram, lower=True), items.T, lower=True).T.astype(np.float32)
        wanted = np.arange(interactions.n_items) if heard is None else heard
        at_once = max(1, CELLS_AT_ONCE // max(interactions.n_items, 1))
        for start in range(0, wanted.size, at_once):
            rows = wanted[start : start + at_once]
            block = turned[rows] @ turned.T
            block[np.arange(rows.size), rows] = 0
            near[rows], says[rows] = top_of_dense(block, near.shape[1], worth)
        return near, says

    def _factors(self, taken: sparse.csr_array) -> Weights:
        # Loading them takes a third of a second that shops without ALS need not spend.
        import implicit.cpu.als  # noqa: PLC0415
        from threadpoolctl import threadpool_limits  # noqa: PLC0415

        # Its threads and those of the linear algebra would get into each other's way.
        with threadpool_limits(1, "blas"):
            model: Any = implicit.cpu.als.AlternatingLeastSquares(
                factors=max(1, min(int(self.factors), max(2, taken.shape[1] // ITEMS_A_FACTOR))),
                regularization=max(self.regularization, 1e-3),
                alpha=self.confidence,
                iterations=int(self.iterations),
                random_state=SEED,
            )
            model.fit(sparse.csr_matrix(taken), show_progress=False)
        factors: Weights = np.nan_to_num(np.asarray(model.item_factors, dtype=np.float32))
        return factors
