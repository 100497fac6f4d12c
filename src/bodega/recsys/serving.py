"""Serve lists from a trained model with numpy alone: an item table, two leanings, and the weights of a blend."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Mask, Weights
from bodega.recsys.history import NO_HISTORY, HalfLives, History, Past, Slots, summarise

Repeat = Literal["include", "exclude"]

# Where an item's place comes from; the values of `Ranked.sources`.
FROM_BEHAVIOUR, FROM_OWN_PAST, FROM_POPULARITY = 0, 1, 2

# The contributors named per item: enough for "because you bought X and Y".
REASONS = 3
# The table's smallest voice that counts: parts are ln(1 + value / QUIET), so that 0 adds nothing and 1
# about 4.
QUIET = np.float32(0.02)


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weights of a log-linear blend, learnt as a logistic regression; see `ItemTable` for the formula."""

    table: float = 0.85
    own: float = 0.6
    own_table: float = -0.6
    own_count: float = 1.0
    own_recency: float = 0.1
    intercept: float = 0.0
    half_lives: HalfLives = HalfLives()

    def __post_init__(self) -> None:
        weights = (self.table, self.own, self.own_table, self.own_count, self.own_recency, self.intercept)
        if not np.isfinite(weights).all():
            raise InvalidError("a weight of a mix is no finite number")


class Ranked(NamedTuple):
    """One list, best first.

    Shape: `items` (m,) int32 with m = min(k, items allowed); `scores` (m,) float32, descending, in [0,
    1]: the chance by the logistic model, comparable within a list; `contributors` (m, REASONS) int32, the
    history items that added most to each item, -1 where there are fewer; `sources` (m,) int8:
    FROM_BEHAVIOUR, FROM_OWN_PAST, FROM_POPULARITY.
    """

    items: Indices
    scores: Weights
    contributors: Indices
    sources: NDArray[np.int8]


class Candidates(NamedTuple):
    """The items a shopper's past speaks of, with what it says and who said it.

    Shape: `items` (c,) and `said` (c,), ln1 of the table's part; `own_at` (d,) places of the shopper's
    own items among them, `times` and `recency` (d,) their logarithms; `heard` (h,) the items that spoke,
    `words` (h * width,) their weights, and `near` (h * width,) for each the number in `at` (c,) of the
    item it was about.
    """

    items: Indices
    said: Weights
    at: NDArray[np.int64]
    own_at: NDArray[np.int64]
    times: Weights
    recency: Weights
    near: NDArray[np.int64]
    words: Weights
    heard: Indices


