"""Ask for short memory: values that may vanish at any time, and counters with an expiry."""

from collections.abc import Callable
from typing import Protocol


class Cache(Protocol):
    """Bytes under keys with a time to live. The shop stays correct when every call finds nothing. Thread-safe.

    A time to live that is not positive is refused with InvalidError. Values and counters share no keys: what
    one verb stored is for that verb's kind to find.
    """

    def get(self, key: str) -> bytes | None:
        """Return the value unless it expired, was dropped or the cache is out of reach."""
        ...

    def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Remember the value for at most that long, in place of an older one."""
        ...

    def delete(self, key: str) -> None:
        """Forget the value, and the one that somebody may just be making for `get_or_make`."""
        ...

    def count(self, key: str, *, ttl_seconds: float) -> int:
        """Add one to a counter and return it; the first call starts the time to live. For rate limits."""
        ...

    def get_or_make(self, key: str, make: Callable[[], bytes], *, ttl_seconds: float) -> bytes:
        """Return the value, making it at most once at a time per key and process.

        Callers that came while it was made get the same value or, if `make` raised, the same error; errors are
        not kept. A value that `set` or `delete` overtook is returned, but not kept.
        """
        ...
