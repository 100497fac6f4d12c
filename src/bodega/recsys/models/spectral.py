"""Smooth histories over the strongest directions of the purchase matrix: GF-CF, written out as an item table."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.models.tail import by_popularity, fill_rows, speak_for_tail
from bodega.recsys.tables import scaled

# Rows written out at once are bounded by this many cells (float32) of the full matrix.
CELLS_AT_ONCE = 25_000_000
OVERSAMPLING, POWER_STEPS, SEED = 16, 3, 20


class Spectral(TableModel, frozen=True, kw_only=True, tag="spectral"):
    """S = R' R + strength D_i^-1/2 V V' D_i^1/2 with R = D_u^-customer X D_i^-1/2 (Shen et al., CIKM 2021).

    V are the `rank` strongest right singular vectors of R, found by a seeded randomised iteration. Time
    and memory grow with n_items x rank, and writing the table out with n_items^2, a block at a time: the
    `most_items` most popular take part, the others speak through co-purchase.
    """

    rank: int = 128
    strength: float = 0.3
    customer: float = 0.5
    most_items: int = 20_000

    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Learn the table a block of rows at a time."""
        near, says = self.room(interactions.n_items)
        taken = self.taken(interactions, now=now)
        if not taken.nnz:
            return near, says
        chosen = np.sort(by_popularity(taken)[: self.most_items])
        quiet = np.maximum(taken.sum(axis=1), 1e-12).astype(np.float32) ** np.float32(-self.customer)
        head = _Head.of(sparse.csr_array(taken[:, chosen]), quiet, self.rank)
        fill_rows(
            near,
            says,
            lambda block: head.rows(block, self.strength),
            chosen=chosen,
            heard=heard,
            at_once=max(1, CELLS_AT_ONCE // chosen.size),
        )
        speak_for_tail(near, says, self, interactions, chosen=chosen, heard=heard, now=now)
        return near, says


class _Head(NamedTuple):
    """The items that take part: R (customers, n), its transpose, V (n, rank) and D_i^1/2 (n,)."""

    scaled: sparse.csr_array
    columns: sparse.csr_array
    directions: Weights
    root: Weights

    @classmethod
    def of(cls, taken: sparse.csr_array, quiet: Weights, rank: int) -> "_Head":
        root = np.sqrt(np.maximum(taken.sum(axis=0), 1e-12)).astype(np.float32)
        matrix = scaled(taken, rows=quiet, columns=1 / root)
        rank = min(rank, min(matrix.shape) - 1)
        directions = _right_singular(matrix, rank) if rank > 0 else np.zeros((root.size, 1), np.float32)
        return cls(matrix, sparse.csr_array(matrix.T), directions, root)

    def rows(self, rows: NDArray[np.integer], strength: float) -> Weights:
        """Return (rows, n) of the table, with nothing on the diagonal."""
        block: Weights = (self.columns[rows] @ self.scaled).toarray().astype(np.float32, copy=False)
        smooth = self.directions[rows] @ self.directions.T
        smooth *= np.float32(strength) * self.root[None, :]
        smooth /= self.root[rows, None]
        block += smooth
        block[np.arange(block.shape[0]), rows] = 0
        return block


def _right_singular(matrix: sparse.csr_array, rank: int) -> Weights:
    """Return (n_columns, rank) orthonormal float32: the strongest right singular vectors, nearly."""
    width = min(rank + OVERSAMPLING, *matrix.shape)
    basis = np.random.default_rng(SEED).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(POWER_STEPS):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    _, _, right = np.linalg.svd(matrix @ basis, full_matrices=False)
    vectors: Weights = (basis @ right.T[:, :rank]).astype(np.float32)
    return vectors
