"""Messages that Lambda hands over are worked on as those that a worker receives, and each stands and falls alone."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from asking import product
from events import Context, queue_event, queue_record

from bodega.domain.shop import Shop
from bodega.errors import InvalidError
from bodega.lambdas.handed import open_handed
from bodega.lambdas.messages import Messages
from bodega.lambdas.queue import workers
from bodega.ports.queue import Message
from bodega.ports.table import Event
from bodega.settings import Settings

HERE = pytest.mark.parametrize("settings", ["local"], indirect=True)
NOTHING_AGAIN: dict[str, Any] = {"batchItemFailures": []}


class Function:
    """The queue function of a shop, and the shop."""

    def __init__(self, settings: Settings) -> None:
        self.shop, handed = open_handed(settings)
        self._answer = Messages(handed, workers(self.shop))

    def __call__(self, event: Any, left_ms: int = 300_000) -> Any:
        return self._answer(event, Context(left_ms))

    def dead(self, queue: str) -> list[str]:
        return [letter.reason for letter in self.shop.world.queue.dead_letters(queue)]


@pytest.fixture
def function(settings: Settings) -> Any:
    function = Function(settings)
    yield function
    function.shop.close()


def again(*messages: Message) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": f"aws-{message.id}"} for message in messages]}


def import_of(shop: Shop, name: str, rows: list[dict[str, Any]]) -> tuple[str, Message]:
    """Ask for an import of products, and return the job with the message that asks for it."""
    shop.world.objects.put(f"imports/{name}", b"\n".join(msgspec.json.encode(row) for row in rows))
    job = shop.jobs.create(kind="import", subject="products", object_key=f"imports/{name}")
    return job.id, Message(f"msg_{job.id}", msgspec.json.encode({"job": job.id}), f"r_{job.id}", 1)


def test_an_import_is_run_by_the_message_that_asks_for_it(function: Function) -> None:
    job, message = import_of(function.shop, "few.jsonl", [product("A"), product("B")])

    assert function(queue_event("jobs", [message])) == NOTHING_AGAIN

    assert (function.shop.jobs.get(job).state, function.shop.jobs.get(job).created) == ("done", 2)


@HERE
def test_an_import_that_takes_longer_than_a_function_goes_on_in_another_from_where_it_was(function: Function) -> None:
    job, message = import_of(function.shop, "many.jsonl", [product(f"P-{n}") for n in range(1200)])
    function.shop.world.queue.receive("jobs", limit=10)

    states = []
    for attempt in range(20):
        assert function(queue_event("jobs", [message]), left_ms=1_000) == NOTHING_AGAIN
        states.append((function.shop.jobs.get(job).state, function.shop.jobs.get(job).read))
        if states[-1][0] == "done":
            break
        message = Message(f"msg_{attempt}", message.body, f"r_{attempt}", 1)

    assert len(states) > 1
    assert states[-1] == ("done", 1200)
    assert all(state == "waiting" for state, _ in states[:-1])
    assert sorted(read for _, read in states) == [read for _, read in states]
    assert function.shop.jobs.get(job).created == 1200


def test_letters_are_written_for_events(function: Function) -> None:
    gone = Event("evt_1", "order.changed", "ord_nobody", 3, "2026-11-23T09:00:00.000Z", b'{"id":"ord_nobody"}')

    answer = function(queue_event("mail", [Message("msg_1", msgspec.json.encode(gone), "r_1", 1)]))

    assert answer == NOTHING_AGAIN


@HERE
def test_of_several_messages_only_what_failed_comes_again(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    job, fine = import_of(function.shop, "few.jsonl", [product("A")])
    broken, bad = import_of(function.shop, "other.jsonl", [product("B")])
    run = function.shop.jobs.run

    def breaks(job_id: str, **options: Any) -> Any:
        if job_id == broken:
            raise RuntimeError("a bug")
        return run(job_id, **options)

    monkeypatch.setattr(function.shop.jobs, "run", breaks, raising=True)

    assert function(queue_event("jobs", [bad, fine])) == again(bad)

    assert function.shop.jobs.get(job).state == "done"
    assert not function.dead("jobs")


def test_what_failed_for_the_last_time_is_a_dead_letter_with_its_reason(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_job_id: str, **_options: Any) -> Any:
        raise RuntimeError("a bug in the third attempt")

    monkeypatch.setattr(function.shop.jobs, "run", breaks)
    message = Message("msg_1", b'{"job":"job_1"}', "r_1", 3)

    assert function(queue_event("jobs", [message])) == NOTHING_AGAIN

    assert ["a bug in the third attempt" in reason for reason in function.dead("jobs")] == [True]


BROKEN: dict[str, dict[str, Any]] = {
    "no body": {"body": None},
    "a body that is no text": {"body": {"job": "job_1"}},
    "no base64": {"body": "*", "messageAttributes": {"encoding": {"stringValue": "base64"}}},
    "a count that is none": {"attributes": {"ApproximateReceiveCount": "many"}},
    "too large": {"body": "x" * (256 * 1024 + 1)},
}


@HERE
@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_message_nobody_can_read_is_a_dead_letter_with_a_reason_and_the_batch_goes_on(
    function: Function, change: dict[str, Any]
) -> None:
    job, fine = import_of(function.shop, "few.jsonl", [product("A")])
    unreadable = queue_record("jobs", Message("msg_bad", b"{}", "r_bad", 1)) | change

    answer = function({"Records": [unreadable, queue_record("jobs", fine)]})

    assert answer == NOTHING_AGAIN
    assert all(function.dead("jobs"))
    assert len(function.dead("jobs")) == 1
    assert function.shop.jobs.get(job).state == "done"


@HERE
@pytest.mark.parametrize("body", [b"{}", b"null", b"\xff\xfe", b"[", b'{"job":"job_nobody"}', b"x" * 200_000])
def test_a_message_that_makes_no_sense_to_its_worker_ends_there(function: Function, body: bytes) -> None:
    assert function(queue_event("jobs", [Message("msg_1", body, "r_1", 1)])) == NOTHING_AGAIN


@HERE
def test_messages_of_a_queue_nobody_works_on_are_left_there(function: Function) -> None:
    strange = Message("msg_1", b"{}", "r_1", 1)

    assert function(queue_event("unheardof", [strange])) == again(strange)


@HERE
@pytest.mark.parametrize("event", [None, [], {}, {"Records": 7}, "jobs"])
def test_what_is_no_batch_at_all_is_refused(function: Function, event: Any) -> None:
    with pytest.raises(InvalidError):
        function(event)


@HERE
def test_records_that_are_nothing_at_all_do_no_harm(function: Function) -> None:
    assert function({"Records": [None, 7, "x", {}, []]}) == NOTHING_AGAIN


def test_the_shop_itself_finds_nothing_in_its_queues_that_was_not_handed_to_it(
    function: Function, tmp_path: Path
) -> None:
    function.shop.world.queue.send("mail", [b"somebody else's"])

    assert function.shop.mailer.work_once() == 0
    assert function.shop.world.queue.depth("mail") == 1
