"""A shop that may call loopback, a clock that stands still, and a receiver that notes what it is told."""

import ipaddress
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from receivers import Receiver, saying

from bodega.adapters.system.clock import SettableClock
from bodega.domain.shop import Shop
from bodega.domain.webhooks.model import Delivery, Endpoint, EndpointInput
from bodega.ports.table import Event
from bodega.settings import Settings
from bodega.wiring import open_shop

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Listener:
    """A receiver that answers with one status after the other, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = ["200 OK"]
        self.heard: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        self._receiver = Receiver(self._talk)
        self.url = f"http://127.0.0.1:{self._receiver.port}/hook"

    def close(self) -> None:
        self._receiver.close()

    @property
    def versions(self) -> list[tuple[str, int]]:
        return [(one["resource"], one["version"]) for one in self.heard]

    def _talk(self, connection: Any, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        with self._lock:
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            self.heard.append(json.loads(body))
            self.bodies.append(body)
            lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
            self.heads.append({name.lower(): value for name, _, value in lines})
        saying(status, b"noted")(connection, request)


class Bench:
    """A shop and what a worker would do with its webhooks."""

    def __init__(self, shop: Shop, clock: SettableClock) -> None:
        self.shop = shop
        self.clock = clock

    def endpoint(self, url: str, *events: str) -> Endpoint:
        given = EndpointInput(url=url, events=list(events) or ["*"])
        return self.shop.webhooks.endpoints.create(given)[0]

    def announce(self, resource: str, *versions: int, name: str = "product.changed", data: bytes = b'{"a":1}') -> None:
        for version in versions:
            event_id = f"evt_{resource}_{version}"
            event = Event(event_id, name, resource, version, "2026-01-01T00:00:00.000Z", data)
            self.shop.world.table.transact([], [event])

    def fan_out(self) -> None:
        while self.shop.webhooks.fan_out.work_once():
            pass

    def deliver(self) -> int:
        """Attempt everything that is due now and return how many attempts that were."""
        self.fan_out()
        attempts = 0
        for endpoint in self.shop.webhooks.endpoints.list():
            while endpoint.status == "enabled" and (due := self.shop.webhooks.courier.due(endpoint.id, limit=50)):
                done = sum(self.shop.webhooks.courier.work(lane) for lane in due)
                attempts += done
                if not done:
                    break
        return attempts

    def log(self, endpoint: Endpoint, **filters: Any) -> list[Delivery]:
        """Return an endpoint's deliveries, oldest first."""
        return list(reversed(self.shop.webhooks.deliveries.list(endpoint.id, limit=250, **filters).rows))

    def states(self, endpoint: Endpoint) -> list[tuple[int, str]]:
        return [(one.event.version, one.state) for one in self.log(endpoint)]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def bench(tmp_path: Any, clock: SettableClock) -> Any:
    shop = open_shop(Settings.for_directory(tmp_path / "shop", outgoing_allow=LOOPBACK), clock=clock)
    yield Bench(shop, clock)
    shop.close()


@pytest.fixture
def listener() -> Any:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def make_listener() -> Any:
    made: list[Listener] = []

    def make() -> Listener:
        made.append(Listener())
        return made[-1]

    yield make
    for one in made:
        one.close()


Make = Callable[[], Listener]
