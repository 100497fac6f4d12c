"""Do a worker's prompt duties and deliveries on a data folder, and be killed in the middle of them.

Run as a program: folder, how far the clock is ahead in seconds, and after how many seconds of work to die, 0 for never.
"""

import ipaddress
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from bodega.adapters.system.clock import SystemClock
from bodega.settings import Settings
from bodega.wiring import open_shop
from bodega.worker.couriers import Couriers
from bodega.worker.duties import courier_duties, prompt_duties, work_until

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class ClockAhead:
    """The machine's clock and a constant: for whom it goes ahead, the leases of the dead are over."""

    def __init__(self, seconds):
        self._clock, self._ahead = SystemClock(), timedelta(seconds=seconds)

    def now(self):
        return self._clock.now() + self._ahead


def main(folder, ahead, dies_after):
    settings = Settings.for_directory(Path(folder), outgoing_allow=LOOPBACK)
    shop = open_shop(settings, clock=ClockAhead(float(ahead)))
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    if float(dies_after):
        timer = threading.Timer(float(dies_after), lambda: os.kill(os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    couriers = Couriers(shop)
    work_until(stop, [*prompt_duties(shop), *courier_duties(couriers)], shop.world.clock.now)
    couriers.stop(10)
    shop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
