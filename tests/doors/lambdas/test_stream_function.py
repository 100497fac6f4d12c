"""What tables announce is carried on once for all, whatever the stream brings and however often."""

from typing import Any

import msgspec
import pytest
from events import Context, stream_record
from selling import for_sale

from bodega import schema
from bodega.domain.shop import Shop
from bodega.domain.webhooks.model import EndpointInput
from bodega.errors import InvalidError, UnavailableError
from bodega.lambdas.announcements import Announcements
from bodega.ports.table import Event

NEWS = Event("evt_1", "order.placed", "ord_1", 1, "2026-11-23T09:00:00.000Z", b'{"id":"ord_1"}')


def announce(shop: Shop, event: Event = NEWS) -> None:
    shop.world.table.transact([], [event])


def queued(shop: Shop, queue: str) -> list[Event]:
    return [msgspec.json.decode(m.body, type=Event) for m in shop.world.queue.receive(queue, limit=50)]


def test_events_reach_the_queues_of_who_subscribed_and_the_endpoints_of_others(shop: Shop) -> None:
    endpoint, _ = shop.webhooks.endpoints.create(EndpointInput(url="https://example.com/hook", events=["*"]))
    announce(shop)

    answer = Announcements(shop)({"Records": [stream_record(1, NEWS)]}, Context())

    assert answer == {"batchItemFailures": []}
    assert [event.id for event in queued(shop, "mail")] == ["evt_1"]
    assert [event.id for event in queued(shop, "credits")] == ["evt_1"]
    lanes = shop.webhooks.courier.due(endpoint.id, limit=10)
    assert len(lanes) == 1


def test_a_record_that_comes_again_carries_nothing_twice(shop: Shop) -> None:
    announce(shop)
    handler = Announcements(shop)

    for _ in range(3):
        handler({"Records": [stream_record(1, NEWS)]}, Context())

    assert [event.id for event in queued(shop, "mail")] == ["evt_1"]


def test_records_that_announce_nothing_are_passed_over(shop: Shop) -> None:
    announce(shop)
    moved = stream_record(2, NEWS, stream="log#000000000000")
    deleted = stream_record(3, None, kind="REMOVE")
    changed = stream_record(4, None, kind="MODIFY", stream="head")

    token = stream_record(5, NEWS, stream="token#abc")
    token["dynamodb"]["NewImage"] = {"stream": {"S": "token#abc"}, "place": {"S": "-"}}

    answer = Announcements(shop)({"Records": [moved, deleted, changed, token]}, Context())

    assert answer == {"batchItemFailures": []}
    assert not queued(shop, "mail")
    assert not shop.world.queue.dead_letters(schema.ANNOUNCEMENTS)


BROKEN: dict[str, Any] = {
    "nothing": None,
    "a text": "INSERT",
    "empty": {},
    "another version": stream_record(7, NEWS) | {"eventVersion": "2.0"},
    "no change": {name: value for name, value in stream_record(7, NEWS).items() if name != "dynamodb"},
    "no keys": stream_record(7, NEWS) | {"dynamodb": {"SequenceNumber": "7"}},
    "no base64": stream_record(7, NEWS)
    | {"dynamodb": stream_record(7, NEWS)["dynamodb"] | {"NewImage": {"event": {"B": "*"}}}},
    "no event": stream_record(7, NEWS)
    | {"dynamodb": stream_record(7, NEWS)["dynamodb"] | {"NewImage": {"event": {"B": "gA=="}}}},
    "oversized": stream_record(7, NEWS) | {"dynamodb": {"Keys": "x" * 600_000}},
}


HERE = pytest.mark.parametrize("settings", ["local"], indirect=True)


@HERE
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_record_nobody_can_read_is_a_dead_letter_with_a_reason_and_the_batch_goes_on(shop: Shop, broken: Any) -> None:
    announce(shop)

    answer = Announcements(shop)({"Records": [broken, stream_record(8, NEWS)]}, Context())

    assert answer == {"batchItemFailures": []}
    (letter,) = shop.world.queue.dead_letters(schema.ANNOUNCEMENTS)
    assert letter.reason
    assert [event.id for event in queued(shop, "mail")] == ["evt_1"]


@HERE
@pytest.mark.parametrize("event", [None, [], {}, {"Records": None}, {"records": []}])
def test_what_is_no_batch_at_all_is_refused(shop: Shop, event: Any) -> None:
    with pytest.raises(InvalidError):
        Announcements(shop)(event, Context())


def test_while_the_bus_is_out_of_reach_records_come_again_from_the_first_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(shop)
    handler = Announcements(shop)
    records = [stream_record(number, NEWS) for number in (1, 2)]

    def unreachable(_events: Any) -> None:
        raise UnavailableError("no bus today")

    with monkeypatch.context() as outage:
        outage.setattr(shop.world.bus, "publish", unreachable)
        failed = handler({"Records": records}, Context())
    again = handler({"Records": records}, Context())

    assert failed == {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    assert again == {"batchItemFailures": []}
    assert [event.id for event in queued(shop, "mail")] == ["evt_1"]


def test_a_function_with_little_time_left_leaves_the_rest_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import announces thousands at once: a function that goes on until Lambda ends it has failed."""
    monkeypatch.setattr("bodega.worker.relay._BATCH", 2)
    for number in range(5):
        announce(shop, msgspec.structs.replace(NEWS, id=f"evt_{number}", resource=f"ord_{number}"))
    handler, records = Announcements(shop), {"Records": [stream_record(1, NEWS)]}

    hurried = handler(records, Context(left_ms=5_000))
    first = [event.id for event in queued(shop, "mail")]
    handler(records, Context())

    assert hurried == {"batchItemFailures": []}
    assert first == ["evt_0", "evt_1"]
    assert [event.id for event in queued(shop, "mail")] == ["evt_2", "evt_3", "evt_4"]


def test_what_a_change_of_the_catalog_announces_is_in_the_log_that_indexes_follow(shop: Shop) -> None:
    for_sale(shop, MUG=1)

    Announcements(shop)({"Records": [stream_record(1, NEWS)]}, Context())

    assert "product.changed" in {one.event.name for one in shop.world.table.announced(0)}
