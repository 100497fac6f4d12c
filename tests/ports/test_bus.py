"""What every bus does, and what the one on AWS does when EventBridge takes only a part."""

from random import Random
from zlib import crc32

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from engines import REGION, aws_client, make_bus, make_queues, ministack

from bodega.adapters.aws.bus import EventBridgeBus
from bodega.adapters.aws.queue import SqsQueue
from bodega.adapters.aws.retry import Backoff, Retry, RetryBudget
from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.sqlite import Database
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.errors import InvalidError, NotFoundError, UnavailableError
from bodega.ports.table import Event
from bodega.schema import QueueSpec, Subscription, event_pattern, rule_name, subscribed

QUEUES = (QueueSpec("mail"), QueueSpec("stock"), QueueSpec("audit"))
SUBSCRIPTIONS = (
    Subscription("order.", "mail"),
    Subscription("order.placed", "stock"),
    Subscription("", "audit"),
    Subscription("order", "audit"),
)


@pytest.fixture
def prefix(tmp_path):
    return f"b{crc32(str(tmp_path).encode()):08x}-"


@pytest.fixture
def local_queue(tmp_path):
    clock = SettableClock()
    database = Database.open(tmp_path / "shop.sqlite")
    yield SqliteQueue(database, QUEUES, clock=clock, ids=UlidIds(clock))
    database.close()


@pytest.fixture
def sqs_queue(prefix):
    make_queues(ministack(), QUEUES, prefix=prefix)
    return SqsQueue(
        aws_client("sqs", ministack()), QUEUES, prefix=prefix, clock=SystemClock(), ids=UlidIds(SystemClock())
    )


@pytest.fixture
def event_bridge(prefix, sqs_queue):
    make_bus(ministack(), SUBSCRIPTIONS, prefix=prefix)
    return bus_of(aws_client("events", ministack()), f"{prefix}events")


@pytest.fixture(params=["local", "event_bridge"])
def queue(request):
    return request.getfixturevalue("local_queue" if request.param == "local" else "sqs_queue")


@pytest.fixture
def bus(request, queue):
    if isinstance(queue, SqsQueue):
        return request.getfixturevalue("event_bridge")
    return LocalBus(queue, SUBSCRIPTIONS)


def bus_of(client, name="events"):
    retry = Retry(backoff=Backoff(), budget=RetryBudget(), random=Random(7), sleep=lambda _seconds: None)
    return EventBridgeBus(client, bus=name, retry=retry)


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
    found = [msgspec.json.decode(message.body, type=Event) for message in queue.receive(name, limit=100)]
    return sorted(found, key=lambda one: one.version)  # a bus promises no order


def test_an_event_reaches_every_queue_whose_prefix_fits_unchanged(bus, queue):
    placed = event("order.placed")

    bus.publish([placed])

    assert received(queue, "mail") == [placed]
    assert received(queue, "stock") == [placed]
    assert received(queue, "audit") == [placed]  # once, though two of its subscriptions fit


def test_bytes_of_any_kind_arrive_as_they_were_sent(bus, queue):
    placed = event("order.placed", data='{"name": "Zoë \u2028 \U0001f600"}'.encode() + bytes([0, 255]))

    bus.publish([placed])

    assert received(queue, "stock") == [placed]


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


def test_more_than_fits_into_one_call_arrives_whole(bus, queue):
    many = [event("order.placed", number) for number in range(1, 24)]
    large = [event("order.placed", number, data=b"x" * 100_000) for number in range(24, 28)]

    bus.publish([*many, *large])

    assert received(queue, "stock") == [*many, *large]


def test_an_event_too_large_for_a_message_is_refused_before_anything_is_sent(bus, queue):
    with pytest.raises(InvalidError):
        bus.publish([event("order.placed"), event("order.placed", 2, data=b"x" * 196_000)])

    assert [queue.depth(name) for name in ("mail", "stock", "audit")] == [0, 0, 0]


# -- on one machine


def test_a_subscription_to_a_queue_that_nobody_declared_is_noticed_at_once(local_queue):
    with pytest.raises(NotFoundError):
        LocalBus(local_queue, [Subscription("order.", "male")])


# -- on AWS


