"""Pick the best of many scored items and say who spoke for them: the inner loops of serving."""

from typing import NamedTuple

import numpy as np

from bodega.recsys.arrays import Indices, Mask, Places, Weights

# The contributors named per item: enough for "because you bought X and Y".
REASONS = 3
# The table's smallest voice that counts: parts are ln(1 + value / QUIET), so that 0 adds nothing and 1
# about 4.
QUIET = np.float32(0.02)
# How what was said is packed into one number: item, the complement of its loudness, speaker; see `contributors`.
_SPEAKER_BITS = 8
_ITEM_SHIFT = _SPEAKER_BITS + 31
_SILENCE = np.int64(2**31 - 1) << _SPEAKER_BITS
_SPEAKER = 2**_SPEAKER_BITS - 1
_END = np.iinfo(np.int64).max
_FIRST = np.arange(REASONS)


class Candidates(NamedTuple):
    """The items a shopper's past speaks of, with what it says and who said it.

    Shape: `items` (c,) and `said` (c,), ln1 of the table's part; `own_at` (d,) places of the shopper's
    own items among them, `times` and `recency` (d,) their logarithms; `heard` (h,) the items that spoke,
    `words` (h * width,) their weights, and `near` (h * width,) for each the number in `at` (c,) of the
    item it was about. `disliked` tells whether any of the shopper's own items was never liked.
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
    disliked: bool


def ln1(values: Weights) -> Weights:
    """Return sign(x) ln(1 + |x| / QUIET)."""
    logs: Weights = np.copysign(ln1_of_positive(np.abs(values)), values)
    return logs


def ln1_of_positive(values: Weights) -> Weights:
    """Return the same of values >= 0, in half the steps."""
    logs: Weights = values / QUIET
    logs += 1
    return np.log(logs, out=logs)


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
    """Return the places of the k best kept items by score, best first, ties by popularity and index."""
    places = kept.nonzero()[0]
    reached = score.take(places)
    if places.size > k:
        among = (reached >= np.partition(reached, places.size - k)[places.size - k]).nonzero()[0]
        places, reached = places.take(among), reached.take(among)
    named = items.take(places)
    return places.take(np.lexsort((named, -popularity.take(named), -reached))[:k])


def contributors(found: Candidates, chosen: Places, width: int) -> Indices:
    """Name for each chosen item the history items whose words for it weigh most; -1 where there are fewer."""
    places = np.arange(chosen.size)
    row = np.empty(found.touched, dtype=np.intp)
    row.fill(-1)
    row[found.at.take(chosen)] = places
    about = row.take(found.near)
    hit = (about >= 0).nonzero()[0]
    # One sort of whole numbers orders what is said of all items: item, then the loudest first (floats >= 0 order as
    # their bits do), then who said it. Whoever is heard has a number below MOST_HEARD.
    first = places << _ITEM_SHIFT
    silent = first + _SILENCE
    said = np.empty(hit.size + 1, dtype=np.int64)
    said[-1] = _END
    loudness = np.maximum(found.words.take(hit), 0).view(np.int32).astype(np.int64) << _SPEAKER_BITS
    np.subtract(silent.take(about.take(hit)), loudness, out=said[:-1])
    said[:-1] += hit // width
    said.sort()
    loudest = said.take(said.searchsorted(first)[:, None] + _FIRST, mode="clip")
    # What lies behind an item's words is silence about it, or said of the next.
    return np.where(loudest < silent[:, None], found.heard.take(loudest & _SPEAKER, mode="clip"), -1)
