"""Post short bodies to one host over kept connections, with as little between caller and socket as HTTP allows.

urllib3 costs 300 µs of CPU a call, most of it in the standard library's parsing of headers as if they were e-mail. Here
httptools parses (the parser of Node.js), and head and body leave in one packet. For other hosts and longer bodies, and
wherever redirects, proxies or cookies matter, use a whole client.
"""

import contextlib
import select
import socket
import ssl
import time
import weakref
from collections import deque
from urllib.parse import urlsplit

import httptools

_READ_BYTES = 65536
# What was idle for longer is not trusted: a server, or a gateway on the way, may have dropped it without a word, and a
# call that gets no answer may have happened.
_IDLE_SECONDS = 20.0
_MAX_ANSWER_BYTES = 32 * 1024 * 1024  # a batch of reads has at most 16 MB of items, more as JSON


class UnsentError(Exception):
    """The call did not leave: no connection could be made."""


class LostAnswerError(Exception):
    """The call may or may not have happened: it was sent, wholly or in part, and no whole answer came."""


class Connections:
    """Kept connections to one endpoint. Thread-safe; each call has one to itself.

    They are closed with `close`, or when nobody holds this any more.
    """

    def __init__(
        self, endpoint_url: str, *, kept: int = 32, connect_seconds: float = 2.0, read_seconds: float = 5.0
    ) -> None:
        """Take `http://` or `https://` and a host; what else the address has is not used."""
        parts = urlsplit(endpoint_url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._idle: deque[tuple[socket.socket, float]] = deque(maxlen=kept)
        weakref.finalize(self, _close_all, self._idle)

    def post(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a POST to `/`. `headers` must hold `host`.

        Raises UnsentError and LostAnswerError.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        connection = self._take()
        try:
            connection.sendall(head.encode("latin-1") + body)
            answer = _Answer()
            answer.read(connection)
        except (OSError, httptools.HttpParserError) as error:
            connection.close()
            raise LostAnswerError(str(error) or type(error).__name__) from error
        if answer.keep_alive:
            self._keep(connection)
        else:
            connection.close()
        return answer.status, b"".join(answer.parts)

    def close(self) -> None:
        """Close the connections that are not in use."""
        _close_all(self._idle)

    def _take(self) -> socket.socket:
        """Return a connection that was just used and the other side has not closed, as far as can be known."""
        while self._idle:
            try:
                connection, since = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if time.monotonic() - since < _IDLE_SECONDS and not _has_ended(connection):
                return connection
            connection.close()
        try:
            made = socket.create_connection((self._host, self._port), timeout=self._connect_seconds)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                made = self._tls.wrap_socket(made, server_hostname=self._host)
            made.settimeout(self._read_seconds)
        except OSError as error:
            raise UnsentError(str(error)) from error
        return made

    def _keep(self, connection: socket.socket) -> None:
        if len(self._idle) == self._idle.maxlen:
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))


def _close_all(idle: deque[tuple[socket.socket, float]]) -> None:
    while idle:
        with contextlib.suppress(IndexError):  # another thread was faster
            idle.pop()[0].close()


class _Answer:
    """What the parser has seen of an answer."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.status = 0
        self.keep_alive = False
        self._size = 0
        self._complete = False
        self._parser = httptools.HttpResponseParser(self)

    def read(self, connection: socket.socket) -> None:
        """Read until the answer is whole; OSError if the connection ends before."""
        while not self._complete:
            received = connection.recv(_READ_BYTES)
            if not received:
                raise ConnectionResetError("the connection was closed in the middle of an answer")
            self._parser.feed_data(received)
        self.status = self._parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body; called by the parser."""
        self._size += len(part)
        if self._size > _MAX_ANSWER_BYTES:
            raise ConnectionAbortedError("the answer is longer than any that DynamoDB gives")
        self.parts.append(part)

    def on_message_complete(self) -> None:
        """Take note that the answer is whole; called by the parser, which afterwards knows nothing of it any more."""
        self.keep_alive = self._parser.should_keep_alive()
        self._complete = True


def _has_ended(connection: socket.socket) -> bool:
    """Tell whether something waits on an idle connection: nothing but its end can."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
