"""Keep couriers at work on what is due at each endpoint, so many for each that none can take another's."""

import logging
import threading
import time
from collections import Counter

from bodega.domain.shop import Shop

_log = logging.getLogger(__name__)
PER_ENDPOINT = 8
_TO_A_FAILING_ONE = 1


class Couriers:
    """Threads that work on lanes: at most eight an endpoint, and one while it fails.

    A receiver that is slow or dead holds up its own couriers and nobody else's: there are 32 endpoints at most, so that
    no bound above all of them is needed.
    """

    def __init__(self, shop: Shop) -> None:
        self._webhooks = shop.webhooks
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._most: dict[str, int] = {}
        self._lanes: set[str] = set()
        self._threads: set[threading.Thread] = set()
        self._over = threading.Event()

    def dispatch(self) -> bool:
        """Send couriers out for what is due and return at once; never True: they look for more by themselves."""
        for endpoint in self._webhooks.endpoints.list():
            if endpoint.status == "enabled":
                self._most[endpoint.id] = PER_ENDPOINT if endpoint.failing_since is None else _TO_A_FAILING_ONE
                self._top_up(endpoint.id)
        return False

    def stop(self, wait_seconds: float) -> bool:
        """Begin nothing new and wait for what is under way; False if some still is, which another will take up."""
        self._over.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(wait_seconds)
            wait_seconds = wait_seconds if not thread.is_alive() else 0
        return not any(thread.is_alive() for thread in threads)

    def finish(self, wait_seconds: float) -> bool:
        """See through what is due now, for at most that long, and stop; False if some is still under way."""
        ends = time.monotonic() + wait_seconds
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return self.stop(0)

    def _top_up(self, endpoint_id: str) -> None:
        free = self._most[endpoint_id] - self._busy[endpoint_id]
        if free <= 0 or self._over.is_set():
            return
        for lane in self._webhooks.courier.due(endpoint_id, limit=free):
            with self._lock:
                if lane in self._lanes:
                    continue  # its courier is about to claim it
                self._lanes.add(lane)
                self._busy[endpoint_id] += 1
                thread = threading.Thread(target=self._run, args=(endpoint_id, lane), daemon=True)
                self._threads.add(thread)
            thread.start()

    def _run(self, endpoint_id: str, lane: str) -> None:
        try:
            while lane and not self._over.is_set():
                self._webhooks.courier.work(lane)
                lane = self._next(endpoint_id, lane)
        except Exception:  # noqa: BLE001  # the edge of the thread: the lane is due again when its claim ends
            _log.exception("courier failed", extra={"lane": lane})
        finally:
            with self._lock:
                self._lanes.discard(lane)
                self._busy[endpoint_id] -= 1
                self._threads.discard(threading.current_thread())

    def _next(self, endpoint_id: str, done: str) -> str:
        """Return another lane that is due and nobody of ours is at; empty if there is none, or are too many of us."""
        due = self._webhooks.courier.due(endpoint_id, limit=2 * PER_ENDPOINT)
        with self._lock:
            self._lanes.discard(done)
            if self._busy[endpoint_id] > self._most[endpoint_id]:
                return ""
            found = next((lane for lane in due if lane not in self._lanes), "")
            if found:
                self._lanes.add(found)
        return found
