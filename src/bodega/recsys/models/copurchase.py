"""Say which items go together from who took both, with tuned degree exponents; no training loop at all."""

import itertools

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.tables import top_of_sparse

# Products summed at once: bounds the memory of a block, whatever the size of the catalogue.
TERMS_AT_ONCE = 20_000_000


class CoPurchase(TableModel, frozen=True, kw_only=True, tag="copurchase"):
    """S = D_i^-speaker (X' D_u^-customer X) D_i^-listener, each cell to a power, cut to the best cells a row.

    X is customers x items (1, or the decay of the latest purchase), D_i and D_u are the sums of its
    columns and rows. Exponents: `customer` quiets customers who take everything, `speaker` items that
    stand in everybody's history, `listener` items that everybody takes anyway. As (speaker, listener,
    customer), cosine is (0.5, 0.5, 0), and the first order of Turbo-CF and the linear part of GF-CF are
    (0.5, 0.5, 1); LinkProp tunes them freely.
    """

    speaker: float = 0.5
    listener: float = 0.5
    customer: float = 0.6
    power: float = 1.0

    def learn(self, interactions: Interactions, *, now: float, worth: Weights | None = None) -> tuple[Indices, Weights]:
        """Learn the table by one sparse product, a block of items at a time."""
        taken = self.taken(interactions, now=now)
        near, says = self.room(interactions.n_items)
        by_customer, by_item = _power(taken.sum(axis=1), self.customer), taken.sum(axis=0)
        speaker, listener = _power(by_item, self.speaker), _power(by_item, self.listener)
        columns = sparse.csr_array(taken.T)
        weighed = sparse.csr_array(sparse.diags_array(by_customer) @ taken @ sparse.diags_array(listener))
        for start, end in _blocks(columns, weighed):
            block = sparse.csr_array(columns[start:end] @ weighed)
            rows = np.repeat(np.arange(start, end), np.diff(block.indptr))
            block.data *= speaker[rows]
            block.data[block.indices == rows] = 0
            if self.power != 1:
                np.power(block.data, self.power, out=block.data)
            near[start:end], says[start:end] = top_of_sparse(block, near.shape[1], worth)
        return near, says


def _power(sums: Weights, exponent: float) -> Weights:
    """Return sums ** -exponent, and 0 for what nobody took."""
    result = np.zeros(sums.shape, dtype=np.float32)
    np.power(sums, -exponent, out=result, where=sums > 0)
    return result


def _blocks(columns: sparse.csr_array, taken: sparse.csr_array) -> list[tuple[int, int]]:
    """Cut the items into runs whose products have a bounded number of terms."""
    summed = np.r_[0, np.cumsum(np.diff(taken.indptr)[columns.indices], dtype=np.int64)]
    ends = summed[columns.indptr]
    bounds = [0]
    while bounds[-1] < columns.shape[0]:
        end = int(np.searchsorted(ends, ends[bounds[-1]] + TERMS_AT_ONCE, side="right")) - 1
        bounds.append(min(max(end, bounds[-1] + 1), columns.shape[0]))
    return list(itertools.pairwise(bounds))
