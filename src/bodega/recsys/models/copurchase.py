"""Say which items go together from who took both, with tuned degree exponents; no training loop at all."""

import itertools

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.decay import decay
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import MOST_WIDTH, Model
from bodega.recsys.models.popularity import popularity
from bodega.recsys.serving import ItemTable, Mix
from bodega.recsys.tables import top_of_sparse

# Items whose rows are multiplied at once: bounds the memory of the product, whatever the size of the
# catalogue.
CELLS_AT_ONCE = 20_000_000


class CoPurchase(Model, frozen=True, kw_only=True, tag="copurchase"):
    """S = D_i^-speaker (X' D_u^-customer X) D_i^-listener, each cell to a power, cut to the widest rows.

    X is customers x items (1, or the decay of the latest purchase), D_i and D_u are the sums of its
    columns and rows. Exponents: `customer` quiets customers who take everything, `speaker` items that
    everybody's history has, `listener` items that everybody buys anyway. Cosine is (0.5, 0.5, 0) and the
    first order of Turbo-CF and the linear part of GF-CF (0.5, 0.5, 1) as (speaker, listener, customer);
    LinkProp tunes them freely.
    """

    speaker: float = 0.5
    listener: float = 0.5
    customer: float = 0.6
    power: float = 1.0
    width: int = 100
    half_life_days: float = 0.0
    popular_half_life_days: float = 28.0

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the table by one sparse product, a block of items at a time."""
        weights = None
        if interactions.timed and self.half_life_days > 0:
            weights = decay(now - interactions.time, self.half_life_days)
        near, says = self.neighbours(interactions.matrix(weights))
        mix = Mix(own=0.0, table=1.0, popular=0.0)
        return ItemTable.of(
            near,
            says,
            popularity(interactions, now=now, half_life_days=self.popular_half_life_days),
            mixes={"include": mix, "exclude": mix},
        )

    def neighbours(self, taken: sparse.csr_array) -> tuple[Indices, Weights]:
        """Return the table of a customers x items matrix."""
        width = max(1, min(self.width, MOST_WIDTH, taken.shape[1]))
        near = np.full((taken.shape[1], width), -1, dtype=np.int32)
        says = np.zeros((taken.shape[1], width), dtype=np.float32)
        by_customer, by_item = _power(taken.sum(axis=1), -self.customer), taken.sum(axis=0)
        speaker, listener = _power(by_item, -self.speaker), _power(by_item, -self.listener)
        columns = sparse.csr_array(taken.T)
        weighted = sparse.csr_array(sparse.diags_array(by_customer) @ taken)
        for start, end in _blocks(columns, weighted):
            block = sparse.csr_array(columns[start:end] @ weighted)
            lengths = np.diff(block.indptr)
            rows = np.repeat(np.arange(start, end), lengths)
            block.data = block.data * speaker[rows] * listener[block.indices]
            block.data[block.indices == rows] = 0
            if self.power != 1:
                np.power(block.data, self.power, out=block.data)
            near[start:end], says[start:end] = top_of_sparse(block, width)
        return near, says


def _power(sums: Weights, exponent: float) -> Weights:
    """Return sums ** exponent, and 0 for what nobody took."""
    result = np.zeros(sums.shape, dtype=np.float32)
    np.power(sums, exponent, out=result, where=sums > 0)
    return result


def _blocks(columns: sparse.csr_array, taken: sparse.csr_array) -> list[tuple[int, int]]:
    """Cut the items into runs whose products have a bounded number of terms."""
    per_customer = np.diff(taken.indptr)
    summed = np.r_[0, np.cumsum(per_customer[columns.indices], dtype=np.int64)]
    terms = np.diff(summed[columns.indptr])
    bounds, total = [0], 0
    for item, cost in enumerate(terms):
        total += int(cost)
        if total > CELLS_AT_ONCE and item > bounds[-1]:
            bounds.append(item)
            total = int(cost)
    bounds.append(columns.shape[0])
    return [(start, end) for start, end in itertools.pairwise(bounds) if end > start]
