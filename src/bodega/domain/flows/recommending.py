"""Recommend products that a shopper can see and buy: the model's rankings joined with all that is known live."""

from collections.abc import Sequence
from functools import partial
from math import exp

import msgspec

from bodega.domain.catalog.model import Card
from bodega.domain.flows.arrivals import Arrivals
from bodega.domain.flows.list_making import ListMaker, Made, Wish
from bodega.domain.flows.shoppers import Shoppers
from bodega.domain.flows.showcase import Filters, Showcase
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.domain.recommendations.model import NEED_PRODUCT, STRIP_OF, Placement, Reason
from bodega.domain.recommendations.receipts import Place, Receipt, Receipts, mark_of
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.recommendations.versions import LoadedModel, no_model
from bodega.errors import Fault, InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids

__all__ = ["MAX_LIMIT", "Filters", "Recommender", "Suggestion", "Suggestions"]

MAX_LIMIT = 100
_HOUR = 3600
_DAY = 24 * _HOUR
_EVERYTHING = Filters()


class Suggestion(msgspec.Struct, frozen=True):
    """A recommended product as shoppers see it; scores of a list never rise."""

    card: Card
    score: float
    reason: Reason


class Suggestions(msgspec.Struct, frozen=True):
    """A list, best first. `fallback` says what stood in for what was asked for, None if nothing had to.

    By `request_id` what shoppers do with the list is accounted for.
    """

    items: Sequence[Suggestion]
    model_version: str | None
    fallback: str | None
    request_id: str


class Recommender:
    """Lists for every place in the shop. Filters come before the cut: a list is short only where the shop is."""

    def __init__(
        self,
        *,
        models: ModelStore,
        rules: RuleBook,
        arrivals: Arrivals,
        showcase: Showcase,
        shoppers: Shoppers,
        receipts: Receipts,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._models = models
        self._rules = rules
        self._arrivals = arrivals
        self._showcase = showcase
        self._shoppers = shoppers
        self._receipts = receipts
        self._clock = clock
        self._ids = ids
        self._no_model = no_model()

    def suggest(
        self,
        *,
        placement: Placement = "home",
        customer_id: str | None = None,
        product_id: str | None = None,
        viewed: Sequence[str] = (),
        in_cart: Sequence[str] = (),
        limit: int = 12,
        filters: Filters = _EVERYTHING,
        who: str = "",
        seed: str | None = None,
    ) -> Suggestions:
        """Return a list for a place in the shop; a shopper nobody knows gets what is popular, and is told so.

        `who` tells shoppers without a customer id apart. The same shopper is shown the same things tried for a day,
        nobody in particular for an hour; `seed` says instead what is tried. InvalidError without a product where one is
        needed, and for a limit out of range.
        """
        strip = STRIP_OF[placement]
        if strip in NEED_PRODUCT and product_id is None:
            detail = f"placement={placement} needs a product"
            raise InvalidError(detail, [Fault("/product", "required", detail)])
        if not 1 <= limit <= MAX_LIMIT:
            detail = f"limit must be 1 to {MAX_LIMIT}"
            raise InvalidError(detail, [Fault("/limit", "out_of_range", detail)])
        model = self._models.current() or self._no_model
        wish = Wish(
            strip=strip,
            shopper=self._shoppers.gather(customer_id, viewed=viewed, in_cart=in_cart, as_of=model.as_of),
            product_id=product_id,
            limit=limit,
            filters=filters,
            seed=self._seed(customer_id or who, model) if seed is None else seed,
        )
        return self._answer(wish, model, self._made(wish, model))

    def similar(self, product_id: str, *, limit: int = 12) -> Suggestions:
        """Return products that read like one, or that the same customers take."""
        return self.suggest(placement="similar", product_id=product_id, limit=limit)

    def bought_together(self, product_id: str, *, limit: int = 4) -> Suggestions:
        """Return products that stand in the same orders; empty where none does, because a made-up pair helps nobody."""
        return self.suggest(placement="bought_together", product_id=product_id, limit=limit)

    def trending(self, *, limit: int = 12) -> Suggestions:
        """Return what more customers take than usual."""
        return self.suggest(placement="trending", limit=limit)

    # -- inside

    def _made(self, wish: Wish, model: LoadedModel) -> Made:
        return ListMaker(
            wish,
            wares=self._arrivals.wares(model),
            rules=self._rules.current().rules,
            showcase=self._showcase,
            sketch_of=partial(self._arrivals.sketch, model),
        ).make()

    def _answer(self, wish: Wish, model: LoadedModel, made: Made) -> Suggestions:
        nonce = self._ids.new("rec").partition("_")[2]
        places = tuple(
            Place(mark_of(pick.card.id, nonce), pool=tried.pool, usual=tried.usual)
            for pick, tried in zip(made.picks, made.tried, strict=True)
        )
        served_at = int(self._clock.now().timestamp())
        receipt = Receipt(nonce, wish.strip, served_at, model.version, "", places)
        items, score = [], 1.0
        for pick in made.picks:
            score = min(score, 1 / (1 + exp(-pick.worth)))
            items.append(Suggestion(pick.card, score, pick.why()))
        return Suggestions(items, model.version or None, made.fallback, self._receipts.write(receipt))

    def _seed(self, who: str, model: LoadedModel) -> str:
        now = int(self._clock.now().timestamp())
        return f"{who}/{now // (_DAY if who else _HOUR)}/{model.version}"
