"""Change a trained table without training: make room for items without sales, and let ratings lift and sink items."""

import numpy as np

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.ranking import descending
from bodega.recsys.serving import ItemTable

# Reviews of average stars that every product is given, so that two friends of the maker make no best seller.
PRIOR_REVIEWS = 10.0
# A shop without reviews: only a product's distance from the mean counts, so this matters to nobody.
NO_MEAN = 4.0
# What a star above the mean adds to the log-odds of an item: two stars make it half as likely again, or a third less.
STAR_WEIGHT = 0.2


def widened(table: ItemTable, places: Indices, n_items: int) -> ItemTable:
    """Return a table of `n_items` in which item i of the old one is item `places[i]`, ascending.

    The new ones in between have no sales: nobody speaks of them, and by themselves they are worth as little as the
    least of the others.
    """
    if places.size != table.n_items or (places.size and int(places.max()) >= n_items):
        raise InvalidError(f"{table.n_items} items do not fit into {places.size} places of {n_items}")
    near = np.full((n_items, table.width), -1, dtype=np.int32)
    weights = np.zeros((n_items, table.width), dtype=np.float32)
    known = table.neighbours >= 0
    near[places] = np.where(known, places[np.where(known, table.neighbours, 0)], np.int32(-1)) if places.size else -1
    weights[places] = table.weights
    least = table.popularity.min(axis=1) if places.size else np.zeros(3, dtype=np.float32)
    worth = np.repeat(least[:, None], n_items, axis=1).astype(np.float32)
    worth[0], worth[:, places] = 0, table.popularity
    habit = np.full(n_items, table.habit.min(initial=0), dtype=np.float32)
    habit[places] = table.habit
    return _with_worth(table, near, weights, worth, habit)


def spoken_for(table: ItemTable, alike: Indices, says: Weights) -> ItemTable:
    """Return the table in which items that said nothing say what reads like them, as loudly as others do on average.

    `alike` and `says` (n_items, width) are neighbours by text, best first, with cosines.
    """
    silent = (table.neighbours < 0).all(axis=1)
    if not silent.any():
        return table
    loudest = table.weights.max(axis=1, initial=0)
    usual = float(np.median(loudest[loudest > 0])) if (loudest > 0).any() else 1.0
    width = max(table.width, 1)
    near = np.full((table.n_items, width), -1, dtype=np.int32)
    weights = np.zeros((table.n_items, width), dtype=np.float32)
    near[:, : table.width], weights[:, : table.width] = table.neighbours, table.weights
    kept = min(width, alike.shape[1])
    near[silent, :kept] = alike[silent, :kept]
    weights[silent, :kept] = says[silent, :kept] * np.float32(usual)
    return _with_worth(table, near, weights, table.popularity, table.habit)


def lifted(table: ItemTable, lift: Weights) -> ItemTable:
    """Return the table with (n_items,) `lift` added to what each item is worth by itself, in log-odds."""
    worth = table.popularity.copy()
    worth[0] *= np.exp(lift)
    worth[1:] += lift
    return _with_worth(table, table.neighbours, table.weights, worth, table.habit)


def rating_lift(counts: Indices, totals: Indices) -> Weights:
    """Return (n,) float32: STAR_WEIGHT times how far an item's average, shrunk to the shop's by its count, is above it.

    `counts` (n,) reviews and `totals` (n,) the sums of their stars.

    >>> unknown, few, many, loved = rating_lift(np.array([0, 1, 100, 200]), np.array([0, 1, 100, 1000]))
    >>> bool(many < few < unknown < loved)
    True
    """
    reviews = float(counts.sum())
    mean = float(totals.sum()) / reviews if reviews else NO_MEAN
    shrunk = (totals + PRIOR_REVIEWS * mean) / (counts + PRIOR_REVIEWS)
    lift: Weights = (STAR_WEIGHT * (shrunk - mean)).astype(np.float32)
    return lift


def _with_worth(table: ItemTable, near: Indices, weights: Weights, worth: Weights, habit: Weights) -> ItemTable:
    return ItemTable.from_arrays(
        {
            "neighbours": near,
            "weights": weights,
            "popularity": worth,
            "popular_order": np.stack([descending(row, worth[0]) for row in worth]),
            "habit": habit,
        },
        table.mixes,
    )
