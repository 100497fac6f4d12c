"""Make outgoing calls with httpcore: each on a connection of its own, to an address that was checked."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import httpcore

from bodega.adapters.system.outgoing_guard import Network, OutgoingGuard
from bodega.adapters.system.outgoing_stream import Deadline, PinnedBackend
from bodega.ports.outgoing import MAX_ANSWER_BYTES, Answer, CallFailedError
from bodega.values.web_address import IpAddress, WebAddress

Resolve: TypeAlias = Callable[[str], Sequence[IpAddress]]
_MAX_ADDRESSES = 8


class HttpcoreOutgoing:
    """Outgoing calls from this machine."""

    def __init__(
        self,
        *,
        opened: Sequence[Network] = (),
        trust: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """Take the networks that may be called although they are not public, and whom to trust in place of the system.

        `resolve` looks a name up in place of the system's resolver, and raises OSError for one without an address.
        """
        self._guard = OutgoingGuard(opened)
        self._given_trust = trust
        self._resolve = resolve or system_addresses

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        # Reading the system's authorities takes longer than opening a shop, and most who open one call nobody.
        return self._given_trust or ssl.create_default_context()

    def check(self, address: WebAddress) -> None:
        """See the port."""
        self._guard.check(address)

    def post(self, address: WebAddress, body: bytes, headers: Mapping[str, str], *, timeout_seconds: float) -> Answer:
        """See the port."""
        deadline = Deadline(timeout_seconds)
        self._guard.check(address)
        found = self._addresses(address, deadline)
        self._guard.admit(address, found)
        request = httpcore.Request(
            "POST",
            httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target),
            headers=[
                ("Host", address.authority),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
                *headers.items(),
            ],
            content=body,
        )
        backend = PinnedBackend(found[:_MAX_ADDRESSES], deadline)
        try:
            with httpcore.HTTPConnection(
                httpcore.Origin(address.scheme.encode(), address.host.encode(), address.port),
                ssl_context=self._trust,
                network_backend=backend,
            ) as connection:
                response = connection.handle_request(request)
                return _answer(response)
        except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
            raise CallFailedError("protocol", "the answer was cut off or is not HTTP") from exc

    def _addresses(self, address: WebAddress, deadline: Deadline) -> Sequence[IpAddress]:
        if address.ip is not None:
            return [address.ip]
        try:
            found = deadline.bound(lambda: self._resolve(address.host))
        except (OSError, UnicodeError) as exc:
            raise CallFailedError("resolve", f"{address.host} has no address") from exc
        if not found:
            raise CallFailedError("resolve", f"{address.host} has no address")
        return found


def system_addresses(host: str) -> Sequence[IpAddress]:
    """Return what the system's resolver knows of a name, in its order of preference; OSError if that is nothing."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


def _answer(response: httpcore.Response) -> Answer:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    body = b""
    truncated = False
    try:
        for chunk in response.iter_stream():
            body += chunk[: MAX_ANSWER_BYTES + 1 - len(body)]
            if len(body) > MAX_ANSWER_BYTES:
                break
    except (CallFailedError, httpcore.NetworkError, httpcore.ProtocolError):
        truncated = True  # the status has arrived, and that is what was asked for
    return Answer(response.status, headers, body[:MAX_ANSWER_BYTES], truncated or len(body) > MAX_ANSWER_BYTES)
