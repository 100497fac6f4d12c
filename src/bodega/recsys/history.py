"""Take one shopper's events apart: what they took, how often and how lately, and how loudly it speaks."""

import threading
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from bodega.errors import InvalidError
from bodega.recsys.arrays import Days, Indices, Mask, Places, Weights
from bodega.recsys.decay import elapsed, faded

# A shopper's strongest so many items speak for them; a wholesaler with 100,000 events costs no more than
# this.
MOST_HEARD = 256


class History(NamedTuple):
    """What one shopper took, in any order, an entry an event.

    Shape: `items` (m,) item indices, repeats allowed; `ages_days` (m,) days ago, the future counts as
    now; `strengths` (m,) or None for 1 each: how much the event says, 0 nothing, negative "less like
    this" (a low rating). Items the model does not know (index >= n_items, as for products younger than
    the model) are passed over.
    """

    items: ArrayLike
    ages_days: ArrayLike
    strengths: ArrayLike | None = None


NO_HISTORY = History((), ())


class Past(NamedTuple):
    """A history with each item once.

    Shape: all (d,): `items`, `counts` (events that liked it), `recency` (sum of the decayed strengths, >= 0)
    for the shopper's own past, and `voice` (decayed strength of the latest event, may be negative) for
    the item table.
    """

    items: Indices
    counts: Weights
    recency: Weights
    voice: Weights

    def loudest(self) -> "Past":
        """Return the MOST_HEARD items that say most."""
        if self.items.size <= MOST_HEARD:
            return self
        kept = np.argpartition(-np.abs(self.voice), MOST_HEARD)[:MOST_HEARD]
        return Past(self.items[kept], self.counts[kept], self.recency[kept], self.voice[kept])


class Slots:
    """Give equal items one common place in an array, in time that does not depend on the size of the catalogue.

    Each thread keeps one scratch array of n_items + 1 places, the extra one for the padding -1. What it
    held before does not matter: places are always written before they are read.
    """

    def __init__(self, n_items: int) -> None:
        self._n_items = n_items
        self._local = threading.local()

    def of(self, items: Places) -> Places:
        """Return for each entry the place of the last entry with the same item."""
        last: Places | None = getattr(self._local, "last", None)
        if last is None:
            last = self._local.last = np.zeros(self._n_items + 1, dtype=np.intp)
        last[items] = self.places(items.size)
        return last.take(items)

    def unmarked(self, items: Indices | Places, marks: Indices) -> Mask:
        """Return which of the items are none of the marks, of which there is at least one; they need not be items."""
        free: Mask | None = getattr(self._local, "free", None)
        if free is None:
            free = self._local.free = np.ones(self._n_items, dtype=np.bool_)
        # Seen without a sign, a negative number is a large one.
        unsigned = marks.view(np.uint32)
        if int(unsigned.take(unsigned.argmax())) >= self._n_items:
            marks = marks[(marks >= 0) & (marks < self._n_items)]
        free[marks] = False
        found = free.take(items)
        free[marks] = True
        return found

    def places(self, size: int) -> Places:
        """Return 0, 1, ... size - 1; counting them out anew would be a tenth of a list's time."""
        places: Places | None = getattr(self._local, "places", None)
        if places is None or places.size < size:
            places = self._local.places = np.arange(max(size, 4096) * 2, dtype=np.intp)
        return places[:size]


class HalfLives(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is forgotten, and how fast; 0 means never."""

    own_days: float = 120.0
    table_days: float = 90.0

    def __post_init__(self) -> None:
        if not (0 <= self.own_days < np.inf and 0 <= self.table_days < np.inf):
            raise InvalidError("a half-life must be a number of days >= 0")


def summarise(history: History, slots: Slots, half_lives: HalfLives, *, n_items: int) -> Past:
    """Check a history and put its events together by item; raises InvalidError for what is no history."""
    items = np.asarray(history.items, dtype=np.int32).ravel()
    ages = np.asarray(history.ages_days, dtype=np.float64).ravel()
    strengths = None if history.strengths is None else np.asarray(history.strengths, dtype=np.float32).ravel()
    _check(items, ages, strengths)
    # Seen without a sign, a negative number is a large one.
    unsigned = items.view(np.uint32)
    if items.size and int(unsigned.take(unsigned.argmax())) >= n_items:
        if (items < 0).any():
            raise InvalidError("a history names a negative item")
        known = items < n_items
        items, ages = items[known], ages[known]
        strengths = None if strengths is None else strengths[known]
    return _summed(items, ages, strengths, slots, half_lives)


def _summed(items: Indices, ages: Days, strengths: Weights | None, slots: Slots, half_lives: HalfLives) -> Past:
    slot = slots.of(items.astype(np.intp))
    first = slot == slots.places(items.size)
    since = elapsed(ages)
    own, voice = faded(since, half_lives.own_days), faded(since, half_lives.table_days)
    liked: Mask | None = None
    if strengths is not None:
        own, voice, liked = own * np.maximum(strengths, 0), voice * strengths, strengths > 0
    if np.count_nonzero(first) == items.size:
        counts = np.ones(items.size, np.float32) if liked is None else liked.astype(np.float32)
        return Past(items, counts, own, voice)
    at = first.nonzero()[0]
    recency = np.bincount(slot, own, items.size).take(at).astype(np.float32)
    counts = np.bincount(slot, liked, items.size).take(at).astype(np.float32)
    # The table hears each item once, at its loudest: ten purchases do not bring its neighbours ten times
    # nearer.
    loudest = np.full(items.size, -np.inf, np.float32)
    np.maximum.at(loudest, slot, voice)
    return Past(items.take(at), counts, recency, loudest.take(at))


def _check(items: Indices, ages: Days, strengths: Weights | None) -> None:
    if items.size != ages.size or (strengths is not None and strengths.size != items.size):
        raise InvalidError("a history needs an age, and if any a strength, for every item")
    if not (_all_finite(ages) and (strengths is None or _all_finite(strengths))):
        raise InvalidError("a history has an age or a strength that is no finite number")


def _all_finite(values: Days | Weights) -> bool:
    # Counting is a fifth of what `all` costs on short arrays; this is asked for every list.
    return int(np.count_nonzero(np.isfinite(values))) == values.size
