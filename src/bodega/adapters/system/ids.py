"""Make new names and secrets: ULIDs from the machine's chance, and repeatable ones from a seed."""

import base64
import os
import random
import secrets
import threading
from abc import ABC, abstractmethod

from bodega.errors import InvalidError
from bodega.ports.clock import Clock
from bodega.ports.ids import MIN_SECRET_BYTES

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
# Ten bits at a time, because dividing a 130-bit number 26 times is most of what an id costs.
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_CHANCE_BITS = 80
_STEP_BITS = 40
_POOL_BYTES = 200


class _AscendingUlids(ABC):
    """What both sources share: ids that ascend strictly within a process whatever the clock does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0
        self._pid = os.getpid()

    def new(self, prefix: str) -> str:
        """Return `prefix_` and a ULID above every one that this process was given before."""
        now_ms = max(0, int(self._clock.now().timestamp() * 1000))
        with self._lock:
            self._last = self._following(now_ms)
            return f"{prefix}_{_encode(self._last)}"

    def _following(self, now_ms: int) -> int:
        last_ms = self._last >> _CHANCE_BITS
        if self._pid != os.getpid():
            # A forked child holds its parent's last id: both would go on from there, and near each other.
            self._pid = os.getpid()
            now_ms = max(now_ms, last_ms + 1)
        if now_ms > last_ms:
            return now_ms << _CHANCE_BITS | self._chance(_CHANCE_BITS)
        # Same millisecond, or the clock stepped back: go up by a random step; a carry borrows a millisecond.
        return self._last + 1 + self._chance(_STEP_BITS)

    @abstractmethod
    def _chance(self, bits: int) -> int:
        """Return that many random bits, whole bytes of them. Called by one thread at a time."""


class UlidIds(_AscendingUlids):
    """Ids and secrets that nobody can guess or meet twice, from the operating system's chance."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._pool, self._pool_of = b"", self._pid

    def secret(self, *, size_bytes: int = 32) -> str:
        """Return URL-safe text with that much entropy."""
        _check_size(size_bytes)
        return secrets.token_urlsafe(size_bytes)

    def _chance(self, bits: int) -> int:
        # Asking the system costs as much as the rest of an id, so that it is asked for many at once.
        size_bytes = bits // 8
        if len(self._pool) < size_bytes or self._pool_of != self._pid:  # a parent process has the same
            self._pool, self._pool_of = secrets.token_bytes(_POOL_BYTES), self._pid
        drawn, self._pool = self._pool[:size_bytes], self._pool[size_bytes:]
        return int.from_bytes(drawn, "big")


class SeededIds(_AscendingUlids):
    """The same ids and secrets for the same seed and clock: for tests and the demo, never for a shop."""

    def __init__(self, seed: int, clock: Clock) -> None:
        super().__init__(clock)
        self._random = random.Random(seed)  # noqa: S311  # being repeatable is the point

    def secret(self, *, size_bytes: int = 32) -> str:
        """Return URL-safe text that anybody with the seed can repeat."""
        _check_size(size_bytes)
        with self._lock:
            return base64.urlsafe_b64encode(self._random.randbytes(size_bytes)).rstrip(b"=").decode()

    def _chance(self, bits: int) -> int:
        return self._random.getrandbits(bits)


def _encode(ulid: int) -> str:
    high, low, pairs = ulid >> 60, ulid & (1 << 60) - 1, _PAIRS
    return (
        f"{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}{pairs[high >> 30 & 1023]}"
        f"{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}{pairs[low >> 50]}"
        f"{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
        f"{pairs[low & 1023]}"
    )


def _check_size(size_bytes: int) -> None:
    if size_bytes < MIN_SECRET_BYTES:
        raise InvalidError(f"a secret of {size_bytes} bytes can be guessed; ask for at least {MIN_SECRET_BYTES}")
