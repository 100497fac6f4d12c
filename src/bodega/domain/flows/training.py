"""Train the recommender on the shop's orders and publish it, while the shop goes on serving."""

import logging
from array import array
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.domain.flows.indexing import Indexer
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.artifacts import ModelStore, new_version
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.values.times import parse_time

_log = logging.getLogger(__name__)
_DAY = 86400.0
BEST_SELLING_DAYS = 90


class TrainingReport(msgspec.Struct, frozen=True):
    """What a training used and made."""

    version: str
    orders: int
    events: int
    customers: int
    products: int
    seconds: float


class Trainer:
    """Reads all orders, trains, publishes a version and lets the search index know what sells."""

    def __init__(self, *, orders: Orders, models: ModelStore, indexer: Indexer, clock: Clock, ids: Ids) -> None:
        self._orders = orders
        self._models = models
        self._indexer = indexer
        self._clock = clock
        self._ids = ids

    def due(self, *, every: timedelta) -> bool:
        """Tell whether there is no model yet or the one in service is older than that."""
        model = self._models.current()
        if model is None:
            return self._models.current_version() is None
        return self._clock.now() - parse_time(model.manifest.trained_at) >= every

    def train(self) -> TrainingReport:
        """Train on everything there is and publish; with no orders at all, an empty and valid model."""
        # scipy and the models cost tens of megabytes, which a process that only serves should not pay.
        from bodega.recsys.interactions import Interactions  # noqa: PLC0415
        from bodega.recsys.training import train  # noqa: PLC0415

        started = self._clock.now()
        events = _Events()
        orders = 0
        recent = started - timedelta(days=BEST_SELLING_DAYS)
        sold: Counter[str] = Counter()
        for order in self._orders.all():
            customer = order.customer_id or order.id
            when = order.placed_at.timestamp() / _DAY
            for line in order.lines:
                events.add(customer, line.product_id, when, line.quantity, orders)
                if order.placed_at >= recent:
                    sold[line.product_id] += line.quantity
            orders += 1
        arrays, product_ids, customers = events.arrays()
        interactions = Interactions.of(**arrays, n_users=customers, n_items=len(product_ids))
        trained = train(interactions, now=started.timestamp() / _DAY)
        before = self._models.sold()
        manifest = self._models.publish(
            new_version(started, self._ids.new("model")),
            arrays=trained.to_arrays(),
            product_ids=product_ids,
            mixes={"include": trained.metadata.model.include, "exclude": trained.metadata.model.exclude},
            sold=sold,
            facts={
                "orders": orders,
                "events": len(events),
                "customers": customers,
                "products": len(product_ids),
            },
        )
        self._indexer.reindex(_changed(before, sold))
        seconds = (self._clock.now() - started).total_seconds()
        _log.info("recommender trained", extra={"version": manifest.version, "orders": orders, "seconds": seconds})
        return TrainingReport(manifest.version, orders, len(events), customers, len(product_ids), seconds)


class _Events:
    """Order lines as they are read, ids turned into numbers, 28 bytes each; strings are kept once."""

    def __init__(self) -> None:
        self._customers: dict[str, int] = {}
        self._products: dict[str, int] = {}
        self._user, self._item, self._order = array("i"), array("i"), array("i")
        self._when, self._quantity = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._user)

    def add(self, customer: str, product: str, when: float, quantity: int, order: int) -> None:
        self._user.append(self._customers.setdefault(customer, len(self._customers)))
        self._item.append(self._products.setdefault(product, len(self._products)))
        self._when.append(when)
        self._quantity.append(quantity)
        self._order.append(order)

    def arrays(self) -> tuple[dict[str, NDArray[Any]], list[str], int]:
        """Return parallel arrays, the products in ascending order (item i is the i-th), and the number of customers."""
        product_ids = sorted(self._products)
        rank = np.empty(len(product_ids), np.int32)
        for place, product in enumerate(product_ids):
            rank[self._products[product]] = place
        arrays = {
            "user": np.array(self._user, np.int32),
            "item": rank[np.array(self._item, np.int32)],
            "time": np.array(self._when, np.float64),
            "quantity": np.array(self._quantity, np.float32),
            "order": np.array(self._order, np.int32),
        }
        return arrays, product_ids, len(self._customers)


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    return sorted(p for p in before.keys() | after.keys() if before.get(p, 0) != after.get(p, 0))
