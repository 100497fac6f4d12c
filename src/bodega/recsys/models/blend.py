"""Blend the shopper's own past, what it says of other items, and what is popular: the default."""

from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.ease import Ease
from bodega.recsys.models.popularity import popularity
from bodega.recsys.serving import ItemTable, Mix, Repeat


class Blend(Model, frozen=True, kw_only=True, tag="blend"):
    """score = own / max own + table / max table + popular / max popular, with the weights of a mix.

    "Repeats allowed" and "new items only" are different questions with different best answers, so there
    is a mix for each; `tune.learn_mixes` learns them on a time split.
    """

    table: Ease | CoPurchase = Ease(half_life_days=150.0, ridge=50.0)
    popular_half_life_days: float = 28.0
    include: Mix = Mix(own=1.0, table=0.6, popular=0.2, own_half_life_days=120.0, table_half_life_days=60.0)
    exclude: Mix = Mix(own=0.0, table=1.0, popular=0.3, own_half_life_days=120.0, table_half_life_days=60.0)

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the table of the inner model and the popularity."""
        inner = self.table.fit(interactions, now=now)
        heard = popularity(interactions, now=now, half_life_days=self.popular_half_life_days)
        mixes: dict[Repeat, Mix] = {"include": self.include, "exclude": self.exclude}
        return ItemTable.of(inner.neighbours, inner.weights, heard, habit=inner.habit, mixes=mixes)
