"""Carry the bytes of one outgoing call: to an address that was chosen before, and not beyond a moment in time."""

import socket
import ssl
import threading
import time
import typing
from collections.abc import Callable, Iterable

import httpcore

from bodega.ports.outgoing import CallFailedError
from bodega.values.web_address import IpAddress

_SocketOptions: typing.TypeAlias = Iterable[httpcore.SOCKET_OPTION] | None
T = typing.TypeVar("T")


class Deadline:
    """A moment after which everything gives up. It reads a clock that never jumps."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds until then; CallFailedError if it is past."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise out_of_time()
        return left

    def bound(self, work: Callable[[], T]) -> T:
        """Return what work returns that cannot be told to stop; it is left alone in its thread when the time is up."""
        outcome: list[T | BaseException] = []

        def run() -> None:
            try:
                outcome.append(work())
            except BaseException as exc:  # noqa: BLE001  # it is raised in the thread that asked
                outcome.append(exc)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.left())
        if not outcome:
            raise out_of_time()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the given addresses, one after the other, whatever name is asked for."""

    def __init__(self, addresses: typing.Sequence[IpAddress], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address that answers; each gets its share of the time that is left."""
        del timeout, local_address, socket_options  # the deadline outranks the first, and nobody sets the others
        reason = "it has no address"
        for number, address in enumerate(self._addresses):
            share = self._deadline.left() / (len(self._addresses) - number)
            try:
                connected = socket.create_connection((str(address), port), share)
            except OSError as exc:
                reason = exc.strerror or "no connection in time"
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _BoundedStream(connected, self._deadline)
        raise CallFailedError("connect", f"{host} cannot be connected to: {reason}")


class _BoundedStream(httpcore.NetworkStream):
    """A socket each of whose operations ends with the deadline.

    A timeout for each operation, as HTTP clients have it, never ends for a peer that sends or takes a byte at a time.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        try:
            self._socket.settimeout(self._deadline.left())
            return self._socket.recv(max_bytes)
        except TimeoutError as exc:
            raise out_of_time() from exc
        except OSError as exc:
            raise httpcore.ReadError(str(exc)) from exc

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._deadline.left())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as exc:
            raise out_of_time() from exc
        except OSError as exc:
            raise httpcore.WriteError(str(exc)) from exc

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Greet with the name and verify it; a handshake has one timeout for all its steps."""
        del timeout
        try:
            self._socket.settimeout(self._deadline.left())
            return _BoundedStream(
                ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._deadline
            )
        except TimeoutError as exc:
            raise out_of_time() from exc
        except (OSError, ValueError) as exc:
            self.close()
            said = exc.verify_message if isinstance(exc, ssl.SSLCertVerificationError) else "the handshake failed"
            raise CallFailedError("tls", f"no safe connection to {server_hostname}: {said}") from exc

    def get_extra_info(self, info: str) -> object:
        return self._socket if info == "socket" else None


def out_of_time() -> CallFailedError:
    """Return the failure of what took too long."""
    return CallFailedError("timeout", "no answer came in time")
