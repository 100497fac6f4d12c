"""Write out the rows of a dense model, and let the items that are too many for it speak through co-purchase."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.tables import top_of_dense


def by_popularity(taken: sparse.csr_array) -> Indices:
    """Return (n_items,) the columns of users x items, the most taken first: a dense model has room for so many."""
    return np.argsort(-taken.sum(axis=0), kind="stable").astype(np.int32)


def fill_rows(
    near: Indices,
    says: Weights,
    rows_of: Callable[[Indices], Weights],
    *,
    chosen: Indices,
    heard: Indices | None,
    at_once: int,
) -> None:
    """Fill the rows of the items that take part, `chosen` in ascending order, in place, `at_once` at a time.

    `rows_of` returns (n, chosen.size) what items say of all that take part, by their places in `chosen`. `heard` is
    that of `TableModel.learn`.
    """
    rows = np.arange(chosen.size, dtype=np.int32)
    if heard is not None:
        rows = rows[np.isin(chosen, heard)]
    for start in range(0, rows.size, at_once):
        block = rows[start : start + at_once]
        top, kept = top_of_dense(rows_of(block), near.shape[1])
        near[chosen[block], : top.shape[1]] = np.where(top >= 0, chosen[top], -1)
        says[chosen[block], : top.shape[1]] = kept


def speak_for_tail(
    near: Indices,
    says: Weights,
    model: TableModel,
    interactions: Interactions,
    *,
    chosen: Indices,
    heard: Indices | None,
    now: float,
) -> None:
    """Fill the rows of all items but the `chosen` of a table in place; those are the rows of `model`.

    The two kinds of cells are of different sizes: those of the tail are scaled until the loudest words of a row are, in
    the median, as loud in both.
    """
    spoken_for = np.arange(interactions.n_items, dtype=np.int32) if heard is None else heard
    tail = np.setdiff1d(spoken_for, chosen).astype(np.int32)
    if not tail.size:
        return
    plain = CoPurchase(width=near.shape[1], half_life_days=model.half_life_days)
    others, words = plain.learn(interactions, now=now, heard=tail)
    near[tail], says[tail] = others[tail], words[tail] * _ratio(says.max(axis=1), words[tail].max(axis=1))


def _ratio(loud: Weights, own: Weights) -> np.float32:
    if not ((loud > 0).any() and (own > 0).any()):
        return np.float32(1)
    return np.float32(np.median(loud[loud > 0]) / np.median(own[own > 0]))
