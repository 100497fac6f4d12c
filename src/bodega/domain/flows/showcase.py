"""Know what can be shown: on sale, in stock, allowed by staff, and within what the asker wants to see.

A mask of the wares says it before ranking, quickly and a little out of date; what is about to be shown is looked up for
certain, and what turns out to be gone is masked for a while.
"""

import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.domain.catalog.model import Card
from bodega.domain.catalog.shelves import Audience, ShelfQuery, Shelves
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.inventory.service import Inventory
from bodega.domain.recommendations.rules import Rules
from bodega.domain.recommendations.wares import Wares
from bodega.ports.clock import Clock
from bodega.recsys.arrays import Mask
from bodega.values.page import MAX_LIMIT as MAX_PAGE
from bodega.values.page import Position

GONE_SECONDS = 30.0
"""So long something that was gone when looked up is not looked up again; then it may have come back."""
_PAGES = 40
_MASKS_KEPT = 64
_MODELS_KEPT = 4
_SHOPPERS: Audience = "shoppers"


class Filters(msgspec.Struct, frozen=True):
    """What the asker wants to see: in or beneath one of the categories (ids), at a price within bounds (inclusive)."""

    categories: tuple[str, ...] = ()
    price_from: int | None = None
    price_to: int | None = None

    @property
    def any(self) -> bool:
        """Tell whether anything is filtered."""
        return bool(self.categories) or self.price_from is not None or self.price_to is not None


class Showcase:
    """What of the wares can be shown. Thread-safe."""

    def __init__(self, *, shelves: Shelves, inventory: Inventory, taxonomy: Taxonomy, clock: Clock) -> None:
        self._shelves = shelves
        self._inventory = inventory
        self._taxonomy = taxonomy
        self._clock = clock
        self._lock = threading.Lock()
        self._gone_until: dict[str, NDArray[np.float64]] = {}
        # Weakly, because wares hold a model: dozens of old ones would have their files open, and on the disk.
        self._masks: dict[tuple[str, Filters], tuple[weakref.ref[Wares], Rules, Mask]] = {}

    def mask(self, wares: Wares, rules: Rules, filters: Filters) -> Mask:
        """Return (wares.size,) what may be shown as far as is known: a copy."""
        allowed = self._lasting(wares, rules, filters).copy()
        allowed[: wares.n_items] &= self._hinted(wares) <= self._clock.now().timestamp()
        return allowed

    def look(self, product_ids: Sequence[str], rules: Rules, filters: Filters) -> dict[str, Card]:
        """Return the cards of those products that can be bought now and fit, looked up in the catalog and the stock."""
        tree = self._taxonomy.tree()
        found = self._shelves.on_sale(product_ids)
        levels = self._inventory.find_levels(sku for _, skus in found.values() for sku in skus)
        gone = {sku for sku, level in levels.items() if level.state == "out_of_stock"}
        blocked, off = set(rules.blocked), set(rules.blocked_categories)

        def fits(product_id: str, card: Card, skus: Sequence[str]) -> bool:
            if product_id in blocked or all(sku in gone for sku in skus):
                return False
            if not filters.any and not off:
                return True
            places = set(tree.with_ancestors(card.categories))
            wanted = not filters.categories or not places.isdisjoint(filters.categories)
            return wanted and places.isdisjoint(off) and _within(_amount(card), filters)

        return {product_id: card for product_id, (card, skus) in found.items() if fits(product_id, card, skus)}

    def found_gone(self, wares: Wares, items: Iterable[int]) -> None:
        """Remember that items could not be shown, for GONE_SECONDS."""
        until = self._clock.now().timestamp() + GONE_SECONDS
        gone_until = self._hinted(wares)
        for item in items:
            if item < wares.n_items:
                gone_until[item] = until

    def others(self, filters: Filters) -> Iterator[tuple[list[str], bool]]:
        """Yield what stands on the shelves beside the wares, page by page, newest first or cheapest if prices count.

        The second part tells whether these are the newest.
        """
        priced = filters.price_from is not None or filters.price_to is not None
        for category in filters.categories or (None,):
            query = ShelfQuery(
                categories=() if category is None else (category,),
                price_from=filters.price_from,
                price_to=filters.price_to,
                sort="price" if priced else "-created_at",
                limit=MAX_PAGE,
                audience=_SHOPPERS,
            )
            position: Position | None = None
            for number in range(_PAGES):
                page = self._shelves.find(query, position)
                yield [_card(card).id for card in page.cards], number == 0 and not priced
                position = page.next
                if position is None:
                    break

    # -- inside

    def _hinted(self, wares: Wares) -> NDArray[np.float64]:
        """Return (n_items,) when each item may be looked up again, in epoch seconds.

        At first, what was gone when a version was trained is taken to be gone.
        """
        with self._lock:
            until = self._gone_until.get(wares.model.version)
            if until is None or until.size != wares.n_items:
                soon = self._clock.now().timestamp() + GONE_SECONDS
                until = np.where(wares.model.assortment.on_show, 0.0, soon)
                if len(self._gone_until) > _MODELS_KEPT:
                    self._gone_until = {}
                self._gone_until[wares.model.version] = until
            return until

    def _lasting(self, wares: Wares, rules: Rules, filters: Filters) -> Mask:
        """Return what staff and the asker allow, whatever is in stock; kept, because most lists are asked alike."""
        kept = self._masks.get((wares.model.version, filters))
        if kept is not None and kept[0]() is wares and kept[1] is rules:
            return kept[2]
        allowed = np.ones(wares.size, dtype=np.bool_)
        if rules.blocked:
            blocked = wares.items(rules.blocked)
            allowed[blocked[blocked >= 0]] = False
        for category_id in rules.blocked_categories:
            allowed &= ~self._in_category(wares, category_id)
        if filters.categories:
            allowed &= np.logical_or.reduce([self._in_category(wares, c) for c in filters.categories])
        if filters.price_from is not None or filters.price_to is not None:
            allowed[: wares.n_items] &= wares.model.assortment.priced(filters.price_from, filters.price_to)
            allowed[wares.n_items :] &= np.array([_within(n.price, filters) for n in wares.newcomers], dtype=np.bool_)
        if len(self._masks) >= _MASKS_KEPT:
            self._masks = {}
        self._masks[wares.model.version, filters] = (weakref.ref(wares), rules, allowed)
        return allowed

    def _in_category(self, wares: Wares, category_id: str) -> Mask:
        inside = np.zeros(wares.size, dtype=np.bool_)
        inside[: wares.n_items] = wares.model.assortment.in_category(wares.model.category(category_id))
        inside[wares.n_items :] = [category_id in newcomer.categories for newcomer in wares.newcomers]
        return inside


def _within(amount: int, filters: Filters) -> bool:
    if filters.price_from is None and filters.price_to is None:
        return True
    low, high = filters.price_from or 0, filters.price_to
    return amount >= max(low, 0) and (high is None or amount <= high)


def _amount(card: Card) -> int:
    return card.price.amount if card.price is not None else -1


_card = msgspec.json.Decoder(Card).decode
