"""Decide how long to wait before trying again."""

from collections.abc import Callable
from datetime import timedelta

GIVE_UP_AFTER = timedelta(hours=24)
_FIRST = timedelta(seconds=10)
_LONGEST = timedelta(hours=1)
_MAX_DOUBLINGS = 16


def pause(failures: int, chance: Callable[[], float], *, at_least: timedelta = timedelta()) -> timedelta:
    """Return the pause after that many failures: exponential, capped at an hour, with full jitter.

    Without jitter everything that failed together would come back together. `at_least` is what the receiver asked
    for, up to the cap. Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    >>> [pause(n, lambda: 1.0).total_seconds() for n in (1, 2, 3, 20)]
    [10.0, 20.0, 40.0, 3600.0]
    """
    ceiling = min(_LONGEST, _FIRST * (1 << min(failures - 1, _MAX_DOUBLINGS)))
    return max(ceiling * chance(), min(at_least, _LONGEST))
