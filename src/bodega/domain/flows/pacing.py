"""Count who begins to take units off the shelf, so that nobody empties it by beginning and never paying."""

from datetime import timedelta

from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.ports.cache import Cache
from bodega.ports.clock import Clock

_MINUTE = timedelta(minutes=1)
_CART_WINDOW = timedelta(minutes=15)
"""So long does a checkout hold its units at most: what a cart began in two windows is all that it can hold."""


class Pacing:
    """Limits checkouts and holds by address and by cart, in fixed windows.

    Counted in the cache, unlike tries of passwords: a limit against floods may be forgotten, and is worth no commit.
    """

    def __init__(self, *, cache: Cache, clock: Clock, per_minute: int, per_cart: int) -> None:
        self._cache = cache
        self._clock = clock
        self._per_minute = per_minute
        self._per_cart = per_cart

    def begin(self, *, cart_id: str, address: str, once: str = "") -> None:
        """Count one that is about to begin; TooManyAttemptsError, and nothing is begun, if there were enough.

        What is called the same `once` counts once, however often it is tried. Without an address only the cart counts.
        """
        if once and self._count("checkout", once, _CART_WINDOW) > 1:
            return
        if address:
            self._require("address", address, _MINUTE, self._per_minute)
        self._require("cart", cart_id, _CART_WINDOW, self._per_cart)

    def _require(self, kind: str, who: str, window: timedelta, most: int) -> None:
        if self._count(kind, who, window) > most:
            seconds = int(window.total_seconds())
            raise TooManyAttemptsError(seconds - int(self._clock.now().timestamp()) % seconds)

    def _count(self, kind: str, who: str, window: timedelta) -> int:
        seconds = int(window.total_seconds())
        number = int(self._clock.now().timestamp()) // seconds
        return self._cache.count(f"pacing:{kind}:{who}:{number}", ttl_seconds=seconds)
