"""Rank what could stand in each kind of list, with reasons that name what contributed most.

Every function takes a mask of the wares that may be shown, and ranks about `most` of them: filters come before the cut.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bodega.domain.recommendations.model import Reason, ReasonCode
from bodega.domain.recommendations.shopper import Signals, Source
from bodega.domain.recommendations.wares import Wares
from bodega.recsys.arrays import Indices, Mask, Weights
from bodega.recsys.history import History
from bodega.recsys.ranking import ln1
from bodega.recsys.rhythm import SHOWN_GAPS, Rhythms, readiness, rhythms_of
from bodega.recsys.serving import FROM_POPULARITY, TO_EXCLUDE, Ranked
from bodega.recsys.sketches import Sketches, most_alike

Why = Callable[[int], Reason]
# Of a list of what is new to a shopper, at most so large a part may be newcomers, and as much what they buy habitually.
GUEST_SHARE = 4
# Before half of its usual time is over, nobody needs a thing again.
EARLY = 0.5
# Beside a product people look for others like it: what its customers take besides counts for less.
TAKEN_COUNTS = 0.4
_NO_ITEMS = np.empty(0, dtype=np.int32)
_BECAUSE: Mapping[Source, ReasonCode] = {
    "bought": "because_you_bought",
    "viewed": "because_you_viewed",
    "in_cart": "because_in_cart",
}


class Ranking(NamedTuple):
    """Wares, best first.

    Shape: `items` (m,) distinct; `worth` (m,) log-odds, descending, comparable within the ranking; `why(place)` the
    reason of the item at a place.
    """

    items: Indices
    worth: Weights
    why: Why


NOTHING = Ranking(_NO_ITEMS, np.empty(0, dtype=np.float32), lambda _place: Reason("more"))


def for_you(wares: Wares, signals: Signals, allowed: Mask, most: int, *, shown: int) -> Ranking:
    """Rank what is new to a shopper, what came lately and reads like what they took, and what they buy habitually.

    Without anything known of them, what is popular.
    """
    table = wares.model.recommender
    barred = np.concatenate((signals.in_cart, signals.disliked))
    ranked = table.recommend(
        signals.history, k=most, repeat="exclude", allowed=allowed[: wares.n_items], exclude=barred, shown=shown
    )
    base = _of_ranked(wares, ranked, signals.source)
    guests = [
        _newcomers(wares, signals, base, allowed, shown // GUEST_SHARE),
        _habits(wares, signals, allowed, shown // GUEST_SHARE),
    ]
    return _merged([base, *guests], most)


def popular(wares: Wares, barred: Indices, allowed: Mask, most: int) -> Ranking:
    """Rank what many customers take of late, whoever asks."""
    ranked = wares.model.recommender.recommend(k=most, allowed=allowed[: wares.n_items], exclude=barred)
    return _of_ranked(wares, ranked, {})


def trending(wares: Wares, allowed: Mask, most: int) -> Ranking:
    """Rank what more customers take than its own past leads to expect, a bulk buyer counting once."""
    known = wares.model.assortment
    items = known.trend_order[allowed[known.trend_order]][:most]
    items = items[known.trend[items] > 0]
    return Ranking(items, known.trend[items], lambda _place: Reason("trending"))


def bought_together(wares: Wares, item: int, allowed: Mask, most: int) -> Ranking:
    """Rank what stands in the same orders as an item."""
    if item >= wares.n_items:
        return NOTHING
    near, weights = wares.model.together.similar(item, k=most, allowed=allowed[: wares.n_items])
    return _because("bought_together", wares, item, near, weights)


def because_you_bought(wares: Wares, item: int, allowed: Mask, most: int) -> Ranking:
    """Rank what those take who took an item that the shopper bought."""
    if item >= wares.n_items:
        return NOTHING
    near, weights = wares.model.recommender.similar(item, k=most, allowed=allowed[: wares.n_items])
    return _because("because_you_bought", wares, item, near, weights)


def similar(wares: Wares, item: int, sketch: Sketches, allowed: Mask, most: int) -> Ranking:
    """Rank what reads like an item, newcomers included, and with less weight what the same customers take.

    `item` -1 is a product of which nothing but its `sketch` (DIMENSIONS,) is known.
    """
    read, took = _reads_like(wares, item, sketch, most), _taken_with(wares, item)
    found = np.array(sorted(read.keys() | took.keys()), dtype=np.int32)
    found = found[allowed[found]]
    worth = np.array([read.get(int(i), 0.0) + TAKEN_COUNTS * took.get(int(i), 0.0) for i in found], dtype=np.float32)
    rank = np.lexsort((found, -worth))[:most]
    items, product = found[rank], (wares.product(item),) if item >= 0 else ()

    def why(place: int) -> Reason:
        return Reason("similar" if int(items[place]) in read else "also_bought", product)

    return Ranking(items, worth[rank], why)


def buy_again(wares: Wares, signals: Signals, allowed: Mask, most: int) -> Ranking:
    """Rank what a shopper bought before by how likely they want it again now, by their own rhythm as far as it shows.

    What they found bad is left out; what they can hardly need yet comes last.
    """
    table = wares.model.recommender
    if not signals.bought.size:
        return NOTHING
    rhythms = rhythms_of(signals.bought, signals.bought_ages, wares.model.assortment.gaps)
    own = np.zeros(wares.n_items, dtype=np.bool_)
    own[rhythms.items] = True
    own[signals.disliked] = False
    own &= allowed[: wares.n_items]
    ranked = table.recommend(
        signals.history, k=max(int(own.sum()), 1), allowed=own, exclude=signals.in_cart, reasons=False
    )
    place = np.searchsorted(rhythms.items, ranked.items)
    worth = _log_odds(ranked.scores) + readiness(rhythms)[place]
    early = (rhythms.since_days < EARLY * rhythms.shown_days)[place]
    rank = np.lexsort((ranked.items, -worth, early))[:most]
    # Early ones stand behind: their worth must not exceed that of what stands before them.
    worth = np.minimum.accumulate(worth[rank])
    items = ranked.items[rank]
    return Ranking(items, worth, lambda at: _again(wares, rhythms, int(items[at])))


def settled(wares: Wares, signals: Signals) -> Indices:
    """Return what a shopper bought and is no habit: they have it."""
    if not signals.bought.size:
        return signals.bought
    rhythms = rhythms_of(signals.bought, signals.bought_ages, wares.model.assortment.gaps)
    return rhythms.items[rhythms.gaps < SHOWN_GAPS]


def cart_additions(wares: Wares, signals: Signals, allowed: Mask, most: int) -> Ranking:
    """Rank what stands in the same orders as what lies in the cart; empty for an empty one."""
    if not signals.in_cart.size:
        return NOTHING
    inside = History(signals.in_cart, np.zeros(signals.in_cart.size))
    ranked = wares.model.together.recommend(
        inside, k=most, repeat="exclude", allowed=allowed[: wares.n_items], exclude=signals.disliked
    )
    spoken = np.flatnonzero(ranked.contributors[:, 0] >= 0)
    source: dict[int, Source] = dict.fromkeys(map(int, signals.in_cart), "in_cart")
    return Ranking(
        ranked.items[spoken],
        _log_odds(ranked.scores[spoken]),
        lambda place: _named(wares, ranked.contributors[spoken[place]], source),
    )


def recently_viewed(wares: Wares, product_ids: Sequence[str], allowed: Mask) -> Ranking:
    """Rank what was looked at, newest first."""
    items = wares.items(list(dict.fromkeys(product_ids)))
    items = items[items >= 0]
    items = items[allowed[items]]
    return Ranking(items, -np.arange(items.size, dtype=np.float32), lambda _place: Reason("recently_viewed"))


# -- inside


def _of_ranked(wares: Wares, ranked: Ranked, source: Mapping[int, Source]) -> Ranking:
    def why(place: int) -> Reason:
        if ranked.sources[place] == FROM_POPULARITY:
            return Reason("popular")
        return _named(wares, ranked.contributors[place], source)

    return Ranking(ranked.items, _log_odds(ranked.scores), why)


def _named(wares: Wares, contributors: Indices, source: Mapping[int, Source]) -> Reason:
    """Name the contributors of the same kind as the first: what was only looked at was not bought."""
    named = [int(item) for item in contributors if item >= 0]
    kind = source.get(named[0]) if named else None
    if kind is None:
        return Reason("popular")
    return Reason(_BECAUSE[kind], [wares.product(item) for item in named if source.get(item) == kind])


def _because(code: ReasonCode, wares: Wares, item: int, near: Indices, worth: Weights) -> Ranking:
    reason = Reason(code, (wares.product(item),) if item >= 0 else ())
    return Ranking(near, worth, lambda _place: reason)


def _newcomers(wares: Wares, signals: Signals, base: Ranking, allowed: Mask, most: int) -> Ranking:
    """Rank newcomers as if they were as popular as the middle of the list, by how they read like what was taken."""
    table = wares.model.recommender
    history = signals.history
    if not wares.fresh.size or not np.size(history.items) or not base.items.size:
        return NOTHING
    heard = table.heard(history, repeat="exclude")
    strength, because = wares.affinities(heard.items, heard.voice)
    mix = table.mixes["exclude"]
    usual = float(np.median(table.popularity[TO_EXCLUDE][base.items])) + mix.intercept
    worth = (usual + np.float32(mix.table) * ln1(strength)).astype(np.float32)
    taken = np.isin(wares.fresh, heard.items)
    rank = np.flatnonzero((strength > 0) & allowed[wares.fresh] & ~taken)
    rank = rank[np.lexsort((wares.fresh[rank], -worth[rank]))][:most]

    def why(place: int) -> Reason:
        return Reason("similar", (wares.product(int(because[rank[place]])),))

    return Ranking(wares.fresh[rank], worth[rank], why)


def _habits(wares: Wares, signals: Signals, allowed: Mask, most: int) -> Ranking:
    """Rank what a shopper buys again and again and may be out of by now."""
    if not signals.bought.size or not most:
        return NOTHING
    rhythms = rhythms_of(signals.bought, signals.bought_ages, wares.model.assortment.gaps)
    due = (rhythms.gaps >= SHOWN_GAPS) & (rhythms.since_days >= EARLY * rhythms.shown_days)
    if not due.any():
        return NOTHING
    habits = np.zeros(wares.size, dtype=np.bool_)
    habits[rhythms.items[due]] = True
    return buy_again(wares, signals, allowed & habits, most)


def _merged(rankings: Sequence[Ranking], most: int) -> Ranking:
    """Return one ranking of all, by worth; of what stands in several, the place that is worth most."""
    filled = [ranking for ranking in rankings if ranking.items.size]
    if len(filled) <= 1:
        return filled[0] if filled else NOTHING
    items = np.concatenate([ranking.items for ranking in filled])
    worth = np.concatenate([ranking.worth for ranking in filled])
    of = np.repeat(np.arange(len(filled)), [ranking.items.size for ranking in filled])
    place = np.concatenate([np.arange(ranking.items.size) for ranking in filled])
    rank = np.lexsort((of, -worth))
    _, first = np.unique(items[rank], return_index=True)
    rank = rank[np.sort(first)][:most]
    return Ranking(items[rank], worth[rank], lambda at: filled[of[rank[at]]].why(int(place[rank[at]])))


def _again(wares: Wares, rhythms: Rhythms, item: int) -> Reason:
    """Say that something was bought before, and how often, once the shopper's own purchases tell."""
    at = int(np.searchsorted(rhythms.items, item))
    product = (wares.product(item),)
    if rhythms.gaps[at] < SHOWN_GAPS:
        return Reason("buy_again", product)
    return Reason("buy_again", product, max(1, round(float(rhythms.shown_days[at]))))


