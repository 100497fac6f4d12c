"""Run a shop's duties until told to stop: one worker at a time works on a data folder, others stand by."""

import logging
import signal
import threading
from types import FrameType

from bodega.domain.shop import Shop
from bodega.worker.duties import duties_of, work_until

_log = logging.getLogger(__name__)


def run(shop: Shop, stop: threading.Event) -> None:
    """Work until `stop` is set, then close the shop."""
    _log.info("worker started")
    try:
        work_until(stop, duties_of(shop), shop.world.clock.now)
    finally:
        shop.close()
        _log.info("worker stopped")


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set. Must be called from the main thread."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop
