"""Serve lists from a trained model with numpy alone: an item table, popularity and a blend."""

import threading
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Mask, Weights
from bodega.recsys.decay import decay

Repeat = Literal["include", "exclude"]

# Where the larger part of an item's score comes from; the values of `Ranked.sources`.
FROM_BEHAVIOUR, FROM_OWN_PAST, FROM_POPULARITY = 0, 1, 2

# The contributors named per item: enough for "because you bought X and Y".
REASONS = 3
# A shopper's strongest so many items speak for them; a wholesaler with 100,000 events costs no more than
# this.
MOST_HISTORY = 256
# Popularity always has a grain of weight, so that items nothing else speaks for come in the order of
# popularity.
GRAIN = 1e-6


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of the three parts of a list, each scaled to its largest value, and what each forgets.

    A half-life of 0 means that nothing is forgotten. `own_power` bends how often into how much: 1 counts
    every purchase alike, towards 0 only the first counts.
    """

    own: float = 1.0
    table: float = 1.0
    popular: float = 0.1
    own_half_life_days: float = 90.0
    table_half_life_days: float = 60.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InvalidError(f"{name} of a mix is {value}; it must be a number >= 0")


class History(NamedTuple):
    """What one shopper took, oldest or newest first alike, an entry an event.

    Shape: `items` (m,) item indices, repeats allowed; `ages_days` (m,) days ago; `strengths` (m,) or None
    for 1 each: how much the event says, 0 nothing, negative "less of this" (a low rating). Items the
    model does not know (index >= n_items, as for products younger than the model) are passed over.
    """

    items: ArrayLike
    ages_days: ArrayLike
    strengths: ArrayLike | None = None


NO_HISTORY = History((), ())


class Ranked(NamedTuple):
    """One list, best first.

    Shape: `items` (m,) int32 with m = min(k, items allowed); `scores` (m,) float32, descending;
    `contributors` (m, REASONS) int32, the history items that added most to each item, -1 where there are
    fewer; `sources` (m,) int8, the part that gave most: FROM_BEHAVIOUR, FROM_OWN_PAST or FROM_POPULARITY.
    """

    items: Indices
    scores: Weights
    contributors: Indices
    sources: NDArray[np.int8]


class ItemTable:
    """A trained model as it is served: immutable, shared by threads, its arrays perhaps memory-mapped.

    Shape: `neighbours` (n_items, width) int32, -1 padded, and `weights` of the same shape, float32: row h
    holds what a purchase of h says about other items. `popularity` (n_items,) float32 >= 0;
    `popular_order` (n_items,) int32, most popular first. `habit` (n_items,) float32 scales the shopper's
    own past: how readily an item is bought again.

    >>> table = ItemTable.of(np.array([[1], [0], [-1]]), np.ones((3, 1)), np.array([1.0, 1.0, 5.0]))
    >>> table.recommend(History([0], [3.0]), k=2, repeat="exclude").items
    array([1, 2], dtype=int32)
    """

    def __init__(
        self,
        *,
        neighbours: Indices,
        weights: Weights,
        popularity: Weights,
        popular_order: Indices,
        habit: Weights,
        mixes: Mapping[Repeat, Mix],
    ) -> None:
        self.neighbours, self.weights = neighbours, weights
        self.popularity, self.popular_order, self.habit = popularity, popular_order, habit
        self.mixes = dict(mixes)
        self.n_items, self.width = neighbours.shape
        self._top_popularity = max(float(popularity[popular_order[0]]), GRAIN) if self.n_items else 1.0
        self._local = threading.local()

    @classmethod
    def of(
        cls,
        neighbours: ArrayLike,
        weights: ArrayLike,
        popularity: ArrayLike,
        *,
        habit: ArrayLike | None = None,
        mixes: Mapping[Repeat, Mix] | None = None,
    ) -> Self:
        """Check the arrays and put them in order; raises InvalidError for what does not fit."""
        near = np.ascontiguousarray(neighbours, dtype=np.int32)
        popular = np.ascontiguousarray(popularity, dtype=np.float32)
        rank = np.lexsort((np.arange(popular.size), -popular)).astype(np.int32)
        arrays = {
            "neighbours": near,
            "weights": np.ascontiguousarray(weights, dtype=np.float32),
            "popularity": popular,
            "popular_order": rank,
            "habit": np.ones(popular.size, np.float32) if habit is None else np.asarray(habit, np.float32),
        }
        return cls.from_arrays(arrays, mixes or {"include": Mix(), "exclude": Mix()})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, each to be saved as one .npy file; the mixes go beside them."""
        return {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], mixes: Mapping[Repeat, Mix]) -> Self:
        """Build from `to_arrays`, memory-mapped or not; raises InvalidError for any other arrays.

        Every value is looked at once (a pass over the arrays), so that serving need not check.
        """
        fault = _fault(arrays)
        if fault:
            raise InvalidError(f"these arrays are no item table: {fault}")
        if set(mixes) != {"include", "exclude"}:
            raise InvalidError("an item table needs a mix for 'include' and one for 'exclude'")
        return cls(
            neighbours=arrays["neighbours"],
            weights=arrays["weights"],
            popularity=arrays["popularity"],
            popular_order=arrays["popular_order"],
            habit=arrays["habit"],
            mixes=mixes,
        )

    def recommend(
        self,
        history: History = NO_HISTORY,
        *,
        k: int = 20,
        repeat: Repeat = "include",
        allowed: Mask | None = None,
        exclude: ArrayLike = (),
        mix: Mix | None = None,
        reasons: bool = True,
    ) -> Ranked:
        """Rank the items for one shopper; the list is short only when fewer than k items are allowed.

        `allowed` (n_items,) bool keeps items (stock, category, price) and `exclude` is a short array of
        item indices (in the cart, blocked); both act before the list is cut. With `repeat` "exclude" the
        history's items are left out too. Ties go to the more popular item, then to the lower index.
        Without `reasons` contributors are all -1.

        Raises InvalidError for k < 1, arrays of different lengths, negative items, or ages that are no
        numbers.
        """
        parts = mix or self.mixes[repeat]
        if k < 1:
            raise InvalidError(f"k is {k}; a list has at least one place")
        past = self._past(history, parts)
        barred = np.asarray(exclude, dtype=np.int32).ravel()
        if repeat == "exclude":
            barred = np.concatenate((barred, past.items))
        heard = past.strongest()
        near = self.neighbours[heard.items].ravel()
        says = (self.weights[heard.items] * heard.recent[:, None]).ravel()
        popular = self._popular(k + barred.size, allowed)
        touched = np.concatenate((near, past.items, popular))
        slot = self._slots(touched)
        behaviour = np.bincount(slot[: near.size], says, touched.size)
        own = np.zeros(touched.size)
        own[slot[near.size : near.size + past.items.size]] = past.own
        chosen, score, scaled = self._best(k, touched, slot, (behaviour, own), parts, allowed, barred)
        items = touched[chosen]
        sources = scaled[:, chosen].argmax(axis=0).astype(np.int8)
        contributors = np.full((items.size, REASONS), -1, dtype=np.int32)
        if reasons and heard.items.size:
            self._name_contributors(contributors, chosen, slot[: near.size], says, heard.items)
            contributors[sources == FROM_OWN_PAST, 1:] = -1
            contributors[sources == FROM_OWN_PAST, 0] = items[sources == FROM_OWN_PAST]
        return Ranked(items, score[chosen].astype(np.float32), contributors, sources)

    def similar(self, item: int, *, k: int = 20, allowed: Mask | None = None) -> tuple[Indices, Weights]:
        """Return up to k neighbours of an item and their weights, best first; nothing for an unknown item."""
        if not 0 <= item < self.n_items:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        near, says = self.neighbours[item], self.weights[item]
        kept = (near >= 0) & (says > 0) & (near != item)
        if allowed is not None:
            kept &= allowed[near]
        near, says = near[kept], says[kept]
        rank = np.lexsort((near, -says))[:k]
        return near[rank], says[rank]

    def _past(self, history: History, parts: Mix) -> "_Past":
        items = np.asarray(history.items, dtype=np.int32).ravel()
        ages = np.asarray(history.ages_days, dtype=np.float64).ravel()
        if items.size != ages.size:
            raise InvalidError(f"a history has {items.size} items but {ages.size} ages")
        if not items.size:
            return _Past(items, np.empty(0, np.float64), np.empty(0, np.float32))
        if not np.isfinite(ages).all() or int(items.min()) < 0:
            raise InvalidError("a history has an age that is no number, or a negative item")
        strengths: Any = 1.0
        if history.strengths is not None:
            strengths = np.asarray(history.strengths, dtype=np.float32).ravel()
            if strengths.size != items.size or not np.isfinite(strengths).all():
                raise InvalidError("the strengths of a history must be numbers, one an event")
        known = items < self.n_items
        if not known.all():
            items, ages = items[known], ages[known]
            strengths = strengths[known] if history.strengths is not None else strengths
        slot = self._slots(items)
        first = slot == np.arange(items.size)
        own = np.bincount(slot, decay(ages, parts.own_half_life_days) * strengths, items.size)[first]
        # The table hears each item once, at its latest: buying ten times does not make the neighbours ten
        # times nearer.
        recent = np.full(items.size, -np.inf, np.float32)
        np.maximum.at(recent, slot, decay(ages, parts.table_half_life_days) * strengths)
        distinct = items[first]
        return _Past(distinct, own * self.habit[distinct], recent[first])

    def _slots(self, touched: Indices) -> NDArray[np.int64]:
        """Give equal items one common place in `touched`, in time that does not depend on the catalogue."""
        last: NDArray[np.int64] | None = getattr(self._local, "last", None)
        if last is None:
            last = self._local.last = np.zeros(self.n_items + 1, dtype=np.int64)  # the extra cell is for -1
        last[touched] = np.arange(touched.size)
        return last[touched]

    def _popular(self, wanted: int, allowed: Mask | None) -> Indices:
        """Return the `wanted` most popular allowed items: enough that none left out could make the list."""
        if allowed is None:
            return self.popular_order[:wanted]
        window = wanted
        while True:
            window = window * 4
            head = self.popular_order[:window]
            found = head[allowed[head]]
            if found.size >= wanted or window >= self.n_items:
                return found[:wanted]

    def _best(
        self,
        k: int,
        touched: Indices,
        slot: NDArray[np.int64],
        behaviour_and_own: tuple[NDArray[Any], NDArray[Any]],
        parts: Mix,
        allowed: Mask | None,
        barred: Indices,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        behaviour, own = behaviour_and_own
        scaled = np.empty((3, touched.size))
        np.multiply(behaviour, parts.table / max(float(behaviour.max(initial=0)), GRAIN), out=scaled[0])
        np.multiply(own, parts.own / max(float(own.max(initial=0)), GRAIN), out=scaled[1])
        popular = max(parts.popular, GRAIN) / self._top_popularity
        np.multiply(self.popularity[touched], popular, out=scaled[2])
        score = scaled.sum(axis=0)
        kept = slot == np.arange(touched.size)
        kept &= touched >= 0
        if allowed is not None:
            kept &= allowed[touched]
        if barred.size:
            kept &= ~self._barred(touched, barred)
        places = np.flatnonzero(kept)
        best = score[places]
        if places.size > k:
            least = np.partition(best, places.size - k)[places.size - k]
            places = places[best >= least]
            best = score[places]
        items = touched[places]
        rank = np.lexsort((items, -self.popularity[items], -best))[:k]
        return places[rank], score, scaled

    def _barred(self, touched: Indices, barred: Indices) -> Mask:
        flags = np.zeros(self.n_items + 1, dtype=np.bool_)
        flags[barred[(barred >= 0) & (barred < self.n_items)]] = True
        return flags[touched]

    def _name_contributors(
        self,
        contributors: Indices,
        chosen: NDArray[np.int64],
        slot: NDArray[np.int64],
        says: Weights,
        heard: Indices,
    ) -> None:
        place = np.full(max(int(slot.max(initial=0)), int(chosen.max(initial=0))) + 1, -1)
        place[chosen] = np.arange(chosen.size)
        row = place[slot]
        hits = np.flatnonzero(row >= 0)
        share = np.zeros((chosen.size, heard.size), dtype=np.float32)
        share[row[hits], hits // self.width] = says[hits]
        named = min(REASONS, heard.size)
        best = np.argpartition(-share, named - 1, axis=1)[:, :named] if heard.size > named else None
        if best is None:
            best = np.broadcast_to(np.arange(named), (chosen.size, named))
        strength = np.take_along_axis(share, best, axis=1)
        rank = np.argsort(-strength, axis=1, kind="stable")
        best, strength = np.take_along_axis(best, rank, axis=1), np.take_along_axis(strength, rank, axis=1)
        contributors[:, :named] = np.where(strength > 0, heard[best], -1)


class _Past(NamedTuple):
    """A history with each item once: its own-past score, and how loudly it speaks to the table."""

    items: Indices
    own: NDArray[np.float64]
    recent: Weights

    def strongest(self) -> "_Past":
        if self.items.size <= MOST_HISTORY:
            return self
        kept = np.argpartition(-np.abs(self.recent), MOST_HISTORY)[:MOST_HISTORY]
        return _Past(self.items[kept], self.own[kept], self.recent[kept])


FINITE = ("weights", "popularity", "habit")
# Name, type and dimensions of each array.
ARRAYS: Mapping[str, tuple[type, int]] = {
    "neighbours": (np.int32, 2),
    "weights": (np.float32, 2),
    "popularity": (np.float32, 1),
    "popular_order": (np.int32, 1),
    "habit": (np.float32, 1),
}


def _fault(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Say what is wrong with the arrays of a table; nothing when they are sound."""
    for name, (kind, dimensions) in ARRAYS.items():
        if name not in arrays:
            return f"{name} is missing"
        if arrays[name].dtype != kind or arrays[name].ndim != dimensions:
            return f"{name} is {arrays[name].dtype} with {arrays[name].ndim} dimensions"
    n_items = arrays["popularity"].size
    near, order = arrays["neighbours"], arrays["popular_order"]
    unsound = {
        "the arrays are about different numbers of items": near.shape != arrays["weights"].shape
        or any(arrays[name].shape[0] != n_items for name in ARRAYS),
        "a neighbour is out of range": near.size and not -1 <= int(near.min()) <= int(near.max()) < n_items,
        "popular_order is no order of the items": not np.array_equal(np.sort(order), np.arange(n_items)),
        "a number is NaN or infinite": not all(np.isfinite(arrays[name]).all() for name in FINITE),
    }
    return next((what for what, wrong in unsound.items() if wrong), "")
