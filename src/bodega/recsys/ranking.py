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


def best(score: Weights, kept: Places, k: int, popularity: Weights, items: Places) -> Places:
    """Return the k best of the `kept` places by score, best first, ties by popularity and index."""
    reached = score.take(kept)
    if kept.size > k:
        least = np.partition(reached, kept.size - k)[kept.size - k]
        kept = kept[reached >= least]
        reached = score.take(kept)
    named = items.take(kept)
    return kept.take(np.lexsort((named, -popularity.take(named), -reached))[:k])


def contributors(found: Candidates, chosen: Places, width: int) -> Indices:
    """Name for each chosen item the history items whose words for it weigh most; -1 where there are fewer."""
    places = np.arange(chosen.size)
    row = np.empty(found.touched, dtype=np.intp)
    row.fill(-1)
    row[found.at.take(chosen)] = places
    about = row.take(found.near)
    hit = (about >= 0).nonzero()[0]
    # Who says how much of each chosen item; the loudest is taken out as often as there are names to give.
    said = np.zeros((chosen.size, found.heard.size), dtype=np.float32)
    said[about.take(hit), hit // width] = found.words.take(hit)
    named = np.empty((chosen.size, REASONS), dtype=np.int32)
    for reason in range(REASONS):
        loudest = said.argmax(axis=1)
        named[:, reason] = np.where(said[places, loudest] > 0, found.heard.take(loudest), -1)
        said[places, loudest] = 0
    return named