class ItemTable:
    """A trained model as it is served: immutable, shared by threads, its arrays perhaps memory-mapped.

    Shape: `neighbours` (n_items, width) int32, -1 padded, and `weights` of the same shape, float32: row h
    holds what taking h says about other items. `popularity` (n_items,) float32 >= 0 ranks for strangers.
    `lean_include` and `lean_exclude` (n_items,) float32: what an item is worth by itself, when bought
    items are allowed and when not; `habit` (n_items,) float32: how readily it is bought again.

    With t[i] = sum over the history h of voice[h] * weights[h, i], divided by its largest value, and
    ln1(x) = sign(x) ln(1 + |x| / 0.02), an item's score is

        lean[i] + table ln1(t[i]) + if bought before: own + habit[i] + own_table ln1(t[i]) + own_count
        ln(count) + own_recency ln1(recency)

    which is the logarithm of a product: popularity, affinity and habit each scale the others, as odds do.

    >>> table = ItemTable.of(np.array([[1], [0], [-1]]), np.ones((3, 1)), np.array([1.0, 1.0, 5.0]))
    >>> table.recommend(History([0], [3.0]), k=2, repeat="exclude").items
    array([1, 2], dtype=int32)
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], mixes: Mapping[Repeat, Mix]) -> None:
        self.neighbours: Indices = arrays["neighbours"]
        self.weights: Weights = arrays["weights"]
        self.popularity: Weights = arrays["popularity"]
        self.habit: Weights = arrays["habit"]
        self.leans: dict[Repeat, Weights] = {
            "include": arrays["lean_include"],
            "exclude": arrays["lean_exclude"],
        }
        self.mixes = dict(mixes)
        self.n_items, self.width = self.neighbours.shape
        self._popular = _descending(self.popularity, self.popularity)
        self._leaning = {repeat: _descending(lean, self.popularity) for repeat, lean in self.leans.items()}
        self._slots = Slots(self.n_items)

    @classmethod
    def of(
        cls,
        neighbours: ArrayLike,
        weights: ArrayLike,
        popularity: ArrayLike,
        *,
        leans: Mapping[Repeat, ArrayLike] | None = None,
        habit: ArrayLike | None = None,
        mixes: Mapping[Repeat, Mix] | None = None,
    ) -> Self:
        """Bring arrays into form and check them; by default popularity leans just enough to break ties."""
        popular = np.ascontiguousarray(popularity, dtype=np.float32)
        grain = popular * np.float32(1e-6) / max(float(popular.max(initial=0)), 1e-6)
        leaning = leans or {"include": grain, "exclude": grain}
        arrays = {
            "neighbours": np.ascontiguousarray(neighbours, dtype=np.int32),
            "weights": np.ascontiguousarray(weights, dtype=np.float32),
            "popularity": popular,
            "lean_include": np.ascontiguousarray(leaning["include"], dtype=np.float32),
            "lean_exclude": np.ascontiguousarray(leaning["exclude"], dtype=np.float32),
            "habit": np.zeros_like(popular) if habit is None else np.ascontiguousarray(habit, dtype=np.float32),
        }
        return cls.from_arrays(arrays, mixes or {"include": Mix(), "exclude": Mix()})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, each to be saved as one .npy file; the mixes go beside them."""
        return {
            "neighbours": self.neighbours,
            "weights": self.weights,
            "popularity": self.popularity,
            "lean_include": self.leans["include"],
            "lean_exclude": self.leans["exclude"],
            "habit": self.habit,
        }

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
        return cls(arrays, mixes)

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
        Without a known history the list is by popularity. Without `reasons` contributors are all -1.

        Raises InvalidError for k < 1, a mask of another length, and for what is no history.
        """
        parts = mix or self.mixes[repeat]
        if k < 1:
            raise InvalidError(f"k is {k}; a list has at least one place")
        if allowed is not None and allowed.shape != (self.n_items,):
            raise InvalidError(f"the mask of allowed items has shape {allowed.shape}, not ({self.n_items},)")
        past = summarise(history, self._slots, parts.half_lives, n_items=self.n_items)
        barred = np.asarray(exclude, dtype=np.int32).ravel()
        if repeat == "exclude":
            barred = np.concatenate((barred, past.items))
        wanted = k + barred.size
        if not past.items.size:
            return self._strangers(k, _head(self._popular, wanted, allowed), barred)
        found = self.candidates(past, _head(self._leaning[repeat], wanted, allowed))
        lean, own = self.leans[repeat][found.items], self._own_part(found, parts)
        score = lean + np.float32(parts.table) * found.said
        score[found.own_at] += own
        kept = self._kept(found.items, allowed, barred)
        chosen = _best(score, kept, k, self.popularity, found.items)
        return self._ranked(found, chosen, score, lean, parts, reasons=reasons)

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

    def parts(self, history: History, *, k: int, repeat: Repeat) -> tuple[Indices, Weights]:
        """Return the k best items and (k, 5) what their scores are made of, to learn a mix from.

        The columns are ln1(t), and for own items, else 0: 1, ln1(t), ln(count), ln1(recency). Unordered.
        """
        parts = self.mixes[repeat]
        past = summarise(history, self._slots, parts.half_lives, n_items=self.n_items)
        barred = past.items if repeat == "exclude" else past.items[:0]
        found = self.candidates(past, self._leaning[repeat][: k + barred.size])
        columns = np.zeros((found.items.size, 5), dtype=np.float32)
        columns[:, 0] = found.said
        columns[found.own_at, 1] = 1
        columns[found.own_at, 2] = found.said[found.own_at]
        columns[found.own_at, 3] = found.times
        columns[found.own_at, 4] = found.recency
        score = self.leans[repeat][found.items] + np.float32(parts.table) * found.said
        score[found.own_at] += self._own_part(found, parts)
        chosen = _best(score, self._kept(found.items, None, barred), k, self.popularity, found.items)
        return found.items[chosen], columns[chosen]

    def candidates(self, past: Past, others: Indices) -> Candidates:
        """Return every item that the past or the table speaks of, and `others`, each once."""
        heard = past.loudest()
        spoken = self.neighbours[heard.items].ravel()
        words = (self.weights[heard.items] * heard.voice[:, None]).ravel()
        touched = np.concatenate((spoken, past.items, others))
        slot = self._slots.of(touched)
        at = np.flatnonzero((slot == np.arange(touched.size)) & (touched >= 0))
        total = np.bincount(slot[: spoken.size], words, touched.size)[at].astype(np.float32)
        own_slot = slot[spoken.size : spoken.size + past.items.size]
        return Candidates(
            items=touched[at],
            said=_ln1(total / max(float(total.max(initial=0)), 1e-12)),
            at=at,
            own_at=np.searchsorted(at, own_slot),
            times=np.log(past.counts),
            recency=_ln1(past.recency),
            near=slot[: spoken.size],
            words=words,
            heard=heard.items,
        )

    def _own_part(self, found: Candidates, parts: Mix) -> Weights:
        own: Weights = self.habit[found.items[found.own_at]] + np.float32(parts.own)
        own += np.float32(parts.own_table) * found.said[found.own_at]
        own += np.float32(parts.own_count) * found.times
        own += np.float32(parts.own_recency) * found.recency
        return own

    def _kept(self, items: Indices, allowed: Mask | None, barred: Indices) -> Mask:
        kept = np.ones(items.size, dtype=np.bool_) if allowed is None else allowed[items]
        if barred.size:
            flags = np.zeros(self.n_items, dtype=np.bool_)
            flags[barred[(barred >= 0) & (barred < self.n_items)]] = True
            kept = kept & ~flags[items]
        return kept

    def _strangers(self, k: int, popular: Indices, barred: Indices) -> Ranked:
        items = popular[self._kept(popular, None, barred)][:k]
        top = max(float(self.popularity.max(initial=0)), 1e-12)
        return Ranked(
            items,
            self.popularity[items] / np.float32(top),
            np.full((items.size, REASONS), -1, dtype=np.int32),
            np.full(items.size, FROM_POPULARITY, dtype=np.int8),
        )

    def _ranked(
        self,
        found: Candidates,
        chosen: NDArray[np.int64],
        score: Weights,
        lean: Weights,
        parts: Mix,
        *,
        reasons: bool,
    ) -> Ranked:
        items, reached = found.items[chosen], score[chosen]
        own = np.zeros(found.items.size, dtype=np.bool_)
        own[found.own_at] = True
        # An item that would be listed without anything the shopper did is there because it is popular.
        popular = (lean[chosen] >= reached.min(initial=np.inf)) | (found.said[chosen] <= 0)
        sources = np.where(popular, FROM_POPULARITY, FROM_BEHAVIOUR).astype(np.int8)
        sources[own[chosen]] = FROM_OWN_PAST
        if reasons:
            contributors = _contributors(found, chosen, self.width)
        else:
            contributors = np.full((items.size, REASONS), -1, dtype=np.int32)
        chance = 1 / (1 + np.exp(-np.clip(reached + np.float32(parts.intercept), -80, 80)))
        return Ranked(items, chance, contributors, sources)


def _ln1(values: Weights) -> Weights:
    """Return sign(x) ln(1 + |x| / QUIET)."""
    logs: Weights = np.copysign(np.log(1 + np.abs(values) / QUIET), values)
    return logs


def _descending(values: Weights, popularity: Weights) -> Indices:
    """Order items by value, ties by popularity, then by index."""
    return np.lexsort((np.arange(values.size), -popularity, -values)).astype(np.int32)


def _head(order: Indices, wanted: int, allowed: Mask | None) -> Indices:
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


def _best(score: Weights, kept: Mask, k: int, popularity: Weights, items: Indices) -> NDArray[np.int64]:
    """Return the places of the k best kept scores, best first, ties by popularity and index."""
    places = np.flatnonzero(kept)
    best = score[places]
    if places.size > k:
        least = np.partition(best, places.size - k)[places.size - k]
        places = places[best >= least]
        best = score[places]
    named = items[places]
    ranked: NDArray[np.int64] = places[np.lexsort((named, -popularity[named], -best))[:k]]
    return ranked


def _contributors(found: Candidates, chosen: NDArray[np.int64], width: int) -> Indices:
    """Name for each chosen item the history items whose words for it weigh most; -1 where there are fewer."""
    row = np.full(int(max(found.at.max(), found.near.max(initial=0))) + 1, -1)
    row[found.at[chosen]] = np.arange(chosen.size)
    hit = np.flatnonzero(row[found.near] >= 0)
    share = np.zeros((chosen.size, max(found.heard.size, REASONS)), dtype=np.float32)
    share[row[found.near[hit]], hit // width] = found.words[hit]
    best = np.argpartition(-share, REASONS - 1, axis=1)[:, :REASONS]
    weight = np.take_along_axis(share, best, axis=1)
    rank = np.argsort(-weight, axis=1, kind="stable")
    best, weight = np.take_along_axis(best, rank, axis=1), np.take_along_axis(weight, rank, axis=1)
    heard = np.concatenate((found.heard, np.full(REASONS, -1, np.int32)))
    return np.where(weight > 0, heard[best], -1).astype(np.int32)


FINITE = ("weights", "popularity", "lean_include", "lean_exclude", "habit")
# Name, type and dimensions of each array.
ARRAYS: Mapping[str, tuple[type, int]] = {
    "neighbours": (np.int32, 2),
    "weights": (np.float32, 2),
    "popularity": (np.float32, 1),
    "lean_include": (np.float32, 1),
    "lean_exclude": (np.float32, 1),
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
    near = arrays["neighbours"]
    if near.shape != arrays["weights"].shape or any(arrays[name].shape[0] != n_items for name in ARRAYS):
        return "the arrays are about different numbers of items"
    if near.size and not -1 <= int(near.min()) <= int(near.max()) < n_items:
        return "a neighbour is out of range"
    if not all(np.isfinite(arrays[name]).all() for name in FINITE):
        return "a number is NaN or infinite"
    return ""
