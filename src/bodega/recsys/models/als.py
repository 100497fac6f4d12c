"""Factorise who took what (implicit ALS; Hu, Koren and Volinsky, ICDM 2008), written out as an item table."""

from typing import Any

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.models.tail import by_popularity, fill_rows, speak_for_tail

# Rows written out at once are bounded by this many cells (float32) of the full matrix.
CELLS_AT_ONCE = 25_000_000
SEED = 20
# With nearly as many factors as items, what an item says would be itself and nothing else.
ITEMS_A_FACTOR = 8


class Als(TableModel, frozen=True, kw_only=True, tag="als"):
    """S = Y (Y' Y + regularization I)^-1 Y', with the item factors Y that the library `implicit` finds.

    That is what a shopper's factors, solved anew for every history, would say of each item (equation 7 of the paper),
    less the confidence within the history. Lists need no solving, and it is known which items spoke.
    `confidence` is the weight of what was taken just now against what was not. Writing the table out costs n_items^2
    x factors.
    """

    factors: int = 128
    regularization: float = 10.0
    confidence: float = 2.0
    iterations: int = 15
    most_items: int = 20_000

    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Learn the factors, and write the table out."""
        near, says = self.room(interactions.n_items)
        taken = self.taken(interactions, now=now)
        if not taken.nnz:
            return near, says
        chosen = np.sort(by_popularity(taken)[: self.most_items])
        self._write(near, says, self._factors(taken)[chosen], chosen=chosen, heard=heard)
        speak_for_tail(near, says, self, interactions, chosen=chosen, heard=heard, now=now)
        return near, says

    def rank_of(self, n_items: int) -> int:
        """Return how many factors are learnt of so many items."""
        return max(1, min(int(self.factors), max(2, n_items // ITEMS_A_FACTOR)))

    def table_of(self, items: Weights) -> tuple[Indices, Weights]:
        """Return the table that (n_items, factors) item factors make, wherever they were learnt."""
        near, says = self.room(items.shape[0])
        everyone = np.arange(items.shape[0], dtype=np.int32)
        self._write(near, says, items, chosen=everyone, heard=None)
        return near, says

    def _write(
        self,
        near: Indices,
        says: Weights,
        items: Weights,
        *,
        chosen: Indices,
        heard: Indices | None,
    ) -> None:
        """Write out the rows of the `chosen` items, whose factors are `items`, a block at a time."""
        # Only here: where ALS is not trained, SciPy need not have a LAPACK of its own.
        from scipy import linalg  # noqa: PLC0415

        gram = items.T @ items
        gram[np.diag_indices_from(gram)] += max(self.regularization, 1e-3 * float(gram.diagonal().max(initial=1)))
        turned = linalg.solve_triangular(linalg.cholesky(gram, lower=True), items.T, lower=True).T.astype(np.float32)

        def rows_of(rows: Indices) -> Weights:
            block: Weights = turned[rows] @ turned.T
            block[np.arange(rows.size), rows] = 0
            return block

        at_once = max(1, CELLS_AT_ONCE // max(chosen.size, 1))
        fill_rows(near, says, rows_of, chosen=chosen, heard=heard, at_once=at_once)

    def _confidences(self, taken: sparse.csr_array) -> sparse.csr_matrix:
        """Return the confidences as the paper has them, 1 + alpha r, which Spark's solver has, too."""
        trusted = sparse.csr_matrix(taken)
        trusted.data = (1 + (self.confidence - 1) * trusted.data).astype(np.float32)
        return trusted

    def _factors(self, taken: sparse.csr_array) -> Weights:
        # Loading them takes a third of a second that shops without ALS need not spend.
        import implicit.cpu.als  # noqa: PLC0415
        from threadpoolctl import threadpool_limits  # noqa: PLC0415

        # Its threads and those of the linear algebra would get into each other's way.
        with threadpool_limits(1, "blas"):
            model: Any = implicit.cpu.als.AlternatingLeastSquares(
                factors=self.rank_of(taken.shape[1]),
                regularization=max(self.regularization, 1e-3),
                alpha=1.0,  # `taken` is weighed already
                iterations=int(self.iterations),
                random_state=SEED,
            )
            model.fit(self._confidences(taken), show_progress=False)
        factors: Weights = np.nan_to_num(np.asarray(model.item_factors, dtype=np.float32))
        return factors
