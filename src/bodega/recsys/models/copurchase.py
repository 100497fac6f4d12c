"""Say which items go together from who took both, with tuned degree exponents; no training loop at all."""

import itertools

import numpy as np
from numpy.typing import NDArray
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
        columns = sparse.csr_array(taken.T)
        by_item, weighed = taken.sum(axis=0), self.weighed(taken, taken.sum(axis=0))
        terms = np.add.reduceat(np.r_[np.diff(weighed.indptr)[columns.indices], 0], columns.indptr[:-1])
        terms[np.diff(columns.indptr) == 0] = 0
        for start, end in blocks_of(terms):
            near[start:end], says[start:end] = self.rows(
                columns[start:end], weighed, first=start, by_item=by_item, width=near.shape[1], worth=worth
            )
        return near, says

    def weighed(self, taken: sparse.csr_array, by_item: Weights) -> sparse.csr_array:
        """Return (customers, items): what each customer's taking of an item says, before anybody speaks of it.

        `by_item` (n_items,) are the sums of the columns over all customers; `taken` may hold only some of them.
        """
        by_customer = _power(taken.sum(axis=1), self.customer)
        listener = _power(by_item, self.listener)
        return sparse.csr_array(sparse.diags_array(by_customer) @ taken @ sparse.diags_array(listener))

    def rows(
        self,
        columns: sparse.csr_array,
        weighed: sparse.csr_array,
        *,
        first: int,
        by_item: Weights,
        width: int,
        worth: Weights | None,
    ) -> tuple[Indices, Weights]:
        """Return the table's rows of the items `first`, `first` + 1, ...: (n, width) neighbours and weights.

        `columns` (n, customers) says who took each of them; all who did must be among the customers of `weighed`.
        """
        block = sparse.csr_array(columns @ weighed)
        items = np.repeat(np.arange(first, first + block.shape[0]), np.diff(block.indptr))
        block.data *= _power(by_item, self.speaker)[items]
        block.data[block.indices == items] = 0
        if self.power != 1:
            np.power(block.data, self.power, out=block.data)
        return top_of_sparse(block, width, worth)


def _power(sums: Weights, exponent: float) -> Weights:
    """Return sums ** -exponent, and 0 for what nobody took."""
    result = np.zeros(sums.shape, dtype=np.float32)
    np.power(sums, -exponent, out=result, where=sums > 0)
    return result


def blocks_of(terms: NDArray[np.integer], at_once: int = TERMS_AT_ONCE) -> list[tuple[int, int]]:
    """Cut the items into runs whose products have at most `at_once` terms, or are of one item.

    `terms` (n_items,): for each item, the sum over its customers of how many items they took.

    >>> blocks_of(np.array([3, 3, 9, 1]), at_once=6)
    [(0, 2), (2, 3), (3, 4)]
    """
    ends = np.r_[0, np.cumsum(terms, dtype=np.int64)]
    bounds = [0]
    while bounds[-1] < terms.size:
        end = int(np.searchsorted(ends, ends[bounds[-1]] + at_once, side="right")) - 1
        bounds.append(min(max(end, bounds[-1] + 1), terms.size))
    return list(itertools.pairwise(bounds))
