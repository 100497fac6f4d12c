"""Say which items go together from who took both, with tuned degree exponents; no training loop at all."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.tables import scaled, top_of_product


class CoPurchase(TableModel, frozen=True, kw_only=True, tag="copurchase"):
    """S = D_i^-speaker (X' D_u^-customer X) D_i^-listener, each cell to a power, cut to the best cells a row.

    X is customers x items (1, or the decay of the latest purchase), D_i and D_u are the sums of its
    columns and rows. Exponents: `customer` quiets customers who take everything, `speaker` items that
    stand in everybody's history, `listener` items that everybody takes anyway. As (speaker, listener,
    customer), cosine is (0.5, 0.5, 0), and the first order of Turbo-CF and the linear part of GF-CF are
    (0.5, 0.5, 1); LinkProp tunes them freely.

    Of an item's customers the `asked` who took least speak: they say most, and cost least.
    """

    speaker: float = 0.5
    listener: float = 0.5
    customer: float = 0.6
    power: float = 1.0
    asked: int = 256

    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Learn the table by one sparse product, of which only the best cells are ever kept."""
        taken = self.taken(interactions, now=now)
        near, says = self.room(interactions.n_items)
        items = np.arange(interactions.n_items, dtype=np.int32) if heard is None else heard
        by_item = taken.sum(axis=0)
        near[items], says[items] = self.rows(
            sparse.csr_array(taken.T)[items],
            self.weighed(taken, by_item),
            items=items,
            by_item=by_item,
            width=near.shape[1],
        )
        return near, says

    def weighed(self, taken: sparse.csr_array, by_item: Weights) -> sparse.csr_array:
        """Return (customers, items): what each customer's taking of an item says, before anybody speaks of it.

        `by_item` (n_items,) are the sums of the columns over all customers; `taken` may hold only some of them.
        """
        by_customer = _power(taken.sum(axis=1), self.customer)
        return scaled(taken, rows=by_customer, columns=_power(by_item, self.listener))

    def rows(
        self,
        columns: sparse.csr_array,
        weighed: sparse.csr_array,
        *,
        items: Indices,
        by_item: Weights,
        width: int,
    ) -> tuple[Indices, Weights]:
        """Return the table's rows of the `items` (n,): (n, width) neighbours and weights.

        `columns` (n, customers) says who took each of them; all who did must be among the customers of `weighed`. Ties
        go to what is popular.
        """
        columns = lightest(columns, np.diff(weighed.indptr), self.asked)
        # By popularity, what is added to most often lies together and stays near the processor: an eighth faster.
        order = np.argsort(-by_item, kind="stable").astype(np.int32)
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size, dtype=np.int32)
        ranked = sparse.csr_array((weighed.data, rank[weighed.indices], weighed.indptr), shape=weighed.shape)
        near, says = top_of_product(columns, ranked, width, rank[items])
        near = np.where(near >= 0, order[near], -1)
        says *= _power(by_item, self.speaker)[items, None]
        if self.power != 1:
            np.power(says, self.power, out=says, where=says > 0)
        return near, says


def _power(sums: Weights, exponent: float) -> Weights:
    """Return sums ** -exponent, and 0 for what nobody took."""
    result = np.zeros(sums.shape, dtype=np.float32)
    np.power(sums, -exponent, out=result, where=sums > 0)
    return result


def lightest(columns: sparse.csr_array, sizes: NDArray[np.integer], most: int) -> sparse.csr_array:
    """Return (items, customers) with at most `most` customers an item: those of the smallest `sizes`."""
    counts = np.diff(columns.indptr)
    if counts.max(initial=0) <= most:
        return columns
    owner = np.repeat(np.arange(counts.size), counts)
    crowded = np.flatnonzero((counts > most)[owner])
    rank = crowded[np.lexsort((columns.indices[crowded], sizes[columns.indices[crowded]], owner[crowded]))]
    # The crowded rows are sorted within themselves, so that the places of each are those it had.
    kept = np.ones(owner.size, dtype=np.bool_)
    kept[rank[crowded - columns.indptr[owner[crowded]] >= most]] = False
    starts = np.r_[0, np.cumsum(np.minimum(counts, most))]
    return sparse.csr_array((columns.data[kept], columns.indices[kept], starts), shape=columns.shape)
