"""See a model's items and the products that are younger than it as one numbered range, so that lists can hold both."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bodega.domain.recommendations.versions import LoadedModel
from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.sketches import FLOOR, Sketches, likeness

# So many of the items that speak loudest are compared with newcomers.
_HEARD = 32
# Customers whose purchases say more of a product than how it reads.
FEW_BUYERS = 3


class Newcomer(NamedTuple):
    """A product that is new on the shelves: price in minor units, -1 for none, and categories with ancestors."""

    product_id: str
    text: str
    price: int
    categories: Sequence[str]


class Wares:
    """Items 0 to n - 1 are the model's; from n on they are newcomers that it does not know.

    Immutable. `fresh` (c,) are the items of all newcomers, those that the model has but that hardly anybody bought
    among them, and `fresh_sketches` (c, DIMENSIONS) how they read.
    """

    def __init__(self, model: LoadedModel, newcomers: Sequence[Newcomer], sketches: Sketches) -> None:
        known = model.indices([newcomer.product_id for newcomer in newcomers])
        n_items = model.recommender.n_items
        few = known < 0
        few[~few] = model.assortment.buyers[known[~few]] < FEW_BUYERS
        unknown = known < 0
        self.model = model
        self.n_items = n_items
        self.newcomers = [newcomer for newcomer, new in zip(newcomers, unknown, strict=True) if new]
        self.size = n_items + len(self.newcomers)
        numbered = np.where(unknown, n_items + np.cumsum(unknown) - 1, known).astype(np.int32)
        self.fresh: Indices = numbered[few]
        self.fresh_sketches: Sketches = sketches[few]
        self._new_sketches: Sketches = sketches[unknown]
        self._new_aisles = np.array([_aisle(model, newcomer) for newcomer in self.newcomers], dtype=np.int32)
        self._new_items = {newcomer.product_id: n_items + j for j, newcomer in enumerate(self.newcomers)}

    def product(self, item: int) -> str:
        """Return the product of an item."""
        return self.model.product(item) if item < self.n_items else self.newcomers[item - self.n_items].product_id

    def items(self, product_ids: Sequence[str]) -> Indices:
        """Return the items of products, -1 for those that neither the model nor the newest shelf knows."""
        found = self.model.indices(product_ids)
        for place, product_id in enumerate(product_ids):
            if found[place] < 0:
                found[place] = self._new_items.get(product_id, -1)
        return found

    def sketches(self, items: Indices) -> Sketches:
        """Return (m, DIMENSIONS) how items read."""
        return self._picked(self.model.assortment.sketches, self._new_sketches, items)

    def aisles(self, items: Indices) -> Indices:
        """Return (m,) where items stand, -1 for nowhere."""
        return self._picked(self.model.assortment.aisles, self._new_aisles, items)

    def twins(self, items: Indices) -> Indices:
        """Return (m,) numbers that nearly equal items share; a newcomer has one of its own."""
        return self._picked(self.model.assortment.twins, np.arange(self.n_items, self.size, dtype=np.int32), items)

    def affinities(self, heard: Indices, voices: Weights) -> tuple[Weights, Indices]:
        """Return (c,) how much newcomers read like what a shopper took, and (c,) which of those they resemble most.

        In [0, 1]: 1 is the text of the item that speaks loudest; 0 is nothing, or too much like what was found bad.
        """
        if not self.fresh.size or not heard.size:
            return np.zeros(self.fresh.size, dtype=np.float32), np.full(self.fresh.size, -1, dtype=np.int32)
        loud = np.argsort(-np.abs(voices), kind="stable")[:_HEARD]
        alike = likeness(self.fresh_sketches, self.model.assortment.sketches[heard[loud]])
        said = np.where(alike > FLOOR, alike, 0) * (voices[loud] / max(float(np.abs(voices).max()), 1e-9))
        most = said.argmax(axis=1)
        strength = said[np.arange(most.size), most]
        strength = np.where(strength > -said.min(axis=1), strength, np.float32(0))
        return np.maximum(strength, 0).astype(np.float32), heard[loud][most].astype(np.int32)

    def _picked(self, known: NDArray[np.generic], new: NDArray[np.generic], items: Indices) -> NDArray[Any]:
        if not len(self.newcomers) or not items.size or int(items.max()) < self.n_items:
            return known[items]
        is_new = items >= self.n_items
        found = known[np.where(is_new, 0, items)] if self.n_items else np.empty((items.size, *new.shape[1:]), new.dtype)
        found[is_new] = new[items[is_new] - self.n_items]
        return found


def _aisle(model: LoadedModel, newcomer: Newcomer) -> int:
    """Return the deepest category that the model knows; ancestors come first."""
    return max((number for c in newcomer.categories[-1:] if (number := model.category(c)) >= 0), default=-1)
