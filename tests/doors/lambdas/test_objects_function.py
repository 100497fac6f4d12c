"""Uploaded pictures are made ready to be shown when S3 tells of them, in whichever way it does."""

import io
import json
from typing import Any

import pytest
from asking import PNG
from events import Context, notified, queue_record
from PIL import Image

from bodega import schema
from bodega.domain.shop import Shop
from bodega.errors import InvalidError, UnavailableError
from bodega.lambdas.uploads import Uploads
from bodega.ports.queue import Message

HERE = pytest.mark.parametrize("settings", ["local"], indirect=True)
NOTHING_AGAIN: dict[str, Any] = {"batchItemFailures": []}
KEY = "prod_1/med_1.png"


def uploads(shop: Shop) -> Uploads:
    return Uploads(shop.picturing, shop.world.queue)


def picture(width: int = 800) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, width // 2), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def bridged(key: str, *, kind: str = "Object Created", source: str = "aws.s3") -> dict[str, Any]:
    """S3's event as EventBridge carries it."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-23T09:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::bodega-test-objects"],
        "detail": {
            "version": "0",
            "bucket": {"name": "bodega-test-objects"},
            "object": {
                "key": key,
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "sequencer": "617f08299329d189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "reason": "PutObject",
        },
    }


def by_queue(*bodies: Any) -> dict[str, Any]:
    messages = [Message(f"msg_{n}", json.dumps(body).encode(), f"r_{n}", 1) for n, body in enumerate(bodies)]
    return {"Records": [queue_record("uploads", message) for message in messages]}


def test_a_picture_is_made_ready_in_all_sizes(shop: Shop) -> None:
    shop.world.objects.put(schema.UPLOADS + KEY, picture())

    assert uploads(shop)(by_queue(bridged(schema.UPLOADS + KEY)), Context()) == NOTHING_AGAIN

    shown = {info.key: info.size_bytes for info in shop.world.objects.list("media/prod_1/")}
    assert set(shown) == {f"media/prod_1/med_1{end}" for end in (".png", ".json", "-320.webp", "-640.webp")}
    ready = shop.picturing.make_ready(KEY)
    assert (ready.width, ready.height, ready.widths) == (800, 400, [320, 640])


@HERE
@pytest.mark.parametrize("way", ["queue of notifications", "notification", "bridge"])
def test_s3_may_tell_of_it_in_other_ways_and_more_than_once(shop: Shop, way: str) -> None:
    key = "prod_1/med é 1.png"
    shop.world.objects.put(schema.UPLOADS + key, picture())
    events: dict[str, Any] = {
        "queue of notifications": by_queue({"Records": [notified(schema.UPLOADS + key)]}),
        "notification": {"Records": [notified(schema.UPLOADS + key)]},
        "bridge": bridged(schema.UPLOADS + key),
    }

    for _ in range(2):
        assert uploads(shop)(events[way], Context()) == NOTHING_AGAIN

    assert shop.world.objects.find(f"media/{key}") is not None


@HERE
@pytest.mark.parametrize(
    "data", [b"", PNG[:33], b"<script>", picture()[:100]], ids=["empty", "no pixels", "script", "cut"]
)
def test_what_is_no_picture_is_shown_to_nobody_and_the_batch_goes_on(shop: Shop, data: bytes) -> None:
    shop.world.objects.put(schema.UPLOADS + "prod_1/bad.png", data)
    shop.world.objects.put(schema.UPLOADS + KEY, picture())

    answer = uploads(shop)(by_queue(bridged("uploads/prod_1/bad.png"), bridged(schema.UPLOADS + KEY)), Context())

    assert answer == NOTHING_AGAIN
    assert shop.world.objects.find(f"media/{KEY}") is not None
    assert not [info.key for info in shop.world.objects.list("media/") if "bad" in info.key]


BROKEN: dict[str, Any] = {
    "another version": {"Records": [notified("uploads/x.png", version="3.0")]},
    "another source": bridged("uploads/x.png", source="aws.ec2"),
    "no object": {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": {}},
    "nothing": {},
    "a list": [],
    "a text": "uploads/x.png",
    "oversized": {"detail": "x" * 270_000},
}


@HERE
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_an_event_nobody_can_read_is_a_dead_letter_with_a_reason_and_the_batch_goes_on(shop: Shop, broken: Any) -> None:
    shop.world.objects.put(schema.UPLOADS + KEY, picture())

    answer = uploads(shop)(by_queue(broken, bridged(schema.UPLOADS + KEY)), Context())

    assert answer == NOTHING_AGAIN
    (letter,) = shop.world.queue.dead_letters(schema.ANNOUNCEMENTS)
    assert letter.reason
    assert shop.world.objects.find(f"media/{KEY}") is not None


@HERE
def test_what_was_deleted_or_lies_elsewhere_is_passed_over(shop: Shop) -> None:
    event = by_queue(
        bridged("imports/x.csv"), bridged("uploads/gone.png"), bridged("uploads/x.png", kind="Object Deleted")
    )

    assert uploads(shop)(event, Context()) == NOTHING_AGAIN
    assert not shop.world.queue.dead_letters(schema.ANNOUNCEMENTS)


@HERE
def test_while_the_store_is_out_of_reach_the_message_comes_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_key: str) -> Any:
        raise UnavailableError("no S3 today")

    monkeypatch.setattr(shop.picturing, "make_ready", unreachable)
    event = by_queue(bridged("uploads/a.png"), bridged("imports/b.csv"))

    assert uploads(shop)(event, Context()) == {"batchItemFailures": [{"itemIdentifier": "aws-msg_0"}]}
    with pytest.raises(UnavailableError):
        uploads(shop)(bridged("uploads/a.png"), Context())


@HERE
@pytest.mark.parametrize("event", [None, [], "x", {}, {"Records": 1}])
def test_what_is_no_event_at_all_is_refused(shop: Shop, event: Any) -> None:
    with pytest.raises(InvalidError):
        uploads(shop)(event, Context())
