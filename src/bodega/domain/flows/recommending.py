"""Recommend products that a shopper can see and buy: the model's ranking, joined with catalog, stock and orders."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from bodega.domain.catalog.model import Card
from bodega.domain.catalog.records import is_id
from bodega.domain.catalog.shelves import ShelfQuery, Shelves
from bodega.domain.inventory.service import Inventory
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.model import Placement, Reason, Scored
from bodega.domain.recommendations.service import Recommendations, Taken
from bodega.errors import Fault, InvalidError
from bodega.ports.ids import Ids
from bodega.recsys.serving import Repeat
from bodega.values.page import MAX_LIMIT as MAX_PAGE

MAX_LIMIT = 100
_ORDERS_READ = 50
_FIRST_SPARE = 12
_LOOKS = 4
_DAY = 86400.0


class Suggestion(msgspec.Struct, frozen=True):
    """A recommended product as shoppers see it."""

    card: Card
    score: float
    reason: Reason


class Suggestions(msgspec.Struct, frozen=True):
    """A list, best first. `fallback` says what stood in for the personal model, None if nothing had to."""

    items: Sequence[Suggestion]
    model_version: str | None
    fallback: str | None
    request_id: str


class Recommender:
    """Lists for every placement. What is archived, sold out or in the cart is passed over before the list is cut."""

    def __init__(
        self,
        *,
        recommendations: Recommendations,
        shelves: Shelves,
        inventory: Inventory,
        orders: Orders,
        ids: Ids,
    ) -> None:
        self._recommendations = recommendations
        self._shelves = shelves
        self._inventory = inventory
        self._orders = orders
        self._ids = ids

    def suggest(
        self,
        *,
        placement: Placement = "home",
        customer_id: str | None = None,
        product_id: str | None = None,
        viewed: Sequence[str] = (),
        in_cart: Sequence[str] = (),
        limit: int = 12,
        repeat: Repeat | None = None,
    ) -> Suggestions:
        """Return a list for a place in the shop; a shopper nobody knows gets what is trending, and is told so."""
        _check_limit(limit)
        if placement == "product":
            if product_id is None:
                raise InvalidError(
                    "a product is needed", [Fault("/product", "required", "placement=product needs product")]
                )
            return self._beside(product_id, limit=limit)
        history = [Taken(p, 0.0) for p in (*in_cart, *viewed)] + self._bought(customer_id)
        wanted: Repeat = repeat or ("include" if placement == "account" else "exclude")

        def rank(count: int) -> list[Scored]:
            return self._recommendations.for_history(history, limit=count, repeat=wanted, without=in_cart)

        found = self._available(rank, limit, without=set(in_cart))
        return self._answer(found, limit, without=set(in_cart), fallback=None if history else "trending")

    def similar(self, product_id: str, *, limit: int = 12) -> Suggestions:
        """Return products that the same customers take; what is trending where nothing is known of the product."""
        _check_limit(limit)
        return self._around(lambda count: self._recommendations.similar(product_id, limit=count), product_id, limit)

    def bought_together(self, product_id: str, *, limit: int = 4) -> Suggestions:
        """Return products that stand in the same orders; empty where none does, because a made-up pair helps nobody."""
        _check_limit(limit)
        found = self._available(
            lambda count: self._recommendations.bought_together(product_id, limit=count),
            limit,
            without={product_id},
        )
        return Suggestions(found, self._recommendations.version(), None, self._ids.new("rec"))

    def trending(self, *, limit: int = 12) -> Suggestions:
        """Return what is popular now."""
        _check_limit(limit)
        found = self._available(self._trending, limit, without=())
        return self._answer(found, limit, without=(), fallback=None)

    # -- inside

    def _filled(
        self, found: list[Suggestion], rank: Callable[[int], list[Scored]], limit: int, *, without: Collection[str]
    ) -> list[Suggestion]:
        if len(found) >= limit:
            return found
        have = {s.card.id for s in found} | set(without)
        return [*found, *self._available(rank, limit - len(found), without=have)]

    def _trending(self, count: int) -> list[Scored]:
        return self._recommendations.trending(limit=count)

    def _newest(self, count: int) -> list[Scored]:
        page = self._shelves.find(ShelfQuery(limit=min(count, MAX_PAGE)))
        ids = [msgspec.json.decode(card, type=Card).id for card in page.cards]
        return [Scored(product_id, 0.0, Reason("new")) for product_id in ids]

    def _bought(self, customer_id: str | None) -> list[Taken]:
        """Return what a customer bought lately, with ages.

        They count from the newest order that is known, not from today: tastes do not fade while a shop is closed.
        """
        known = customer_id is not None and is_id(customer_id)
        orders = self._orders.list_by_customer(customer_id, limit=_ORDERS_READ) if customer_id and known else []
        if not orders:
            return []
        newest = max(order.placed_at for order in orders)
        reference = max(newest, self._recommendations.as_of() or newest)
        return [
            Taken(line.product_id, (reference - order.placed_at).total_seconds() / _DAY)
            for order in orders
            for line in order.lines
        ]

    def _beside(self, product_id: str, *, limit: int) -> Suggestions:
        """Return what is bought with a product, filled up with what is like it."""
        together = self.bought_together(product_id, limit=limit)
        if len(together.items) >= limit:
            return together
        taken = {s.card.id for s in together.items}
        others = [
            s
            for s in self.similar(product_id, limit=min(MAX_LIMIT, limit + len(taken))).items
            if s.card.id not in taken
        ]
        return msgspec.structs.replace(together, items=[*together.items, *others][:limit])

    def _around(self, rank: Callable[[int], list[Scored]], product_id: str, limit: int) -> Suggestions:
        found = self._available(rank, limit, without={product_id})
        if found:
            return Suggestions(found, self._recommendations.version(), None, self._ids.new("rec"))
        return self._answer([], limit, without={product_id}, fallback="trending")

    def _available(
        self, rank: Callable[[int], list[Scored]], limit: int, *, without: Collection[str]
    ) -> list[Suggestion]:
        """Return the best `limit` that can be bought, looking further down the ranking as long as it takes."""
        found: list[Suggestion] = []
        seen = 0
        count = limit + _FIRST_SPARE
        for _ in range(_LOOKS):
            ranked = rank(count)
            fresh = [s for s in ranked[seen:] if s.product_id not in without]
            seen = len(ranked)
            cards = self._buyable([s.product_id for s in fresh])
            found += [Suggestion(cards[s.product_id], s.score, s.reason) for s in fresh if s.product_id in cards]
            if len(found) >= limit or seen < count:
                break
            count *= 4
        return found[:limit]

    def _buyable(self, product_ids: Sequence[str]) -> dict[str, Card]:
        cards = self._shelves.cards(product_ids)
        levels = self._inventory.find_levels(card.sku for card in cards.values())
        gone = {sku for sku, level in levels.items() if level.state == "out_of_stock"}
        return {product_id: card for product_id, card in cards.items() if card.sku not in gone}

    def _answer(
        self, found: list[Suggestion], limit: int, *, without: Collection[str], fallback: str | None
    ) -> Suggestions:
        """Fill a short list with what is trending, then with what is newest: a shop's first day has neither."""
        found = self._filled(found, self._trending, limit, without=without)
        if not found:
            fallback = "newest"
        found = self._filled(found, self._newest, limit, without=without)
        return Suggestions(found, self._recommendations.version(), fallback, self._ids.new("rec"))


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidError(
            f"limit must be 1 to {MAX_LIMIT}", [Fault("/limit", "out_of_range", "limit is out of range")]
        )
