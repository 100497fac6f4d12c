"""Recommend products that a shopper can see and buy: the model's rankings joined with all that is known live."""

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from math import exp

import msgspec

from bodega.domain.catalog.model import Card
from bodega.domain.flows.arrivals import Arrivals
from bodega.domain.flows.list_making import ListMaker, Made, Tried, Wish
from bodega.domain.flows.shoppers import Shoppers
from bodega.domain.flows.showcase import Filters, Showcase
from bodega.domain.recommendations.artifacts import ModelStore
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.model import NEED_PRODUCT, STRIP_OF, Placement, Reason
from bodega.domain.recommendations.receipts import Place, Receipt, Receipts, mark_of
from bodega.domain.recommendations.rules import RuleBook
from bodega.domain.recommendations.versions import LoadedModel, no_model
from bodega.errors import Fault, InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.recsys.duels import FIRST, SECOND, Team, team_draft

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

    By `request_id` what shoppers do with the list is accounted for; `reference` is a short name for a list that was
    reported as seen.
    """

    items: Sequence[Suggestion]
    model_version: str | None
    fallback: str | None
    request_id: str
    reference: str = ""


class Recommender:
    """Lists for every place in the shop. Filters come before the cut: a list is short only where the shop is."""

    def __init__(
        self,
        *,
        models: ModelStore,
        rules: RuleBook,
        duels: Duels,
        arrivals: Arrivals,
        showcase: Showcase,
        shoppers: Shoppers,
        receipts: Receipts,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._models = models
        self._rules = rules
        self._duels = duels
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
        shared: bool = False,
    ) -> Suggestions:
        """Return a list for a place in the shop; a shopper nobody knows gets what is popular, and is told so.

        `who` tells shoppers without a customer id apart. The same shopper is shown the same things tried for a day,
        nobody in particular for an hour; `seed` says instead what is tried. With `shared` the same list is the same
        request for an hour, for pages that are the same for everybody. InvalidError without a product where one is
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
        known_as = customer_id or who
        wish = Wish(
            strip=strip,
            shopper=self._shoppers.gather(customer_id, viewed=viewed, in_cart=in_cart, as_of=model.as_of),
            product_id=product_id,
            limit=limit,
            filters=filters,
            seed=self._seed(known_as, model) if seed is None else seed,
            shared=shared,
        )
        duel = self._duels.current() if strip == "for_you" and known_as else None
        rival = self._models.find(duel.rival) if duel is not None else None
        if duel is None or rival is None:
            made = self._made(wish, model)
            return self._answer(wish, model, made, [_place(tried) for tried in made.tried])
        if not duel.includes(known_as):
            made = self._made(wish, model)
            return self._answer(wish, model, made, self._against(rival, wish, made))
        made, teams = self._drafted(wish, model, rival)
        return self._answer(wish, model, made, [Place(b"", team) for team in teams], duel=duel.id)

    def similar(self, product_id: str, *, limit: int = 12) -> Suggestions:
        """Return products that read like one, or that the same customers take."""
        return self.suggest(placement="similar", product_id=product_id, limit=limit)

    def bought_together(self, product_id: str, *, limit: int = 4) -> Suggestions:
        """Return products that stand in the same orders; empty where none does, because a made-up pair helps nobody."""
        return self.suggest(placement="bought_together", product_id=product_id, limit=limit)

    def trending(self, *, limit: int = 12) -> Suggestions:
        """Return what more customers take than usual."""
        return self.suggest(placement="trending", limit=limit)

    def close(self) -> None:
        """Let go of the models that lists are made of."""
        self._arrivals.close()
        self._models.close()

    # -- inside

    def _maker(self, wish: Wish, model: LoadedModel) -> ListMaker:
        return ListMaker(
            wish,
            wares=self._arrivals.wares(model),
            rules=self._rules.current().rules,
            showcase=self._showcase,
            sketch_of=partial(self._arrivals.sketch, model),
        )

    def _made(self, wish: Wish, model: LoadedModel) -> Made:
        return self._maker(wish, model).make()

    def _drafted(self, wish: Wish, model: LoadedModel, rival: LoadedModel) -> tuple[Made, list[Team]]:
        """Return a list that both versions picked for in turn, and which of them put each item there."""
        wish = msgspec.structs.replace(wish, trying=False)
        made = {FIRST: self._made(wish, model), SECOND: self._made(wish, rival)}
        picks = {team: {pick.card.id: pick for pick in one.picks} for team, one in made.items()}
        # By the hour, so that a shopper who looks often is not one coin flip a day.
        hour = int(self._clock.now().timestamp()) // _HOUR
        drafted = team_draft(list(picks[FIRST]), list(picks[SECOND]), k=wish.limit, seed=f"{wish.seed}/{hour}")
        whole = Made([picks[team][p] for p, team in drafted], [Tried()] * len(drafted), made[FIRST].fallback)
        return whole, [team for _, team in drafted]

    def _against(self, rival: LoadedModel, wish: Wish, made: Made) -> list[Place]:
        """Return the places of a list with what another version would have drawn from the same pools."""
        if not any(tried.pool for tried in made.tried):
            return [_place(tried) for tried in made.tried]
        liked = self._maker(wish, rival).order_of([p for tried in made.tried for p in tried.pool])
        return [
            _place(tried, rival=bool(tried.pool) and min(tried.pool, key=liked) == pick.card.id)
            for pick, tried in zip(made.picks, made.tried, strict=True)
        ]

    def _answer(
        self, wish: Wish, model: LoadedModel, made: Made, places: Sequence[Place], *, duel: str = ""
    ) -> Suggestions:
        served_at = int(self._clock.now().timestamp())
        nonce = self._ids.new("rec").partition("_")[2]
        if wish.shared:
            served_at -= served_at % _HOUR
            nonce = _shared_nonce(wish, model, made, served_at)
        marked = tuple(
            msgspec.structs.replace(place, mark=mark_of(pick.card.id, nonce))
            for pick, place in zip(made.picks, places, strict=True)
        )
        receipt = Receipt(nonce, wish.strip, served_at, model.version, duel, marked)
        items, score = [], 1.0
        for pick in made.picks:
            score = min(score, 1 / (1 + exp(-pick.worth)))
            items.append(Suggestion(pick.card, score, pick.why()))
        return Suggestions(items, model.version or None, made.fallback, self._receipts.write(receipt), nonce)

    def _seed(self, who: str, model: LoadedModel) -> str:
        now = int(self._clock.now().timestamp())
        return f"{who}/{now // (_DAY if who else _HOUR)}/{model.version}"


def _shared_nonce(wish: Wish, model: LoadedModel, made: Made, hour: int) -> str:
    """Return a name that the same list has in every process for an hour."""
    whole = [wish.strip, model.version, str(hour), *(pick.card.id for pick in made.picks)]
    return blake2b("\n".join(whole).encode("utf-8", "surrogatepass"), digest_size=13).hexdigest()


def _place(tried: Tried, *, rival: bool = False) -> Place:
    return Place(b"", pool=len(tried.pool), usual=tried.usual, rival=rival)
