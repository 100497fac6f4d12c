"""Run a shop's duties until told to stop: one worker at a time works on a data folder, others stand by."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from bodega.domain.shop import Shop
from bodega.worker.couriers import Couriers
from bodega.worker.duties import courier_duties, letter_duties, long_duties, prompt_duties, work_until

_log = logging.getLogger(__name__)
_FINISH_SECONDS = 5.0
_COURIER_SECONDS = 2.0
_SWITCH_SECONDS = 0.0005


def run(shop: Shop, stop: threading.Event, *, beside: Sequence[Callable[[threading.Event], object]] = ()) -> bool:
    """Work until `stop` is set, then close the shop; False if somebody is still at it and the shop open.

    `beside` is what else goes on until then, each in a thread of its own.
    Whoever gets False may end the process: everything is written so that a process may die at any time.
    """
    # Beside a thread that trains, the writer thread would wait five milliseconds for each of its turns.
    sys.setswitchinterval(_SWITCH_SECONDS)
    now = shop.world.clock.now
    # Letters have a thread of their own: a mail server may take its time, and so may a training.
    others = [
        threading.Thread(target=work_until, args=(stop, duties, now), daemon=True)
        for duties in (long_duties(shop), letter_duties(shop))
    ]
    others += [threading.Thread(target=one, args=(stop,), daemon=True) for one in beside]
    _log.info("worker started")
    for thread in others:
        thread.start()
    couriers = Couriers(shop)
    work_until(stop, [*prompt_duties(shop), *courier_duties(couriers)], now)
    at_home = couriers.stop(_COURIER_SECONDS)
    for thread in others:
        thread.join(_FINISH_SECONDS)
    if any(thread.is_alive() for thread in others) or not at_home:
        _log.warning("worker stopped in the middle of long work, which the next one takes up")
        return False
    shop.close()
    _log.info("worker stopped")
    return True


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set. Must be called from the main thread."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop
