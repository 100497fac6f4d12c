"""Make one list: what its kind asks for, filled up with the next best, a little of it tried out, pins in place."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from bodega.domain.flows.picking import Pick, Picker, Rank
from bodega.domain.flows.showcase import Filters, Showcase
from bodega.domain.recommendations import rankings
from bodega.domain.recommendations.model import Reason, Strip
from bodega.domain.recommendations.rules import Rules
from bodega.domain.recommendations.shopper import BAD_STARS, Shopper, signals_of
from bodega.domain.recommendations.wares import Wares
from bodega.recsys.exploring import POOL, explore, pools_of
from bodega.recsys.sketches import Sketches

UNFILLED: frozenset[Strip] = frozenset({"bought_together", "because_you_bought", "buy_again", "recently_viewed"})
"""Lists whose items are all tied to something: filled up with anything else they would lie in their headings."""
_AGAIN: frozenset[Strip] = frozenset({"for_you", "buy_again", "account", "recently_viewed"})
"""Lists that decide by themselves what of the things that were bought may stand in them."""
_ANCHORS = 8
_ENOUGH = 3


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: a kind of list, for whom, with which product, how long, and how it is filtered.

    `seed` decides what is tried, unless nothing is to be. `shared` lists stand on pages that many see.
    """

    strip: Strip
    shopper: Shopper = Shopper()
    product_id: str | None = None
    limit: int = 12
    filters: Filters = Filters()
    seed: str = ""
    trying: bool = True
    shared: bool = False


class Tried(NamedTuple):
    """How a place came to its item: the products it was drawn from, none if it was not, and if it is the usual one."""

    pool: Sequence[str] = ()
    usual: bool = True


class Made(NamedTuple):
    """A list: its picks, for each how it was tried, and what stood in for what was asked for, if anything had to."""

    picks: list[Pick]
    tried: list[Tried]
    fallback: str | None


