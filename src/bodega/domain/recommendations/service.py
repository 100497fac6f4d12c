"""Turn a shopper's history into lists of products with true reasons."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
import numpy as np

from bodega.domain.recommendations.artifacts import LoadedModel, ModelStore
from bodega.domain.recommendations.model import Reason, ReasonCode, Scored
from bodega.recsys.history import History
from bodega.recsys.serving import FROM_OWN_PAST, Ranked, Repeat
from bodega.values.times import parse_time


class Taken(msgspec.Struct, frozen=True):
    """A product in a shopper's history and how many days ago it got there."""

    product_id: str
    age_days: float


class Recommendations:
    """Lists from the model in service. Every list may be shorter than asked for only when the catalogue is."""

    def __init__(self, *, models: ModelStore) -> None:
        self.models = models

    def version(self) -> str | None:
        """Return the version of the model in service."""
        model = self.models.current()
        return model.version if model else None

    def as_of(self) -> datetime | None:
        """Return the moment from which the model in service counts ages, None before the first."""
        model = self.models.current()
        return parse_time(model.manifest.as_of) if model else None

    def for_history(
        self,
        history: Sequence[Taken],
        *,
        limit: int,
        repeat: Repeat = "exclude",
        without: Collection[str] = (),
    ) -> list[Scored]:
        """Return what suits a history; with an empty one, what is popular now. Empty before the first training."""
        model = self.models.current()
        if model is None or not model.recommender.n_items:
            return []
        known = model.indices([taken.product_id for taken in history])
        kept = known >= 0
        ages = np.array([taken.age_days for taken in history], dtype=np.float64)
        barred = model.indices(list(without))
        ranked = model.recommender.recommend(
            History(known[kept], ages[kept]), k=limit, repeat=repeat, exclude=barred[barred >= 0]
        )
        return _scored(model, ranked)

    def similar(self, product_id: str, *, limit: int) -> list[Scored]:
        """Return products that the same customers take."""
        return self._neighbours(product_id, "similar", limit)

    def bought_together(self, product_id: str, *, limit: int) -> list[Scored]:
        """Return products that stand in the same orders."""
        return self._neighbours(product_id, "bought_together", limit)

    def trending(self, *, limit: int) -> list[Scored]:
        """Return what is popular now, whoever asks."""
        return self.for_history((), limit=limit)

    def _neighbours(self, product_id: str, code: ReasonCode, limit: int) -> list[Scored]:
        model = self.models.current()
        if model is None:
            return []
        item = int(model.indices([product_id])[0])
        table = model.together if code == "bought_together" else model.recommender
        near, weights = table.similar(item, k=limit)
        return [
            Scored(model.product(int(n)), float(w), Reason(code, (product_id,)))
            for n, w in zip(near, weights, strict=True)
        ]


def _scored(model: LoadedModel, ranked: Ranked) -> list[Scored]:
    rows = zip(ranked.items, ranked.scores, ranked.contributors, ranked.sources, strict=True)
    return [
        Scored(
            model.product(int(item)),
            float(score),
            _reason(model, int(source), [int(c) for c in because if c >= 0]),
        )
        for item, score, because, source in rows
    ]


def _reason(model: LoadedModel, source: int, because: Sequence[int]) -> Reason:
    if source == FROM_OWN_PAST:
        return Reason("buy_again", [model.product(c) for c in because])
    # An item that popularity alone would have listed still stands where it does because of what was bought.
    if because:
        return Reason("because_you_bought", [model.product(c) for c in because])
    return Reason("trending")
