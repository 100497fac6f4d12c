"""Serve lists from a trained model with numpy alone: an item table, two leanings, and the weights of a blend."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Mask, Places, Weights
from bodega.recsys.history import NO_HISTORY, HalfLives, History, Past, Slots, summarise
from bodega.recsys.ranking import REASONS, Candidates, best, contributors, descending, head, ln1, ln1_of_positive
from bodega.recsys.table_arrays import ARRAYS, fault_in

__all__ = [
    "ARRAYS",
    "FROM_BEHAVIOUR",
    "FROM_OWN_PAST",
    "FROM_POPULARITY",
    "NO_HISTORY",
    "REASONS",
    "Candidates",
    "HalfLives",
    "History",
    "ItemTable",
    "Mix",
    "Ranked",
    "Repeat",
]

Repeat = Literal["include", "exclude"]

# The rows of `popularity` and `popular_order`: what an item is worth by itself to a stranger, and to a
# shopper with a history when bought items are allowed and when not.
TO_STRANGERS, TO_INCLUDE, TO_EXCLUDE = 0, 1, 2
# What an item scores by itself that the shopper took and only ever found bad.
DISLIKED = np.float32(-20)
# Logarithm of the odds against an item, from which on its chance is none: beyond, float32 ends.
HOPELESS = np.float32(80)
# What rows of neighbours are filled up with.
_PADDING = np.array([-1])
_ROW: dict[Repeat, int] = {"include": TO_INCLUDE, "exclude": TO_EXCLUDE}

# Where an item's place comes from; the values of `Ranked.sources`.
FROM_BEHAVIOUR, FROM_OWN_PAST, FROM_POPULARITY = 0, 1, 2


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weights of a log-linear blend, learnt from what was taken of whole lists; see `ItemTable` for the formula."""

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
    1]: the chance that it is taken, comparable within a list; `contributors` (m, REASONS) int32, the
    history items that added most to each item, -1 where there are fewer; `sources` (m,) int8:
    FROM_BEHAVIOUR, FROM_OWN_PAST, FROM_POPULARITY.
    """

    items: Indices
    scores: Weights
    contributors: Indices
    sources: NDArray[np.int8]


class ItemTable:
    """A trained model as it is served: immutable, shared by threads, its arrays perhaps memory-mapped.

    Shape: `neighbours` (n_items, width) int32, -1 padded, and `weights` of the same shape, float32: row h
    holds what taking h says about other items. `popularity` (3, n_items) float32: what an item is worth
    by itself, to a stranger and as lean[i] below, when bought items are allowed and when not;
    `popular_order` (3, n_items) int32 orders the items by each. `habit` (n_items,) float32: how readily
    an item is bought again.

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
        self.popular_order: Indices = arrays["popular_order"]
        self.habit: Weights = arrays["habit"]
        self.mixes = dict(mixes)
        self.n_items, self.width = self.neighbours.shape
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
        worth = np.stack([popular, leaning["include"], leaning["exclude"]]).astype(np.float32)
        arrays = {
            "neighbours": np.ascontiguousarray(neighbours, dtype=np.int32),
            "weights": np.ascontiguousarray(weights, dtype=np.float32),
            "popularity": worth,
            "popular_order": np.stack([descending(row, popular) for row in worth]),
            "habit": np.zeros_like(popular) if habit is None else np.ascontiguousarray(habit, dtype=np.float32),
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
        fault = fault_in(arrays)
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
        shown: int | None = None,
    ) -> Ranked:
        """Rank the items for one shopper; the list is short only when fewer than k items are allowed.

        `allowed` (n_items,) bool keeps items (stock, category, price) and `exclude` is a short array of
        item indices (in the cart, blocked); both act before the list is cut. With `repeat` "exclude" the
        history's items are left out too. Ties go to the more popular item, then to the lower index.
        Without a known history the list is by popularity. Without `reasons` contributors are all -1. If only the first
        `shown` of k will be seen, `sources` say what put an item among those.

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
            return self._strangers(k, head(self.popular_order[TO_STRANGERS], wanted, allowed), barred)
        row = _ROW[repeat]
        found = self.candidates(past, head(self.popular_order[row], wanted, allowed))
        lean = self.popularity[row].take(found.items)
        score = self._scored(found, lean, parts)
        kept = self._kept(found.items, allowed, barred)
        chosen = best(score, kept, k, self.popularity[TO_STRANGERS], found.items)
        return self._ranked(found, chosen, score, lean, parts, shown=shown or k, reasons=reasons)

    def heard(self, history: History, *, repeat: Repeat) -> Past:
        """Return the items of a history that speak loudest, each once, with their voices; as `recommend` hears them."""
        half_lives = self.mixes[repeat].half_lives
        return summarise(history, self._slots, half_lives, n_items=self.n_items).loudest()

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
        found = self.candidates(past, self.popular_order[_ROW[repeat], : k + barred.size])
        columns = np.zeros((found.items.size, 5), dtype=np.float32)
        columns[:, 0] = found.said
        columns[found.own_at, 1] = 1
        columns[found.own_at, 2] = found.said[found.own_at]
        columns[found.own_at, 3] = found.times
        columns[found.own_at, 4] = found.recency
        score = self._scored(found, self.popularity[_ROW[repeat]].take(found.items), parts)
        kept = self._kept(found.items, None, barred)
        chosen = best(score, kept, k, self.popularity[TO_STRANGERS], found.items)
        return found.items[chosen].astype(np.int32), columns[chosen]

    def candidates(self, past: Past, others: Indices) -> Candidates:
        """Return every item that the past or the table speaks of, and `others`, each once."""
        heard = past.loudest()
        spoken = self.neighbours.take(heard.items, axis=0).ravel()
        words = self.weights.take(heard.items, axis=0)
        words *= heard.voice[:, None]
        touched = np.concatenate((spoken, past.items, others, _PADDING), dtype=np.intp)
        slot = self._slots.of(touched)
        # Each item once: where its last entry stands. The padding is an item of its own, whose last entry is ours.
        at = (slot[:-1] == self._slots.places(touched.size - 1)).nonzero()[0]
        items = touched.take(at)
        near = slot[: spoken.size]
        total = np.bincount(near, words.ravel(), touched.size).take(at).astype(np.float32)
        if total.size:
            total /= np.float32(max(float(total[total.argmax()]), 1e-12))
        negative = past.voice.size > 0 and float(past.voice[past.voice.argmin()]) < 0
        disliked = past.counts.size > 0 and float(past.counts[past.counts.argmin()]) < 1
        own_slot = slot[spoken.size : spoken.size + past.items.size]
        return Candidates(
            items=items,
            said=ln1(total) if negative else ln1_of_positive(total),
            at=at,
            own_at=at.searchsorted(own_slot),
            times=np.log(np.maximum(past.counts, np.float32(0.5)) if disliked else past.counts),
            recency=ln1_of_positive(past.recency),
            disliked=disliked,
            near=near,
            words=words.ravel(),
            heard=heard.items,
            touched=touched.size,
        )

    def _scored(self, found: Candidates, lean: Weights, parts: Mix) -> Weights:
        score: Weights = np.float32(parts.table) * found.said
        score += lean
        said = found.said.take(found.own_at)
        own = self.habit.take(found.items.take(found.own_at))
        own += np.float32(parts.own) + np.float32(parts.own_table) * said
        own += np.float32(parts.own_count) * found.times
        own += np.float32(parts.own_recency) * found.recency
        if found.disliked:
            own[found.times < 0] = DISLIKED
        score[found.own_at] += own
        return score

    def _kept(self, items: Indices | Places, allowed: Mask | None, barred: Indices) -> Mask:
        kept = np.ones(items.size, dtype=np.bool_) if allowed is None else allowed.take(items)
        if barred.size:
            kept &= self._slots.unmarked(items, barred)
        return kept

    def _strangers(self, k: int, popular: Indices, barred: Indices) -> Ranked:
        items = popular[self._kept(popular, None, barred)][:k]
        popular_now = self.popularity[TO_STRANGERS]
        top = max(float(popular_now[items[:1]].max(initial=0)), 1e-12)
        return Ranked(
            items,
            popular_now[items] / np.float32(top),
            np.full((items.size, REASONS), -1, dtype=np.int32),
            np.full(items.size, FROM_POPULARITY, dtype=np.int8),
        )

    def _ranked(
        self,
        found: Candidates,
        chosen: Places,
        score: Weights,
        lean: Weights,
        parts: Mix,
        *,
        shown: int,
        reasons: bool,
    ) -> Ranked:
        items, reached = found.items.take(chosen).astype(np.int32), score.take(chosen)
        own = np.zeros(found.items.size, dtype=np.bool_)
        own[found.own_at] = True
        again = own.take(chosen).nonzero()[0]
        # An item that would be listed without anything the shopper did is there because it is popular.
        least = reached[min(shown, reached.size) - 1] if reached.size else np.float32(0)
        popular = (lean.take(chosen) >= least) | (found.said.take(chosen) <= 0)
        sources = popular.view(np.int8) * np.int8(FROM_POPULARITY)
        sources[again] = FROM_OWN_PAST
        if reasons:
            named = contributors(found, chosen, self.width)
            named[again] = -1
            named[again, 0] = items.take(again)
        else:
            named = np.full((items.size, REASONS), -1, dtype=np.int32)
        against = np.exp(np.minimum(np.float32(-parts.intercept) - reached, HOPELESS))
        chance = 1 / (1 + against)
        return Ranked(items, chance, named, sources)
