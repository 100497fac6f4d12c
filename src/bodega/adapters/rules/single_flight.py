"""Make a value once for all who ask for it at the same time, and notice what overtook it meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


class Flight:
    """A value that is being made: who makes it, and who waits for it."""

    def __init__(self) -> None:
        self.maker = threading.get_ident()
        self.future: Future[bytes] = Future()


class SingleFlight:
    """The values that threads of this process are making. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def overtake(self, key: str) -> None:
        """Let what is being made of a key be of the past: it will be returned, and not kept."""
        with self._lock:
            self._flights.pop(key, None)

    def make(
        self,
        key: str,
        make: Callable[[], bytes],
        *,
        find: Callable[[], bytes | None],
        keep: Callable[[bytes], None],
        drop: Callable[[], None],
    ) -> bytes:
        """Return what is found, what another thread is making already, or what `make` returns, and keep that.

        It is not kept if it was overtaken; `drop` takes back what was kept in that very moment. If `make` raises, all
        who wait get that error. A maker that asks for what it is making makes it once more.
        """
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                own = self._flights[key] = Flight()
        if flight is None:
            return self._fly(key, own, make, find=find, keep=keep, drop=drop)
        if flight.maker == threading.get_ident():
            return make()  # waiting for itself would last for ever
        return flight.future.result()

    def _fly(
        self,
        key: str,
        flight: Flight,
        make: Callable[[], bytes],
        *,
        find: Callable[[], bytes | None],
        keep: Callable[[bytes], None],
        drop: Callable[[], None],
    ) -> bytes:
        try:
            value = find()  # the flight before this one may have landed since the caller looked
            if value is None:
                value = make()
                if self._is_newest(key, flight):
                    keep(value)
                    if not self._land(key, flight):
                        drop()
        except BaseException as exc:
            self._land(key, flight)
            flight.future.set_exception(exc)
            raise
        self._land(key, flight)
        flight.future.set_result(value)
        return value

    def _is_newest(self, key: str, flight: Flight) -> bool:
        with self._lock:
            return self._flights.get(key) is flight

    def _land(self, key: str, flight: Flight) -> bool:
        """End a flight; False if it was overtaken."""
        with self._lock:
            if self._flights.get(key) is not flight:
                return False
            del self._flights[key]
            return True
