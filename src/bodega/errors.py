"""Define the five kinds of refusal that every room shares.

A feature subclasses one of the five beside the code that raises it and carries the facts as attributes:

    ShopError
     +- InvalidError       what was asked makes no sense, and never will
     +- NotFoundError      what was named does not exist, or is not for the asker to see
     +- ConflictError      it made sense, but the world has moved on
     +- NotAllowedError    the asker may not do this
     +- UnavailableError   it may work later, unchanged

There is no HTTP here: the doors map the five kinds, once each.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class Fault(NamedTuple):
    """One thing wrong with an input: where (RFC 6901 JSON pointer), a stable code, and a sentence."""

    pointer: str
    code: str
    detail: str


class ShopError(Exception):
    """A refusal with a stable `code` for programs and a sentence for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidError(ShopError, ValueError):
    """The input is wrong; `faults` lists everything that was found, not only the first.

    It is a ValueError as well, so that a decoder which builds a value says where in the document it stood.
    """

    code = "invalid"

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class NotFoundError(ShopError):
    """Nothing is there under that name; `kind` and `key` say what was looked for."""

    code = "not_found"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"no {kind} {key!r}")
        self.kind = kind
        self.key = key


class ConflictError(ShopError):
    """The request was sound but lost against the state of the shop."""

    code = "conflict"


class StaleVersionError(ConflictError):
    """The caller's version is not the current one; `current` is what to look at before trying again."""

    code = "stale_version"

    def __init__(self, kind: str, key: str, *, current: int) -> None:
        super().__init__(f"{kind} {key!r} has changed; its version is now {current}")
        self.kind = kind
        self.key = key
        self.current = current


class NotAllowedError(ShopError):
    """The asker is not allowed; `missing_scope` names what would be needed, None when nobody is signed in."""

    code = "not_allowed"

    def __init__(self, message: str, *, missing_scope: str | None = None) -> None:
        super().__init__(message)
        self.missing_scope = missing_scope


class UnavailableError(ShopError):
    """A dependency cannot answer now; the same call may succeed after `retry_after_seconds`."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
