"""Pick from a ranking what is really there, as much as was asked for, and with variety."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bodega.domain.catalog.model import Card
from bodega.domain.flows.showcase import Filters, Showcase
from bodega.domain.recommendations.model import Reason
from bodega.domain.recommendations.rankings import Ranking
from bodega.domain.recommendations.rules import Rules
from bodega.domain.recommendations.wares import Wares
from bodega.recsys.arrays import Mask, Places
from bodega.recsys.variety import varied

Rank = Callable[[Mask, int], Ranking]
"""Ranks about so many of the wares that a mask allows."""

_SPARE = 24
_LOOKS = 12
_LOOK_FURTHER = 24


class Pick(NamedTuple):
    """A product that can be shown: its card, its worth in log-odds within the list, and why it is here."""

    card: Card
    worth: float
    why: Callable[[], Reason]


class Picker:
    """Picks for one list: from these wares, by these rules and filters, and never anything twice."""

    def __init__(
        self, showcase: Showcase, wares: Wares, rules: Rules, filters: Filters, *, without: Collection[str]
    ) -> None:
        """Take the products that must not be picked."""
        self._showcase = showcase
        self._wares = wares
        self._rules = rules
        self._filters = filters
        self._without = frozenset(without)
        self._taken: set[str] = set()
        self._cards: dict[str, Card] = {}
        self._allowed = showcase.mask(wares, rules, filters)
        self.leave_out(without)

    def pick(self, rank: Rank, count: int, *, mixed: bool = True, spare: int = 0) -> list[Pick]:
        """Return the first `count` of a ranking that can be bought, or as many as there are.

        Looks further down, and looks more up at once, until that is so. With `mixed` near-duplicates stand there once
        as long as there is something else, and aisles take turns. Up to `spare` more follow, which must be different.
        """
        most = 3 * count + max(_SPARE, 2 * spare)
        ranking, order = rank(self._allowed, most), np.empty(0, dtype=np.intp)
        for look in range(_LOOKS):
            order = self._ordered(ranking, count, mixed=mixed)
            if len(order) < count and ranking.items.size >= most:
                most *= 4
            else:
                order = self._with_spare(ranking, _filled(order, ranking.items.size, count), spare)
                gone = self._looked_up(ranking, order, look)
                if not gone:
                    break
                self._allowed[gone] = False
            ranking = rank(self._allowed, most)
        picked = [self._picked(ranking, int(place)) for place in order]
        found = [pick for pick in picked if pick is not None]
        self.leave_out(pick.card.id for pick in found)
        return found

    def pick_from_shelves(self, count: int) -> list[Pick]:
        """Return up to `count` products that can be bought and stand nowhere in the wares' rankings."""
        found: list[Pick] = []
        for ids, newest in self._showcase.others(self._filters):
            fresh = [product_id for product_id in ids if product_id not in self._taken]
            cards = self._showcase.look(fresh, self._rules, self._filters)
            why = _always(Reason("new") if newest else Reason("more"))
            found += [Pick(cards[product_id], _LEAST, why) for product_id in fresh if product_id in cards]
            self._taken.update(fresh)
            if len(found) >= count:
                break
        return found[:count]

    def pick_named(self, product_ids: Sequence[str], reason: Reason) -> dict[str, Pick]:
        """Return those of some products that can be bought, picked before or not: for what staff put somewhere."""
        fresh = [product_id for product_id in product_ids if product_id not in self._without]
        cards = self._showcase.look(fresh, self._rules, self._filters)
        return {product_id: Pick(card, _LEAST, _always(reason)) for product_id, card in cards.items()}

    def leave_out(self, product_ids: Iterable[str]) -> None:
        """Pick these no more."""
        ids = list(product_ids)
        self._taken.update(ids)
        items = self._wares.items(ids)
        self._allowed[items[items >= 0]] = False

    # -- inside

    def _ordered(self, ranking: Ranking, count: int, *, mixed: bool) -> Places:
        if not mixed or not ranking.items.size:
            return np.arange(min(count, ranking.items.size))
        items, wares = ranking.items, self._wares
        return varied(ranking.worth, wares.sketches(items), wares.aisles(items), wares.twins(items), k=count)

    def _with_spare(self, ranking: Ranking, order: Places, spare: int) -> Places:
        """Return the places with up to `spare` more behind them, best first, none a near-duplicate of another."""
        if not spare:
            return order
        twins = self._wares.twins(ranking.items)
        others = np.setdiff1d(np.arange(ranking.items.size), order)
        others = others[~np.isin(twins[others], twins[order])]
        _, first = np.unique(twins[others], return_index=True)
        return np.concatenate((order, others[np.sort(first)][:spare]))

    def _looked_up(self, ranking: Ranking, order: Places, look: int) -> list[int]:
        """Look up what is about to be shown, and from the second time on what might be next; return what is gone."""
        places = list(order)
        if look:
            places += [place for place in range(min(ranking.items.size, _LOOK_FURTHER << look)) if place not in order]
        asked = {self._wares.product(int(ranking.items[place])): int(ranking.items[place]) for place in places}
        unknown = [product_id for product_id in asked if product_id not in self._cards]
        self._cards |= self._showcase.look(unknown, self._rules, self._filters)
        gone = [asked[product_id] for product_id in unknown if product_id not in self._cards]
        if gone and not self._filters.any:
            self._showcase.found_gone(self._wares, gone)
        return gone

    def _picked(self, ranking: Ranking, place: int) -> Pick | None:
        card = self._cards.get(self._wares.product(int(ranking.items[place])))
        return Pick(card, float(ranking.worth[place]), lambda: ranking.why(place)) if card is not None else None


def _filled(order: Places, ranked: int, count: int) -> Places:
    """Return an order filled up with the near-duplicates that it left out: better those than a short list."""
    if len(order) >= min(count, ranked):
        return order
    others = np.setdiff1d(np.arange(ranked), order)
    return np.concatenate((order, others[: count - len(order)]))


def _always(reason: Reason) -> Callable[[], Reason]:
    return lambda: reason


_LEAST = -30.0
