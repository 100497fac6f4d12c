"""Remember bytes for a while in Redis or Valkey, shared by all processes, and do without when it does not answer."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

import redis

from bodega.adapters.rules.single_flight import SingleFlight
from bodega.errors import InvalidError

T = TypeVar("T")
_log = logging.getLogger(__name__)
_OUT_SECONDS = 2.0  # how long a cache that failed is left alone: or every request would wait for its timeout
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n
"""


class RedisCache:
    """Values and counters in Redis under a prefix. Thread-safe.

    The shop is correct without it: out of reach, `get` finds nothing, `set` and `delete` do nothing, and `count` counts
    in this process alone. A `delete` that did not arrive may leave a value until its time is over, so that nothing may
    be kept longer than it may be wrong.
    """

    def __init__(self, client: "redis.Redis", *, prefix: str) -> None:
        """Take a client with short timeouts; `connect` makes one."""
        self._client = client
        self._prefix = prefix
        self._flights = SingleFlight()
        self._count = client.register_script(_COUNT)
        self._out_until = 0.0
        self._lock = threading.Lock()
        self._own_counts: dict[str, tuple[float, int]] = {}

    def get(self, key: str) -> bytes | None:
        """Return the value unless it expired, was dropped or Redis is out of reach."""
        return self._try(lambda: cast("bytes | None", self._client.get(self._value(key))), None)

    def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Remember the value for at most that long."""
        self._flights.overtake(key)
        self._keep(key, value, _milliseconds(ttl_seconds))

    def delete(self, key: str) -> None:
        """Forget the value."""
        self._flights.overtake(key)
        self._forget(key)

    def count(self, key: str, *, ttl_seconds: float) -> int:
        """Add one to a counter and return it; the counters of all processes are one, while Redis answers."""
        ttl_ms = _milliseconds(ttl_seconds)
        counted = self._try(lambda: cast("int", self._count(keys=[f"{self._prefix}n{key}"], args=[ttl_ms])), 0)
        return counted or self._count_here(key, ttl_seconds)

    def get_or_make(self, key: str, make: Callable[[], bytes], *, ttl_seconds: float) -> bytes:
        """Return the value, making it at most once at a time in this process."""
        ttl_ms = _milliseconds(ttl_seconds)
        found = self.get(key)
        if found is not None:
            return found
        return self._flights.make(
            key,
            make,
            find=lambda: self.get(key),
            keep=lambda value: self._keep(key, value, ttl_ms),
            drop=lambda: self._forget(key),
        )

    def _value(self, key: str) -> str:
        return f"{self._prefix}v{key}"

    def _keep(self, key: str, value: bytes, ttl_ms: int) -> None:
        self._try(lambda: self._client.set(self._value(key), value, px=ttl_ms), None)

    def _forget(self, key: str) -> None:
        self._try(lambda: self._client.delete(self._value(key)), 0)

    def _try(self, call: Callable[[], T], otherwise: T) -> T:
        """Return what a call returns, or the other thing while Redis is out of reach."""
        if time.monotonic() < self._out_until:
            return otherwise
        try:
            return call()
        except (redis.RedisError, OSError) as error:
            self._out_until = time.monotonic() + _OUT_SECONDS
            _log.warning("the cache does not answer; the shop goes on without", extra={"error": type(error).__name__})
            return otherwise

    def _count_here(self, key: str, ttl_seconds: float) -> int:
        now = time.monotonic()
        with self._lock:
            until, number = self._own_counts.get(key, (0.0, 0))
            if now >= until:
                self._own_counts = {k: v for k, v in self._own_counts.items() if now < v[0]}
                until, number = now + ttl_seconds, 0
            self._own_counts[key] = (until, number + 1)
            return number + 1


def connect(url: str, *, timeout_seconds: float = 0.1) -> "redis.Redis":
    """Return a client of the server at a `redis://` or `rediss://` address that gives up soon and does not repeat."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry_on_error=[],
        retry=None,
        health_check_interval=30,
    )


def _milliseconds(ttl_seconds: float) -> int:
    if not ttl_seconds > 0:  # also refuses NaN
        raise InvalidError("a time to live must be positive")
    return max(1, int(ttl_seconds * 1000))
