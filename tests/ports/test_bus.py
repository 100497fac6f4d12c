"""What every bus does."""

import msgspec
import pytest

from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.sqlite import Database
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import UlidIds
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.table import Event
from bodega.schema import QueueSpec, Subscription

SUBSCRIPTIONS = (
    Subscription("order.", "mail"),
    Subscription("order.placed", "stock"),
    Subscription("", "audit"),
    Subscription("order", "audit"),
)


@pytest.fixture
def queue(tmp_path):
    clock = SettableClock()
    database = Database.open(tmp_path / "shop.sqlite")
    specs = [QueueSpec("mail"), QueueSpec("stock"), QueueSpec("audit")]
    yield SqliteQueue(database, specs, clock=clock, ids=UlidIds(clock))
    database.close()


@pytest.fixture(params=["local"])
def bus(request, queue):
    return LocalBus(queue, SUBSCRIPTIONS)


def event(name: str, number: int = 1, data: bytes = b'{"total": 5}') -> Event:
    return Event(
        id=f"evt_{number}",
        name=name,
        resource="ord_1",
        version=number,
        occurred_at="2026-01-01T00:00:00.000Z",
        data=data,
    )


def received(queue, name):
    return [msgspec.json.decode(message.body, type=Event) for message in queue.receive(name, limit=100)]


def test_an_event_reaches_every_queue_whose_prefix_fits_unchanged(bus, queue):
    placed = event("order.placed")

    bus.publish([placed])

    assert received(queue, "mail") == [placed]
    assert received(queue, "stock") == [placed]
    assert received(queue, "audit") == [placed]  # once, though two of its subscriptions fit


def test_an_event_that_nobody_subscribed_to_goes_nowhere_else(bus, queue):
    bus.publish([event("order.cancelled"), event("review.written", 2), event("orders", 3)])

    assert [one.name for one in received(queue, "mail")] == ["order.cancelled"]
    assert received(queue, "stock") == []
    assert [one.name for one in received(queue, "audit")] == ["order.cancelled", "review.written", "orders"]


def test_publishing_nothing_sends_nothing(bus, queue):
    bus.publish([])

    assert queue.depth("audit") == 0


def test_publishing_again_delivers_again_under_the_same_id(bus, queue):
    bus.publish([event("order.placed")])
    bus.publish([event("order.placed")])

    assert [one.id for one in received(queue, "mail")] == ["evt_1", "evt_1"]


def test_an_event_too_large_for_a_message_is_refused_before_anything_is_sent(bus, queue):
    with pytest.raises(InvalidError):
        bus.publish([event("order.placed"), event("order.placed", 2, data=b"x" * 200_000)])

    assert [queue.depth(name) for name in ("mail", "stock", "audit")] == [0, 0, 0]


def test_a_subscription_to_a_queue_that_nobody_declared_is_noticed_at_once(queue):
    with pytest.raises(NotFoundError):
        LocalBus(queue, [Subscription("order.", "male")])
