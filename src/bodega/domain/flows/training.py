"""Train the recommender on the shop's orders and publish it, while the shop goes on serving."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from bodega.domain.catalog.service import Catalog
from bodega.domain.flows.following import resold
from bodega.domain.flows.indexing import Indexer
from bodega.domain.flows.order_log import OrderLog
from bodega.domain.flows.training_reports import DAY_SECONDS, EvaluationReport, TrainingReport, TuningReport
from bodega.domain.inventory.service import Inventory
from bodega.domain.orders.service import Orders
from bodega.domain.recommendations.artifacts import Manifest, ModelStore, new_version
from bodega.domain.recommendations.duels import Duels
from bodega.domain.recommendations.evidence import CHOSEN, LEARNT, ONE_MACHINE, Judgement, NotWorthItError, check_worth
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.recsys.serving import Repeat
from bodega.values.times import parse_time

if TYPE_CHECKING:
    from bodega.domain.recommendations.handover import Handover

_log = logging.getLogger(__name__)
MOST_DUEL = timedelta(days=28)
"""So long two versions compete before a new one is trained all the same."""
NEW_SHARE = 0.1
"""So many new orders for each that the model knows, but at most MOST_COUNTED, make training due."""
MOST_COUNTED = 250
SHORTEST_PAUSE = timedelta(minutes=5)
PAUSE_RATIO = 20.0


class Trainer:
    """Learns from all orders, publishes a version and lets the search index know what sells."""

    def __init__(
        self,
        *,
        orders: Orders,
        log: OrderLog,
        catalog: Catalog,
        inventory: Inventory,
        models: ModelStore,
        duels: Duels,
        indexer: Indexer,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._orders = orders
        self._order_log = log
        self._catalog = catalog
        self._inventory = inventory
        self._models = models
        self._duels = duels
        self._indexer = indexer
        self._clock = clock
        self._ids = ids

    def due(self, *, every: timedelta) -> bool:
        """Tell whether there is no model that can be used, none was trained for that long, or much is new.

        Going back to an earlier version is somebody's decision and makes nothing due; neither does anything while two
        versions compete, unless they go on for MOST_DUEL. What was learnt elsewhere is learnt anew elsewhere: there may
        be more orders than this machine can hold.
        """
        model, now = self._models.current(), self._clock.now()
        if model is None:
            return True
        if model.manifest.facts.get("engine", ONE_MACHINE) != ONE_MACHINE:
            return False
        duel = self._duels.read()
        if duel is not None and now - duel.started_at < MOST_DUEL:
            return False
        tried = self._models.last_tried() or parse_time(model.manifest.trained_at)
        return now - tried >= every or self._much_is_new(model.manifest, tried)

    def _much_is_new(self, manifest: Manifest, tried: datetime) -> bool:
        """Tell whether so many orders came since that a model of them would be another one.

        In a shop that has just sold its first thing that is soon; but training takes a twentieth of the time at most.
        """
        known = int(manifest.facts.get("orders", 0))
        pause = max(SHORTEST_PAUSE, timedelta(seconds=PAUSE_RATIO * float(manifest.facts.get("seconds", 0))))
        if known and self._clock.now() - tried < pause:
            return False
        wanted = max(1, min(MOST_COUNTED, int(known * NEW_SHARE)))
        cards = self._orders.list_cards(limit=wanted).rows
        # Orders from elsewhere are of the past whenever they come: all of them are new to a model that knows none.
        return len(cards) == wanted and (not known or cards[-1].placed_at > tried)

    def keep_up(self) -> bool:
        """Read what came of orders before the stream of changes forgets it; True if that was due."""
        return self._order_log.keep_up()

    def needed_from(self) -> int | None:
        """Return the position of the stream behind which the next training needs changes; None if it needs none."""
        return self._order_log.needed_from()

    def train(self, *, forced: bool = False) -> TrainingReport:
        """Train on everything there is and publish; with no orders at all, an empty and valid model.

        NotWorthItError if its lists were worth less than what is popular, unless `forced`, or nothing is in service: a
        shop without a model has no lists. Where too few customers came again to tell, it is published.
        """
        # scipy and the models cost tens of megabytes, which a process that only serves should not pay.
        from bodega.domain.flows.order_events import events_of  # noqa: PLC0415
        from bodega.domain.flows.tuning import settings_of  # noqa: PLC0415

        started = self._clock.now()
        events = events_of(self._order_log.read())
        now, current = events.as_of(started), self._models.current()
        settings = settings_of(events.interactions, current, now=now)
        handover = events.learnt_and_judged(now=now, settings=settings)
        if current is not None and handover.facts.judged is not None and not forced:
            self._check_worth(handover.facts.judged)
        chosen = msgspec.to_builtins(settings.model) if settings is not None else None
        return self._published(handover, started, chosen=chosen)

    def _check_worth(self, judged: Judgement) -> None:
        """Raise NotWorthItError, and remember that training was tried, or it would be due again at once."""
        try:
            check_worth(judged)
        except NotWorthItError:
            self._models.note_refused()
            raise

    def tune(self, *, seconds: float) -> TuningReport:
        """Choose model and parameters by a time split within so many seconds, train with them and publish.

        What is chosen is kept with the version, and later trainings use it. What is in service takes part, so that
        nothing is published that did worse. NotWorthItError if popularity did better, or too few customers can tell.
        """
        from bodega.domain.flows.order_events import events_of  # noqa: PLC0415  # heavy, as in train
        from bodega.domain.flows.tuning import chosen  # noqa: PLC0415

        started = self._clock.now()
        events = events_of(self._order_log.read())
        now = events.as_of(started)

        def left() -> float:
            return seconds - (self._clock.now() - started).total_seconds()

        choice = chosen(events.interactions, self._models.current(), now=now, seconds_left=left)
        check_worth(choice.judged)
        handover = events.learnt(now=now, settings=choice.settings, judged=choice.judged)
        report = self._published(handover, started, chosen=choice.kept)
        return TuningReport(report.version, choice.name, choice.trials, choice.judged, report.seconds)

    def publish(self, handover: "Handover", *, forced: bool = False) -> TrainingReport:
        """Publish what was learnt elsewhere from this shop's orders, for the products there are now.

        NotWorthItError if its lists were worth less than popularity's, or nobody knows what they were worth, unless
        `forced`.
        """
        if not forced:
            check_worth(handover.facts.judged)
        return self._published(handover, self._clock.now())

    def _published(
        self, handover: "Handover", started: datetime, *, chosen: Mapping[str, Any] | None = None
    ) -> TrainingReport:
        from bodega.domain.flows.assorting import assort  # noqa: PLC0415  # heavy, as in train

        parts = assort(
            handover,
            self._catalog.products.all(),
            tree=self._catalog.taxonomy.tree(current=True),
            inventory=self._inventory,
            now=started,
        )
        before, sold, facts = self._models.sold(), handover.sold, handover.facts
        current = self._models.current()
        kept = chosen or (current.manifest.facts.get(CHOSEN) if current is not None else None)
        here = (self._clock.now() - started).total_seconds()
        manifest = self._models.publish(
            new_version(started, self._ids.new("model")),
            as_of=datetime.fromtimestamp(facts.as_of_days * DAY_SECONDS, UTC),
            parts=parts,
            sold=sold,
            facts=msgspec.to_builtins(facts.size)
            | {"seconds": facts.seconds + here, "engine": facts.engine, "judged": msgspec.to_builtins(facts.judged)}
            | {LEARNT: msgspec.to_builtins(handover.trained.metadata.model)}
            | ({CHOSEN: kept} if kept else {}),
        )
        self._indexer.reindex(resold(before, sold))
        self._models.prune(also_kept=self._duels.in_use())
        seconds = (self._clock.now() - started).total_seconds()
        _log.info("recommender trained", extra={"version": manifest.version, "seconds": seconds})
        return TrainingReport(manifest.version, facts.size, seconds)

    def evaluate(self, *, days: float, k: int, repeat: Repeat) -> EvaluationReport:
        """Train on all but the last days and measure on them, beside popularity; nothing is published."""
        from bodega.domain.flows.order_events import compare, events_of  # noqa: PLC0415  # heavy, as in train

        return compare(events_of(self._order_log.read()), days=days, k=k, repeat=repeat)
