"""Let the items that are too many for a dense model speak through co-purchase, as loudly as the others do."""

import numpy as np

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import TableModel
from bodega.recsys.models.copurchase import CoPurchase


def speak_for_tail(
    near: Indices,
    says: Weights,
    model: TableModel,
    interactions: Interactions,
    *,
    tail: Indices,
    now: float,
    worth: Weights | None,
) -> None:
    """Fill the rows `tail` of a table in place; its other rows are those of `model`.

    The two kinds of cells are of different sizes: those of the tail are scaled until the loudest words of a row are, in
    the median, as loud in both.
    """
    if not tail.size:
        return
    plain = CoPurchase(width=near.shape[1], half_life_days=model.half_life_days)
    others, words = plain.learn(interactions, now=now, worth=worth, heard=tail)
    near[tail], says[tail] = others[tail], words[tail] * _ratio(says.max(axis=1), words[tail].max(axis=1))


def _ratio(loud: Weights, own: Weights) -> np.float32:
    if not ((loud > 0).any() and (own > 0).any()):
        return np.float32(1)
    return np.float32(np.median(loud[loud > 0]) / np.median(own[own > 0]))
