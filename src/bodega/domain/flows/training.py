"""Train the recommender on the shop's orders and publish it, while the shop goes on serving."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from bodega.domain.catalog.service import Catalog
from bodega.domain.flows.indexing import Indexer
from bodega.domain.flows.training_reports import DAY_SECONDS, EvaluationReport, TrainingReport
from bodega.domain.inventory.service import Inventory
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.artifacts import ModelStore, new_version
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.recsys.serving import Repeat
from bodega.values.times import parse_time

_log = logging.getLogger(__name__)
BEST_SELLING_DAYS = 90


class Trainer:
    """Reads all orders, trains, publishes a version and lets the search index know what sells."""

    def __init__(
        self,
        *,
        orders: Orders,
        catalog: Catalog,
        inventory: Inventory,
        models: ModelStore,
        indexer: Indexer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._orders = orders
        self._catalog = catalog
        self._inventory = inventory
        self._models = models
        self._indexer = indexer
        self._clock = clock
        self._ids = ids

    def due(self, *, every: timedelta) -> bool:
        """Tell whether there is no model that can be used, or none was published for that long.

        Going back to an earlier version is somebody's decision and makes nothing due.
        """
        model = self._models.current()
        if model is None:
            return True
        published = self._models.last_published() or parse_time(model.manifest.trained_at)
        return self._clock.now() - published >= every

    def train(self) -> TrainingReport:
        """Train on everything there is and publish; with no orders at all, an empty and valid model."""
        # scipy and the models cost tens of megabytes, which a process that only serves should not pay.
        from bodega.domain.flows.assorting import assort  # noqa: PLC0415
        from bodega.domain.flows.order_events import read_events  # noqa: PLC0415
        from bodega.recsys.training import train  # noqa: PLC0415

        started = self._clock.now()
        events = read_events(self._orders.all())
        # A shop that sold nothing lately is not a shop that forgot everything: time counts from the newest order.
        as_of = min(started.timestamp() / DAY_SECONDS, events.newest)
        trained = train(events.interactions, now=as_of)
        parts = assort(
            trained,
            events,
            self._catalog.products.all(),
            tree=self._catalog.taxonomy.tree(current=True),
            inventory=self._inventory,
            now=started,
            as_of_days=as_of,
        )
        before = self._models.sold()
        sold = events.units_since(as_of - BEST_SELLING_DAYS)
        manifest = self._models.publish(
            new_version(started, self._ids.new("model")),
            as_of=datetime.fromtimestamp(as_of * DAY_SECONDS, UTC),
            parts=parts,
            sold=sold,
            facts=msgspec.to_builtins(events.size),
        )
        self._indexer.reindex(_changed(before, sold))
        self._models.prune()
        seconds = (self._clock.now() - started).total_seconds()
        _log.info("recommender trained", extra={"version": manifest.version, "seconds": seconds})
        return TrainingReport(manifest.version, events.size, seconds)

    def evaluate(self, *, days: float, k: int, repeat: Repeat) -> EvaluationReport:
        """Train on all but the last days and measure on them, beside popularity; nothing is published."""
        from bodega.domain.flows.order_events import compare, read_events  # noqa: PLC0415  # heavy, as in train

        return compare(read_events(self._orders.all()), days=days, k=k, repeat=repeat)


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    return sorted(p for p in before.keys() | after.keys() if before.get(p, 0) != after.get(p, 0))
