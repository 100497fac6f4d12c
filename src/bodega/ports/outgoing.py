"""Ask for an HTTP request to be made to an address that a stranger chose."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from bodega.errors import InvalidError, UnavailableError
from bodega.values.web_address import WebAddress

MAX_ANSWER_BYTES = 16 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What the other side said: a final status, header names in lower case, and the beginning of the body.

    `truncated` tells that there was, or might have been, more of the body. A redirect is an answer like any other.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False


class AddressRefusedError(InvalidError):
    """The address is none that the shop calls: private, loopback, link-local, metadata, a port of another protocol."""

    code = "address_refused"


class CallFailedError(UnavailableError):
    """No answer came; the request may or may not have arrived. `reason` is one stable word.

    `resolve` (the name has no address), `connect`, `tls`, `timeout`, or `protocol` (what came was not HTTP).
    """

    code = "call_failed"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Outgoing(Protocol):
    """HTTP requests to the outside. Thread-safe; a call blocks its thread no longer than its timeout."""

    def check(self, address: WebAddress) -> None:
        """Raise AddressRefusedError if the address can be told to be forbidden by its looks, without asking anybody."""
        ...

    def post(self, address: WebAddress, body: bytes, headers: Mapping[str, str], *, timeout_seconds: float) -> Answer:
        """Send a POST and return the answer, at most MAX_ANSWER_BYTES of its body.

        The name is looked up once; unless every address it has may be called, none is (AddressRefusedError), and the
        connection goes to one of those addresses, whatever the name means by then. Certificates are verified for the
        name. Redirects are not followed, proxies and cookies not used, nothing is decompressed. The timeout is for all
        of it together: an answer whose status came in time is returned as it stands by then. CallFailedError if there
        is none.
        """
        ...
