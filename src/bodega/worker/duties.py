"""Decide what falls due when: one list of duties, each with how often it wants to be done."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bodega.domain.recommendations.evidence import NotWorthItError
from bodega.domain.shop import Shop
from bodega.worker.couriers import Couriers
from bodega.worker.payments import deliver_webhooks
from bodega.worker.relay import Relay

_log = logging.getLogger(__name__)
_PRICES = 100
_SWEEP = 1000
_HOLDS = 100
_CHECKOUTS = 100
_IDLE_SECONDS = 0.1
_LONGEST_PAUSE = timedelta(minutes=1)
_MAX_DOUBLINGS = 10
RETRAIN_EVERY = timedelta(hours=24)


@dataclass
class Duty:
    """Something to do every so often. `work` returns True if there is more to do at once."""

    name: str
    every: timedelta
    work: Callable[[], bool]
    due: datetime | None = field(default=None)
    failures: int = field(default=0)

    def run(self, now: datetime) -> bool:
        """Do it if it is due; True if there is more to do.

        A failure is logged and tried again, after longer and longer pauses, so that one duty neither stops the others
        nor fills the log.
        """
        if self.due is not None and now < self.due:
            return False
        try:
            more = self.work()
        except Exception:  # noqa: BLE001  # the edge of the process: whatever went wrong, the other duties go on
            _log.exception("duty failed", extra={"duty": self.name})
            self.due = now + self._pause()
            self.failures += 1
            return False
        self.failures = 0
        self.due = now if more else now + self.every
        return more

    def _pause(self) -> timedelta:
        grown = self.every * (1 << min(self.failures, _MAX_DOUBLINGS))
        return max(self.every, min(grown, _LONGEST_PAUSE))


def prompt_duties(shop: Shop) -> list[Duty]:
    """Return what people wait for, most urgent first: each takes moments."""
    return [
        Duty("index", timedelta(seconds=0.5), lambda: shop.indexer.catch_up() > 0),
        Duty("relay", timedelta(seconds=1), Relay(shop).work),
        Duty("payments", timedelta(seconds=1), lambda: deliver_webhooks(shop)),
        Duty(
            "checkouts", timedelta(seconds=5), lambda: shop.checkout_recovery.work_once(limit=_CHECKOUTS) >= _CHECKOUTS
        ),
        Duty("events", timedelta(seconds=0.5), lambda: shop.webhooks.fan_out.work_once() > 0),
        Duty("reviews", timedelta(seconds=1), lambda: shop.reviewing.work_once() > 0),
        Duty("credits", timedelta(seconds=1), lambda: shop.crediting.work_once() > 0),
        Duty("counts", timedelta(seconds=1), lambda: shop.counting.work_once() > 0),
        Duty("relist", timedelta(seconds=1), lambda: shop.relister.work_once() > 0),
        Duty("prices", timedelta(seconds=5), lambda: change_prices(shop)),
        Duty("sweep-holds", timedelta(seconds=10), lambda: shop.holds.sweep(limit=_HOLDS) == _HOLDS),
        Duty("buckets", timedelta(seconds=10), lambda: shop.stock.tend() > 0),
        Duty("expiry", timedelta(minutes=1), lambda: sweep(shop)),
    ]


def courier_duties(couriers: Couriers) -> list[Duty]:
    """Return what sends couriers out; they do their work in threads of their own."""
    return [Duty("couriers", timedelta(seconds=0.1), couriers.dispatch)]


def letter_duties(shop: Shop) -> list[Duty]:
    """Return what writes to people: it waits for a mail server."""
    return [Duty("mail", timedelta(seconds=1), lambda: shop.mailer.work_once() > 0)]


def long_duties(shop: Shop) -> list[Duty]:
    """Return what may take minutes and must not hold up the rest."""
    return [
        Duty("jobs", timedelta(seconds=1), lambda: shop.jobs.work_once(limit=1) > 0),
        Duty("lists", timedelta(minutes=1), lambda: catch_up_lists(shop)),
        Duty("tidy index", timedelta(minutes=1), lambda: tidy_index(shop)),
        Duty("train", timedelta(minutes=1), lambda: train_if_due(shop)),
        Duty("leftovers", timedelta(hours=1), lambda: remove_leftovers(shop)),
    ]


def work_until(stop: threading.Event, duties: Sequence[Duty], now: Callable[[], datetime]) -> None:
    """Do duties as they fall due until told to stop."""
    while not stop.is_set():
        busy = [duty.run(now()) for duty in duties if not stop.is_set()]
        if not any(busy):
            stop.wait(_IDLE_SECONDS)


def change_prices(shop: Shop) -> bool:
    """Show the prices whose time has come; True if there may be more. One bad product does not hold up the rest."""
    due = shop.catalog.shelves.due_price_changes(shop.world.clock.now(), limit=_PRICES)
    changed = 0
    for product_id in due:
        try:
            changed += shop.catalog.products.reproject(product_id)
        except Exception:  # noqa: BLE001  # it stays due and is tried again with the next round
            _log.exception("price not changed", extra={"product": product_id})
    return len(due) == _PRICES and changed > 0


def sweep(shop: Shop) -> bool:
    """Delete expired items for good; True if there may be more."""
    return shop.world.table.sweep_expired(limit=_SWEEP) == _SWEEP


def catch_up_lists(shop: Shop) -> bool:
    """Complete the lists that an import left behind, whether it goes on or was killed; never True: all is done."""
    shop.catalog.products.catch_up_lists()
    return False


def tidy_index(shop: Shop) -> bool:
    """Rid the search index of what changes left behind when that is most of it; never True: once is enough."""
    shop.indexer.tidy()
    return False


def remove_leftovers(shop: Shop) -> bool:
    """Remove uploads that nothing came of; never True: all that are old go at once."""
    removed = shop.leftovers.remove()
    if removed:
        _log.info("leftovers removed", extra={"files": removed})
    return False


def train_if_due(shop: Shop) -> bool:
    """Train when there has never been a model or the last is a day old; never True: once is enough.

    If not, let training not fall so far behind that the changes it needs are forgotten.
    """
    if shop.trainer.due(every=RETRAIN_EVERY):
        try:
            shop.trainer.train()
        except NotWorthItError as exc:
            _log.info("the model in service stays", extra={"reason": exc.message})
    else:
        shop.trainer.keep_up()
    return False
