"""Remember bytes for a while in this process's memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from bodega.adapters.rules.single_flight import SingleFlight
from bodega.errors import InvalidError
from bodega.ports.clock import Clock

_ENTRY_BYTES = 300  # what CPython spends on an entry besides its key and value, about


class _Entry(NamedTuple):
    value: bytes | int
    since: float
    until: float
    size_bytes: int


class ProcessCache:
    """The least recently used go first when `max_bytes` are full; every process has a memory of its own."""

    def __init__(self, *, clock: Clock, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._lock = threading.Lock()
        self._values: OrderedDict[str, _Entry] = OrderedDict()
        self._flights = SingleFlight()

    def get(self, key: str) -> bytes | None:
        """Return the value unless it expired or had to go."""
        now = self._now()
        with self._lock:
            return self._find(_value(key), now)  # type: ignore[return-value]  # counters have other keys

    def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Remember the value; one larger than the whole memory is forgotten at once."""
        _check_ttl(ttl_seconds)
        self._flights.overtake(key)
        self._keep(key, value, ttl_seconds)

    def delete(self, key: str) -> None:
        """Forget the value."""
        self._flights.overtake(key)
        self._forget(key)

    def count(self, key: str, *, ttl_seconds: float) -> int:
        """Add one to a counter and return it; other processes count for themselves."""
        _check_ttl(ttl_seconds)
        now = self._now()
        with self._lock:
            entry = self._values.get(_counter(key))
            number = self._find(_counter(key), now)
            if entry is None or not isinstance(number, int):
                self._store(_counter(key), 1, now, now + ttl_seconds)
                return 1
            self._values[_counter(key)] = entry._replace(value=number + 1)
            return number + 1

    def get_or_make(self, key: str, make: Callable[[], bytes], *, ttl_seconds: float) -> bytes:
        """Return the value, making it at most once at a time."""
        _check_ttl(ttl_seconds)
        found = self.get(key)
        if found is not None:
            return found
        return self._flights.make(
            key,
            make,
            find=lambda: self.get(key),
            keep=lambda value: self._keep(key, value, ttl_seconds),
            drop=lambda: self._forget(key),
        )

    def _keep(self, key: str, value: bytes, ttl_seconds: float) -> None:
        now = self._now()
        with self._lock:
            self._store(_value(key), value, now, now + ttl_seconds)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._drop(_value(key))

    # -- with the lock held ------------------------------------------------------------------------------

    def _find(self, key: str, now: float) -> bytes | int | None:
        entry = self._values.get(key)
        if entry is None:
            return None
        # Before its beginning means that the clock stepped back; "at most that long" cannot be told any more.
        if not entry.since <= now < entry.until:
            self._drop(key)
            return None
        self._values.move_to_end(key)
        return entry.value

    def _store(self, key: str, value: bytes | int, now: float, until: float) -> None:
        self._drop(key)
        size_bytes = len(key) + (len(value) if isinstance(value, bytes) else 0) + _ENTRY_BYTES
        if size_bytes > self._max_bytes:
            return
        self._values[key] = _Entry(value, now, until, size_bytes)
        self._size_bytes += size_bytes
        while self._size_bytes > self._max_bytes:
            _, oldest = self._values.popitem(last=False)
            self._size_bytes -= oldest.size_bytes

    def _drop(self, key: str) -> None:
        entry = self._values.pop(key, None)
        if entry is not None:
            self._size_bytes -= entry.size_bytes

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _value(key: str) -> str:
    return "v" + key


def _counter(key: str) -> str:
    return "n" + key


def _check_ttl(ttl_seconds: float) -> None:
    if not ttl_seconds > 0:  # also refuses NaN
        raise InvalidError("a time to live must be positive")
