"""A receiver that is dead or slow holds up nobody but itself."""

import ipaddress
import socket
import threading
import time

import pytest
from receivers import receiving, saying

from bodega.domain.webhooks.model import EndpointInput
from bodega.ports.table import Event
from bodega.settings import Settings
from bodega.wiring import open_shop
from bodega.worker.couriers import PER_ENDPOINT, Couriers

DEADLINE = 60


@pytest.fixture
def shop(tmp_path):
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    shop = open_shop(Settings.for_directory(tmp_path / "shop", outgoing_allow=allowed))
    yield shop
    shop.close()


@pytest.fixture
def couriers(shop):
    """Couriers that are at home before the shop closes: who is still out would fail in the middle of a later test."""
    couriers = Couriers(shop)
    yield couriers
    assert couriers.stop(DEADLINE)


def announce(shop, count):
    events = [Event(f"evt_{n}", "product.changed", f"prod_{n}", 1, "2026-01-01T00:00:00.000Z") for n in range(count)]
    for start in range(0, count, 100):
        shop.world.table.transact([], events[start : start + 100])
    while shop.webhooks.fan_out.work_once():
        pass


def dispatch_until(couriers, done):
    ends = time.monotonic() + DEADLINE
    while not done() and time.monotonic() < ends:
        couriers.dispatch()
        time.sleep(0.01)
    assert done()


def test_a_silent_receiver_keeps_its_own_couriers_and_nobody_else_s(shop, couriers):
    def silent(connection: socket.socket, _request: bytes) -> None:
        released.wait(DEADLINE)

    released = threading.Event()
    with receiving(silent) as dead, receiving(saying("200 OK")) as alive:
        for receiver in (dead, alive):
            given = EndpointInput(url=f"http://127.0.0.1:{receiver.port}/", events=["*"])
            shop.webhooks.endpoints.create(given)
        announce(shop, 60)

        dispatch_until(couriers, lambda: len(alive.requests) == 60)

        assert dead.connections <= PER_ENDPOINT
        assert not couriers.stop(0.01)  # somebody is still out, and the worker may leave without them
        released.set()


def test_a_receiver_that_fails_is_tried_by_one_courier_at_a_time(shop, couriers):
    at_once, most = [], []
    lock = threading.Lock()

    def broken(connection: socket.socket, request: bytes) -> None:
        with lock:
            at_once.append(1)
            most.append(len(at_once))
        time.sleep(0.02)
        with lock:
            at_once.pop()
        saying("500 Broken")(connection, request)

    with receiving(broken) as receiver:
        given = EndpointInput(url=f"http://127.0.0.1:{receiver.port}/", events=["*"])
        endpoint, _ = shop.webhooks.endpoints.create(given)
        shop.webhooks.endpoints.note_failure(endpoint)
        announce(shop, 10)
        dispatch_until(couriers, lambda: len(receiver.requests) >= 10)
        couriers.stop(DEADLINE)

    assert max(most) == 1


def test_couriers_go_home_when_their_receiver_begins_to_fail(shop, couriers):
    told, lock = threading.Event(), threading.Lock()
    under_way, seen, together = [], [], []

    def broken(connection: socket.socket, request: bytes) -> None:
        with lock:
            late = told.is_set()
            under_way.append(1)
            seen.append(1)
            if late:
                together.append(len(under_way))
            first = len(seen) <= PER_ENDPOINT
        if not first:
            told.wait(DEADLINE)
        with lock:
            under_way.pop()
        saying("500 Broken")(connection, request)

    with receiving(broken) as receiver:
        given = EndpointInput(url=f"http://127.0.0.1:{receiver.port}/", events=["*"])
        endpoint, _ = shop.webhooks.endpoints.create(given)
        announce(shop, 40)
        dispatch_until(couriers, lambda: shop.webhooks.endpoints.get(endpoint.id).failing_since is not None)
        couriers.dispatch()
        told.set()
        dispatch_until(couriers, lambda: len(seen) >= 40)
        couriers.stop(DEADLINE)

    # Those that were out when it was noticed come home one by one; from then on there is one.
    assert min(together) == 1
    assert together[-10:] == [1] * 10


def test_couriers_that_were_stopped_begin_nothing(shop, couriers):
    with receiving(saying("200 OK")) as receiver:
        given = EndpointInput(url=f"http://127.0.0.1:{receiver.port}/", events=["*"])
        shop.webhooks.endpoints.create(given)
        announce(shop, 3)

        assert couriers.stop(DEADLINE)
        couriers.dispatch()

        assert receiver.connections == 0
