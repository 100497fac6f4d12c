"""Decide what falls due when: one list of duties, each with how often it wants to be done."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bodega.domain.shop import Shop
from bodega.worker.relay import Relay

_log = logging.getLogger(__name__)
_PRICES = 100
_SWEEP = 1000
RETRAIN_EVERY = timedelta(hours=24)


@dataclass
class Duty:
    """Something to do every so often. `work` returns True if there is more to do at once."""

    name: str
    every: timedelta
    work: Callable[[], bool]
    due: datetime | None = field(default=None)

    def run(self, now: datetime) -> bool:
        """Do it if it is due.

        A failure is logged and tried again next time, so that one duty cannot stop the others.
        """
        if self.due is not None and now < self.due:
            return False
        try:
            more = self.work()
        except Exception:  # noqa: BLE001  # the edge of the process: whatever went wrong, the other duties go on
            _log.exception("duty failed", extra={"duty": self.name})
            more = False
        self.due = now if more else now + self.every
        return more


def duties_of(shop: Shop) -> list[Duty]:
    """Return everything that a shop's worker does, most urgent first."""
    return [
        Duty("index", timedelta(seconds=0.5), lambda: shop.indexer.catch_up() > 0),
        Duty("relay", timedelta(seconds=1), Relay(shop).work),
        Duty("relist", timedelta(seconds=1), lambda: shop.relister.work_once() > 0),
        Duty("jobs", timedelta(seconds=1), lambda: shop.jobs.work_once(limit=1) > 0),
        Duty("prices", timedelta(seconds=5), lambda: change_prices(shop)),
        Duty("expiry", timedelta(minutes=1), lambda: sweep(shop)),
        Duty("train", timedelta(minutes=1), lambda: train_if_due(shop)),
    ]


def work_until(stop: threading.Event, duties: Sequence[Duty], now: Callable[[], datetime]) -> None:
    """Do duties as they fall due until told to stop."""
    while not stop.is_set():
        busy = [duty.run(now()) for duty in duties if not stop.is_set()]
        if not any(busy):
            stop.wait(0.1)


def change_prices(shop: Shop) -> bool:
    """Show the prices whose time has come; True if there may be more."""
    due = shop.catalog.shelves.due_price_changes(shop.world.clock.now(), limit=_PRICES)
    for product_id in due:
        shop.catalog.products.reproject(product_id)
    return len(due) == _PRICES


def sweep(shop: Shop) -> bool:
    """Delete expired items for good; True if there may be more."""
    return shop.world.table.sweep_expired(limit=_SWEEP) == _SWEEP


def train_if_due(shop: Shop) -> bool:
    """Train when there has never been a model or the last is a day old; never True: once is enough."""
    if shop.trainer.due(every=RETRAIN_EVERY):
        shop.trainer.train()
    return False