def _reads_like(wares: Wares, item: int, sketch: Sketches, most: int) -> dict[int, float]:
    """Return the items that read most like an item and how much, in (0, 1]."""
    known = wares.model.assortment
    if 0 <= item < wares.n_items:
        near, says = known.alike[item], known.alike_says[item]
    else:
        near, says = (row[0] for row in most_alike(sketch[None, :], known.sketches, known.alike.shape[1]))
    found = {int(n): float(w) for n, w in zip(near, says, strict=True) if n >= 0}
    if wares.fresh.size:
        near, says = (row[0] for row in most_alike(sketch[None, :], wares.fresh_sketches, most))
        found |= {int(wares.fresh[n]): float(w) for n, w in zip(near, says, strict=True) if n >= 0}
    found.pop(item, None)
    return found


def _taken_with(wares: Wares, item: int) -> dict[int, float]:
    """Return the items that the same customers take, 1 for the one of which an item says most."""
    if not 0 <= item < wares.n_items:
        return {}
    near, says = wares.model.recommender.similar(item, k=wares.model.recommender.width)
    loudest = max(float(says.max(initial=0)), 1e-9)
    return {int(n): float(w) / loudest for n, w in zip(near, says, strict=True)}


def _log_odds(chance: Weights) -> Weights:
    odds = np.minimum(np.maximum(chance.astype(np.float64), 1e-12), 1 - 1e-7)
    logs: Weights = np.log(odds / (1 - odds)).astype(np.float32)
    return logs
