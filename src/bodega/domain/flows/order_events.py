"""Turn orders into the recommender's arrays, and measure models on them. Imports the training side, which is heavy."""

from array import array
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from bodega.domain.flows.training_reports import DAY_SECONDS, DataSize, EvaluationReport, Measured
from bodega.domain.orders.model import Order
from bodega.errors import InvalidError
from bodega.recsys.evaluate import Scores, evaluate
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import Repeat
from bodega.recsys.training import train


class OrderEvents(msgspec.Struct, frozen=True):
    """Orders as interactions: item i is `product_ids[i]`, ascending; users below `customers` are known by name."""

    interactions: Interactions
    product_ids: Sequence[str]
    size: DataSize

    @property
    def newest(self) -> float:
        """Return when the last order was placed, in days since 1970; 0 without orders."""
        return self.interactions.end if len(self.interactions) else 0.0

    def units_since(self, day: float) -> dict[str, int]:
        """Return how many units of each product were sold from a day on; products without are left out."""
        recent = self.interactions.time >= day
        units = np.bincount(
            self.interactions.item[recent], self.interactions.quantity[recent], minlength=len(self.product_ids)
        )
        return {self.product_ids[int(item)]: int(units[item]) for item in np.flatnonzero(units)}


def read_events(orders: Iterable[Order]) -> OrderEvents:
    """Read orders once, a few dozen bytes a line.

    A guest's order is a user of its own: it teaches what goes together.
    """
    customers: dict[str, int] = {}
    products: dict[str, int] = {}
    user, item, basket = array("i"), array("i"), array("i")
    when, quantity = array("d"), array("d")
    count = 0
    for order in orders:
        # Guests get negative numbers for now; they move behind the customers once those are counted.
        who = -1 - count if order.customer_id is None else customers.setdefault(order.customer_id, len(customers))
        for line in order.lines:
            user.append(who)
            item.append(products.setdefault(line.product_id, len(products)))
            basket.append(count)
            when.append(order.placed_at.timestamp() / DAY_SECONDS)
            quantity.append(line.quantity)
        count += 1
    users = np.array(user, np.int32)
    guests, places = np.unique(users[users < 0], return_inverse=True)
    users[users < 0] = len(customers) + places
    product_ids = sorted(products)
    rank = np.empty(len(product_ids), np.int32)
    rank[[products[p] for p in product_ids]] = np.arange(len(product_ids))
    interactions = Interactions.of(
        users,
        rank[np.array(item, np.int32)],
        time=np.array(when),
        quantity=np.array(quantity),
        order=np.array(basket, np.int32),
        n_users=len(customers) + len(guests),
        n_items=len(product_ids),
    )
    return OrderEvents(interactions, product_ids, DataSize(count, len(users), len(customers), len(product_ids)))


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
