"""Pick the best of many scored items and say who spoke for them: the inner loops of serving."""

from typing import NamedTuple

import numpy as np

from bodega.recsys.arrays import Indices, Mask, Places, Weights

# The contributors named per item: enough for "because you bought X and Y".
REASONS = 3
# The table's smallest voice that counts: parts are ln(1 + value / QUIET), so that 0 adds nothing and 1
# about 4.
QUIET = np.float32(0.02)


class Candidates(NamedTuple):
    """The items a shopper's past speaks of, with what it says and who said it.

    Shape: `items` (c,) and `said` (c,), ln1 of the table's part; `own_at` (d,) places of the shopper's
    own items among them, `times` and `recency` (d,) their logarithms; `heard` (h,) the items that spoke,
    `words` (h * width,) their weights, and `near` (h * width,) for each the number in `at` (c,) of the
    item it was about.
    """

    items: Places
    said: Weights
    at: Places
    own_at: Places
    times: Weights
    recency: Weights
    near: Places
    words: Weights
    heard: Indices
    touched: int


def ln1(values: Weights) -> Weights:
    """Return sign(x) ln(1 + |x| / QUIET)."""
    logs: Weights = np.copysign(np.log(1 + np.abs(values) / QUIET), values)
    return logs


def descending(values: Weights, popularity: Weights) -> Indices:
    """Order items by value, ties by popularity, then by index."""
    return np.lexsort((np.arange(values.size), -popularity, -values)).astype(np.int32)


def head(order: Indices, wanted: int, allowed: Mask | None) -> Indices:
    """Return the first `wanted` allowed items of an order: enough that none left out could make the list."""
    if allowed is None:
        return order[:wanted]
    window = wanted
    while True:
        window *= 4
        head = order[:window]
        found = head[allowed[head]]
        if found.size >= wanted or window >= order.size:
            return found[:wanted]


def best(score: Weights, kept: Mask, k: int, popularity: Weights, items: Places) -> Places:
    """Return the places of the k best kept scores, best first, ties by popularity and index."""
    places = np.flatnonzero(kept)
    reached = score[places]
    if places.size > k:
        least = np.partition(reached, places.size - k)[places.size - k]
        places = places[reached >= least]
        reached = score[places]
    named = items[places]
    ranked: Places = places[np.lexsort((named, -popularity[named], -reached))[:k]]
    return ranked


def contributors(found: Candidates, chosen: Places, width: int) -> Indices:
    """Name for each chosen item the history items whose words for it weigh most; -1 where there are fewer."""
    row = np.full(found.touched, -1, dtype=np.int32)
    row[found.at[chosen]] = np.arange(chosen.size, dtype=np.int32)
    of_word = row.take(found.near)
    hit = ((of_word >= 0) & (found.words > 0)).nonzero()[0]
    # Only the few words about chosen items are sorted: by item, then the loudest first, then in order of the history.
    about, says = of_word.take(hit), found.words.take(hit)
    rank = np.lexsort((-says, about))
    about = about[rank]
    place = np.arange(about.size) - np.searchsorted(about, np.arange(chosen.size))[about]
    first = np.flatnonzero(place < REASONS)
    named = np.full((chosen.size, REASONS), -1, dtype=np.int32)
    named[about[first], place[first]] = found.heard[hit[rank[first]] // width]
    return named
