"""Ask for passwords to be remembered so that nobody who steals the memory gets them cheaply."""

from typing import Protocol

from bodega.errors import UnavailableError


class PasswordsBusyError(UnavailableError):
    """So many passwords are being checked that another would only make everybody wait."""

    code = "busy"


class Passwords(Protocol):
    """A slow, salted, memory-hard hash with pinned parameters. Thread-safe.

    Every verb takes tens of milliseconds of a core on purpose, so that only a few run at once and a few more wait: who
    comes on top gets PasswordsBusyError at once. Lengths are the caller's to bound.
    """

    def hash(self, password: str) -> str:
        """Return text that names its own parameters and salt; two calls give different texts."""
        ...

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the one; without a hash (None or empty) it takes as long, and is False."""
        ...

    def takes(self, stored: str) -> bool:
        """Tell whether a hash from elsewhere is one that can be checked here, and at a bounded cost."""
        ...

    def is_current(self, stored: str) -> bool:
        """Tell whether a hash was made with today's parameters; one that was not is made anew at the next sign-in."""
        ...
