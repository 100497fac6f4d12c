"""Give the doors' tests a client that speaks ASGI in process, without a server, a port or a thread of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
from asgi_client import Client


@pytest.fixture
def make_client() -> Iterator[Any]:
    """Make clients that are closed after the test."""
    clients: list[Client] = []

    def make(app: Any, **kwargs: Any) -> Client:
        clients.append(Client(app, **kwargs))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
