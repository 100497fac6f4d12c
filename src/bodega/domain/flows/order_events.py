"""Turn orders into the recommender's arrays, and measure models on them. Imports the training side, which is heavy."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import numpy as np

from bodega.domain.flows.order_lines import OrderLines
from bodega.domain.flows.training_reports import DAY_SECONDS, EvaluationReport, Measured
from bodega.domain.orders.model import Order
from bodega.domain.recommendations.evidence import ONE_MACHINE, DataSize, Judgement
from bodega.domain.recommendations.handover import FORMAT, Facts, Handover
from bodega.errors import InvalidError
from bodega.recsys.demand import Demand
from bodega.recsys.evaluate import Scores, evaluate
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import Repeat
from bodega.recsys.training import TrainedModel, TrainSettings, train, train_and_judge


class OrderEvents(msgspec.Struct, frozen=True):
    """Orders as interactions: item i is `product_ids[i]`, ascending; users below `customers` are known by name."""

    interactions: Interactions
    product_ids: Sequence[str]
    size: DataSize

    @property
    def newest(self) -> float:
        """Return when the last order was placed, in days since 1970; 0 without orders."""
        return self.interactions.end if len(self.interactions) else 0.0

    def as_of(self, moment: datetime) -> float:
        """Return from when ages count, in days since 1970: the newest order, or the moment if that is earlier.

        A shop that sold nothing lately is not a shop that forgot everything.
        """
        return min(moment.timestamp() / DAY_SECONDS, self.newest)

    def learnt(self, *, now: float, settings: TrainSettings | None = None, judged: Judgement | None = None) -> Handover:
        """Learn from the events on this machine; `now` is in days since 1970, `judged` what is known of it."""
        return self._handover(train(self.interactions, now=now, settings=settings), now, judged)

    def learnt_and_judged(self, *, now: float, settings: TrainSettings | None = None) -> Handover:
        """Learn what `learnt` does, and let those who came again in the last weeks say what it is worth, if any did."""
        trained, worth = train_and_judge(self.interactions, now=now, settings=settings)
        return self._handover(trained, now, Judgement(**worth._asdict()) if worth is not None else None)

    def _handover(self, trained: TrainedModel, now: float, judged: Judgement | None) -> Handover:
        return Handover(
            trained,
            Demand.of(self.interactions, now=now),
            self.product_ids,
            Facts(format=FORMAT, engine=ONE_MACHINE, as_of_days=now, seconds=0.0, size=self.size, judged=judged),
        )


def read_events(orders: Iterable[Order]) -> OrderEvents:
    """Read orders once and number everything by its id, in whatever order it came."""
    return events_of(OrderLines.of(orders))


def events_of(lines: OrderLines) -> OrderEvents:
    """Return lines as interactions, customers, products and orders numbered by their ids.

    A guest's order is a user of its own: it teaches what goes together. Guests are numbered behind the customers.
    """
    customers, products = lines.customer_ids.size, lines.product_ids.size
    guests = (lines.customer < 0) & (lines.sizes > 0)
    users = np.where(guests, customers - 1 + np.cumsum(guests), lines.customer).astype(np.int32)
    interactions = Interactions.of(
        np.repeat(users, lines.sizes),
        lines.product,
        time=np.repeat(lines.placed, lines.sizes),
        quantity=lines.quantity,
        order=np.repeat(np.arange(users.size, dtype=np.int32), lines.sizes),
        n_users=customers + int(guests.sum()),
        n_items=products,
    )
    size = DataSize(users.size, lines.product.size, customers, products)
    return OrderEvents(interactions, [bytes(name).decode() for name in lines.product_ids], size)


def compare(events: OrderEvents, *, days: float, k: int, repeat: Repeat) -> EvaluationReport:
    """Train the shop's model and popularity on all but the last days and measure both on those.

    Parameters are chosen on the training part only. InvalidError if either part would be empty.
    """
    everything = events.interactions
    if not len(everything):
        raise InvalidError("there are no orders to learn from")
    cut = everything.end - days
    past, future = everything.split_at(cut)
    # Only who was known by the cut can be asked; guests, numbered behind the customers, have no lists.
    asked = np.intersect1d(past.user, future.user).astype(np.int32)
    asked = asked[asked < events.size.customers]
    if not len(past) or not len(asked):
        raise InvalidError(f"a test of the last {days:g} days leaves nothing to learn from, or nobody to ask")
    tables = {
        "shop (blend)": train(past, now=cut).recommender,
        "popularity, 28 days": Popularity().fit(past, now=cut),
    }
    models = [
        _measured(name, evaluate(table, past, future, now=cut, k=k, repeat=repeat, users=asked))
        for name, table in tables.items()
    ]
    return EvaluationReport(k, repeat, days, int(asked.size), len(past), models)


def _measured(name: str, scores: Scores) -> Measured:
    return Measured(
        model=name,
        recall=scores.recall.mean,
        recall_error=scores.recall.error,
        ndcg=scores.ndcg.mean,
        ndcg_error=scores.ndcg.error,
        hit_rate=scores.hit_rate.mean,
        coverage=scores.coverage,
        novelty=scores.novelty,
    )
