"""The thinnest HTTP client there is, so that hundreds of shoppers fit into one process beside the server."""

import http.client
from typing import NamedTuple

import msgspec


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes


class Wire:
    """A connection to a port of this machine that stays open; one thread at a time."""

    def __init__(self, port, *, timeout=60):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def post(self, path, body, headers):
        return self.ask("POST", path, msgspec.json.encode(body), {"content-type": "application/json", **headers})

    def ask(self, method, path, body=None, headers=None):
        """Ask and return the answer; OSError or HTTPException if the connection breaks, and the next call opens it."""
        try:
            self._connection.request(method, path, body, headers or {})
            response = self._connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except BaseException:
            self._connection.close()
            raise

    def close(self):
        self._connection.close()