@pytest.fixture
def scripted():
    """Boto3's client of EventBridge with answers that a test writes, and a bus on it."""
    client = boto3.client("events", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stub:
        yield stub, bus_of(client)
        stub.assert_no_pending_responses()


def answer(*codes):
    entries = [{"EventId": "e"} if code is None else {"ErrorCode": code, "ErrorMessage": "x"} for code in codes]
    return {"FailedEntryCount": len(codes) - codes.count(None), "Entries": entries}


def asked(*events):
    return {
        "Entries": [
            {
                "EventBusName": "events",
                "Source": "bodega",
                "DetailType": one.name,
                "Detail": msgspec.json.encode(one).decode(),
            }
            for one in events
        ]
    }


def test_what_a_call_left_over_is_put_again_and_nothing_else(scripted):
    stub, bus = scripted
    first, second, third = (event("order.placed", number) for number in (1, 2, 3))
    stub.add_response("put_events", answer(None, "ThrottlingException", "InternalFailure"), asked(first, second, third))
    stub.add_response("put_events", answer("ThrottlingException", None), asked(second, third))
    stub.add_response("put_events", answer(None), asked(second))

    bus.publish([first, second, third])


def test_what_is_never_taken_is_given_up_after_a_few_times(scripted):
    stub, bus = scripted
    for _ in range(Backoff().attempts):
        stub.add_response("put_events", answer("ThrottlingException"), asked(event("order.placed")))

    with pytest.raises(UnavailableError, match="ThrottlingException"):
        bus.publish([event("order.placed")])


@pytest.mark.parametrize("code", ["MalformedDetail", "NotAuthorizedForSourceException", "AccessDeniedException"])
def test_what_will_not_pass_by_itself_is_not_repeated(scripted, code):
    stub, bus = scripted
    stub.add_response("put_events", answer("ThrottlingException", code), asked(event("a"), event("b")))

    with pytest.raises(UnavailableError, match=code):
        bus.publish([event("a"), event("b")])


def test_a_bus_that_is_not_there_is_said_in_one_line(prefix):
    bus = bus_of(aws_client("events", ministack()), f"{prefix}none")

    with pytest.raises(UnavailableError, match="none is missing: check the region and the stage"):
        bus.check(SUBSCRIPTIONS)


def test_rules_that_are_missing_switched_off_or_of_another_version_are_noticed(event_bridge, prefix):
    client, name = aws_client("events", ministack()), f"{prefix}events"
    rule = rule_name(name, "mail")
    event_bridge.check(SUBSCRIPTIONS)

    client.put_rule(Name=rule, EventBusName=name, EventPattern=event_pattern(["orders."]))
    with pytest.raises(UnavailableError, match=r"queue mail .* another version"):
        event_bridge.check(SUBSCRIPTIONS)
    client.put_rule(Name=rule, EventBusName=name, EventPattern=event_pattern(subscribed(SUBSCRIPTIONS)["mail"]))
    client.disable_rule(Name=rule, EventBusName=name)
    with pytest.raises(UnavailableError, match="no working rule for queue mail"):
        event_bridge.check(SUBSCRIPTIONS)
    with pytest.raises(UnavailableError, match="no working rule for queue search"):
        event_bridge.check([Subscription("", "search")])


def test_what_a_rule_could_not_bring_is_a_dead_letter_of_the_queue_and_can_be_driven_again(sqs_queue, prefix):
    """Ministack gives undeliverable events to nobody; this is the message that EventBridge documents."""
    sqs = aws_client("sqs", ministack())
    placed = event("order.placed")
    envelope = {"version": "0", "source": "bodega", "detail-type": placed.name, "detail": msgspec.to_builtins(placed)}
    marks = {"RULE_ARN": "arn:aws:events:eu-west-1:1:rule/x", "ERROR_CODE": "X", "ERROR_MESSAGE": "no such queue"}
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=f"{prefix}mail-dead")["QueueUrl"],
        MessageBody=msgspec.json.encode(envelope).decode(),
        MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in marks.items()},
    )

    (letter,) = sqs_queue.dead_letters("mail")
    assert letter.reason == "no such queue"
    assert sqs_queue.redrive("mail", letter.id)

    assert received(sqs_queue, "mail") == [placed]
    assert sqs_queue.dead_letters("mail") == []
