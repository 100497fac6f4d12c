"""Turn orders into the recommender's arrays, and measure models on them. Imports the training side, which is heavy."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.domain.flows.training_reports import DAY_SECONDS, EvaluationReport, Measured
from bodega.domain.orders.model import Order
from bodega.domain.recommendations.evidence import ONE_MACHINE, DataSize, Judgement
from bodega.domain.recommendations.handover import FORMAT, Facts, Handover
from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices
from bodega.recsys.demand import Demand
from bodega.recsys.evaluate import Scores, evaluate
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import Repeat
from bodega.recsys.training import TrainSettings, train

_PACKED_AT_ONCE = 10_000


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
        """Learn from the events on this machine; `now` is in days since 1970."""
        return Handover(
            train(self.interactions, now=now, settings=settings),
            Demand.of(self.interactions, now=now),
            self.product_ids,
            Facts(format=FORMAT, engine=ONE_MACHINE, as_of_days=now, seconds=0.0, size=self.size, judged=judged),
        )


def read_events(orders: Iterable[Order]) -> OrderEvents:
    """Read orders once, a few dozen bytes a line, and number everything by its id, in whatever order it came.

    A guest's order is a user of its own: it teaches what goes together. Guests are numbered behind the customers.
    """
    baskets = _Names()
    customers: dict[str, int] = {}
    products: dict[str, int] = {}
    user, item, basket = array("i"), array("i"), array("i")
    when, quantity = array("d"), array("d")
    count = 0
    for order in orders:
        baskets.add(order.id)
        who = -1 if order.customer_id is None else customers.setdefault(order.customer_id, len(customers))
        for line in order.lines:
            user.append(who)
            item.append(products.setdefault(line.product_id, len(products)))
            basket.append(count)
            when.append(order.placed_at.timestamp() / DAY_SECONDS)
            quantity.append(line.quantity)
        count += 1
    orders_ranked = baskets.ranks()[np.array(basket, np.int32)]
    users = np.array(user, np.int32)
    by_guest = users < 0
    guests, places = np.unique(orders_ranked[by_guest], return_inverse=True)
    users[~by_guest] = _ranks(customers)[users[~by_guest]]
    users[by_guest] = len(customers) + places
    interactions = Interactions.of(
        users,
        _ranks(products)[np.array(item, np.int32)],
        time=np.array(when),
        quantity=np.array(quantity),
        order=orders_ranked,
        n_users=len(customers) + len(guests),
        n_items=len(products),
    )
    return OrderEvents(interactions, sorted(products), DataSize(count, len(users), len(customers), len(products)))


def _ranks(numbers: Mapping[str, int]) -> Indices:
    """Return for each number the place of its name among all names."""
    rank = np.empty(len(numbers), np.int32)
    rank[[numbers[name] for name in sorted(numbers)]] = np.arange(len(numbers))
    return rank


class _Names:
    """Ids, each added once, in the room that their bytes take."""

    def __init__(self) -> None:
        self._packed: list[NDArray[np.bytes_]] = []
        self._loose: list[bytes] = []

    def add(self, name: str) -> None:
        self._loose.append(name.encode())
        if len(self._loose) == _PACKED_AT_ONCE:
            self._pack()

    def ranks(self) -> Indices:
        """Return for each name, in order of adding, its place among all names."""
        self._pack()
        order = np.argsort(np.concatenate(self._packed), kind="stable")
        rank = np.empty(order.size, np.int32)
        rank[order] = np.arange(order.size)
        return rank

    def _pack(self) -> None:
        self._packed.append(np.array(self._loose, dtype="S"))
        self._loose.clear()


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
