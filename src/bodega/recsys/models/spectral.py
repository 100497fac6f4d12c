"""Smooth histories over the strongest directions of the purchase matrix: GF-CF, written out as an item table."""

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.tables import top_of_dense

# Rows written out at once are bounded by this many cells (float32) of the full matrix.
CELLS_AT_ONCE = 25_000_000
OVERSAMPLING, POWER_STEPS, SEED = 16, 3, 20


class Spectral(TableModel, frozen=True, kw_only=True, tag="spectral"):
    """S = R' R + strength D_i^-1/2 V V' D_i^1/2 with R = D_u^-customer X D_i^-1/2 (Shen et al., CIKM 2021).

    V are the `rank` strongest right singular vectors of R, found by a seeded randomised iteration. Time
    and memory grow with n_items x rank, and writing the table out with n_items^2, a block at a time.
    """

    rank: int = 128
    strength: float = 0.3
    customer: float = 0.5

    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        worth: Weights | None = None,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Learn the table a block of rows at a time."""
        near, says = self.room(interactions.n_items)
        taken = self.taken(interactions, now=now)
        if not taken.nnz:
            return near, says
        root = np.sqrt(np.maximum(taken.sum(axis=0), 1e-12)).astype(np.float32)
        quiet = np.maximum(taken.sum(axis=1), 1e-12).astype(np.float32) ** np.float32(-self.customer)
        scaled = sparse.csr_array(sparse.diags_array(quiet) @ taken @ sparse.diags_array(1 / root))
        rank = min(self.rank, min(scaled.shape) - 1)
        directions = _right_singular(scaled, rank) if rank > 0 else np.zeros((root.size, 1), np.float32)
        columns = sparse.csr_array(scaled.T)
        at_once = max(1, CELLS_AT_ONCE // max(interactions.n_items, 1))
        items = np.arange(interactions.n_items) if heard is None else heard
        for start in range(0, items.size, at_once):
            rows = items[start : start + at_once]
            block = (columns[rows] @ scaled).toarray().astype(np.float32)
            smooth = directions[rows] @ directions.T
            block += np.float32(self.strength) * smooth * root[None, :] / root[rows, None]
            block[np.arange(block.shape[0]), rows] = 0
            near[rows], says[rows] = top_of_dense(block, near.shape[1], worth)
        return near, says


def _right_singular(matrix: sparse.csr_array, rank: int) -> Weights:
    """Return (n_columns, rank) orthonormal float32: the strongest right singular vectors, nearly."""
    width = min(rank + OVERSAMPLING, *matrix.shape)
    basis = np.random.default_rng(SEED).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(POWER_STEPS):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    _, _, right = np.linalg.svd(matrix @ basis, full_matrices=False)
    vectors: Weights = (basis @ right.T[:, :rank]).astype(np.float32)
    return vectors