class ListMaker:
    """Makes one list."""

    def __init__(
        self, wish: Wish, *, wares: Wares, rules: Rules, showcase: Showcase, sketch_of: Callable[[str], Sketches]
    ) -> None:
        """Take `sketch_of`, which tells how any product reads, also one that the wares do not know."""
        self._wish = wish
        self._wares = wares
        self._rules = rules
        self._sketch_of = sketch_of
        self._signals = signals_of(wish.shopper, wares.model)
        self._picker = Picker(showcase, wares, rules, wish.filters, without=_barred(wish))
        if wish.strip not in _AGAIN:
            # Bought is bought, but what somebody buys again and again may stand beside another product, too.
            self._picker.leave_out(map(wares.product, rankings.settled(wares, self._signals)))

    def make(self) -> Made:
        """Return the list."""
        wish = self._wish
        picks, tried, fallback = self._own()
        if len(picks) < wish.limit and wish.strip not in UNFILLED:
            self._picker.leave_out(purchase.product_id for purchase in wish.shopper.bought)
            others = self._filling(wish.limit - len(picks))
            if not picks:
                fallback = "newest" if others and others[0].why().code in {"new", "more"} else "popular"
            picks += others
            tried += [Tried()] * len(others)
        return self._pinned(Made(picks, tried, fallback))

    def order_of(self, product_ids: Sequence[str]) -> Callable[[str], float]:
        """Return a key that sorts products as the personal ranking would, whatever of them may be shown."""
        wares = self._wares
        allowed = np.zeros(wares.size, dtype=np.bool_)
        items = wares.items(list(product_ids))
        allowed[items[items >= 0]] = True
        ranking = rankings.for_you(wares, self._signals, allowed, max(len(product_ids), 1), shown=self._wish.limit)
        place = {wares.product(int(item)): float(number) for number, item in enumerate(ranking.items)}
        return lambda product_id: place.get(product_id, np.inf)

    # -- what each kind is made of

    def _own(self) -> tuple[list[Pick], list[Tried], str | None]:
        limit, strip = self._wish.limit, self._wish.strip
        if strip == "for_you":
            return self._explored()
        picks: list[Pick] = []
        for rank, mixed in self._rankings():
            picks += self._picker.pick(rank, limit - len(picks), mixed=mixed)
            if len(picks) == limit or (strip == "because_you_bought" and picks):
                break
        return picks, [Tried()] * len(picks), None

    def _rankings(self) -> Iterator[tuple[Rank, bool]]:
        """Yield the rankings a list is made from, the most telling first, and whether variety counts in them."""
        wares, signals, strip = self._wares, self._signals, self._wish.strip
        item = self._item()
        if strip == "recently_viewed":
            yield lambda allowed, _most: rankings.recently_viewed(wares, self._wish.shopper.viewed, allowed), False
        if strip in {"bought_together", "product"}:
            yield partial(rankings.bought_together, wares, item), True
        if strip in {"similar", "product"}:
            sketch = self._sketch_of(self._wish.product_id or "")
            yield partial(rankings.similar, wares, item, sketch), True
        if strip == "because_you_bought":
            for anchor in self._anchors():
                yield partial(rankings.because_you_bought, wares, anchor), True
        if strip in {"buy_again", "account"}:
            yield partial(rankings.buy_again, wares, signals), False
        if strip == "cart_additions":
            yield partial(rankings.cart_additions, wares, signals), True
        if strip == "trending":
            yield partial(rankings.trending, wares), True
        if strip in {"account", "cart_additions"} and self._wish.shopper.known:
            yield partial(rankings.for_you, wares, signals, shown=self._wish.limit), True

    def _explored(self) -> tuple[list[Pick], list[Tried], str | None]:
        """Return the personal list, its last places drawn from those who came next."""
        wish = self._wish
        rank = partial(rankings.for_you, self._wares, self._signals, shown=wish.limit)
        slots = round(wish.limit * self._rules.explore_share) if wish.trying else 0
        ranked = self._picker.pick(rank, wish.limit, spare=slots * (POOL - 1))
        found = explore(len(ranked), k=wish.limit, slots=slots, seed=wish.seed)
        tried = [Tried(usual=bool(usual)) for usual in found.usual]
        for pool in pools_of(len(ranked), k=wish.limit, slots=slots):
            products = tuple(ranked[place].card.id for place in pool)
            tried[pool[0]] = Tried(products, usual=bool(found.usual[pool[0]]))
        return [ranked[place] for place in found.places], tried, None if wish.shopper.known else "popular"

    def _filling(self, count: int) -> list[Pick]:
        """Return what many customers take, and then whatever the shelves have."""
        picker = self._picker
        popular = partial(rankings.popular, self._wares, np.empty(0, dtype=np.int32))
        picks = picker.pick(popular, count)
        if len(picks) < count:
            picks += picker.pick_from_shelves(count - len(picks))
        return picks

    def _pinned(self, made: Made) -> Made:
        """Return the list with staff's pins at their places, each as far as it can be shown."""
        pins = sorted((pin for pin in self._rules.pins if pin.strip == self._wish.strip), key=lambda pin: pin.place)
        found = self._picker.pick_named([pin.product for pin in pins], Reason("picked")) if pins else {}
        rows = [row for row in zip(made.picks, made.tried, strict=True) if row[0].card.id not in found]
        for pin in pins:
            if pin.product in found and pin.place <= self._wish.limit:
                rows.insert(pin.place - 1, (found[pin.product], Tried()))
        rows = rows[: self._wish.limit]
        return Made([pick for pick, _ in rows], [tried for _, tried in rows], made.fallback)

    # -- inside

    def _item(self) -> int:
        return int(self._wares.items([self._wish.product_id])[0]) if self._wish.product_id is not None else -1

    def _anchors(self) -> Sequence[int]:
        """Return what "because you bought" may be about: the product asked for, or what was bought last and liked."""
        if self._wish.product_id is not None:
            item = self._item()
            return [item] if item in self._signals.bought else []
        newest = np.argsort(self._signals.bought_ages, kind="stable")
        items = dict.fromkeys(int(item) for item in self._signals.bought[newest])
        liked = [item for item in items if item not in set(self._signals.disliked.tolist())][:_ANCHORS]
        telling = self._wares.model.recommender.neighbours[liked] >= 0
        return [item for item, said in zip(liked, telling.sum(axis=1), strict=True) if said >= _ENOUGH] or liked


def _barred(wish: Wish) -> set[str]:
    """Return what must stand in no list of this shopper: what it is about, what is in the cart, what was found bad."""
    shopper = wish.shopper
    barred = {*shopper.in_cart, *(p for p, stars in shopper.stars.items() if stars <= BAD_STARS)}
    if wish.product_id is not None:
        barred.add(wish.product_id)
    return barred
