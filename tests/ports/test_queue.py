import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bodega.adapters.local.bus import LocalBus
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.sqlite import Database
from bodega.adapters.system.clock import SettableClock
from bodega.adapters.system.ids import UlidIds
from bodega.errors import InvalidError
from bodega.ports.queue import MAX_BODY_BYTES
from bodega.ports.table import Event
from bodega.schema import QueueSpec, Subscription

SPECS = (QueueSpec("work", max_attempts=3), QueueSpec("other"))


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture(params=["local"])
def queue(request, tmp_path, clock):
    database = Database.open(tmp_path / "queue.sqlite")
    yield SqliteQueue(database, SPECS, clock=clock, ids=UlidIds(clock))
    database.close()


def test_a_sent_message_is_received_once_and_gone_when_done(queue):
    queue.send("work", [b"one"])

    (message,) = queue.receive("work")
    assert (message.body, message.attempt) == (b"one", 1)
    assert queue.receive("work") == []
    assert queue.depth("work") == 1
    assert queue.done("work", message.receipt)
    assert queue.depth("work") == 0


def test_queues_do_not_mix(queue):
    queue.send("work", [b"one"])

    assert queue.receive("other") == []


def test_a_message_comes_back_when_its_lease_ends_and_the_old_receipt_is_worth_nothing(queue, clock):
    queue.send("work", [b"one"])
    (first,) = queue.receive("work", lease_seconds=30)
    clock.advance(30)
    (second,) = queue.receive("work")

    assert second.attempt == 2
    assert second.receipt != first.receipt
    assert not queue.done("work", first.receipt)
    assert not queue.extend("work", first.receipt, lease_seconds=9)
    assert queue.done("work", second.receipt)


def test_an_extended_lease_lasts(queue, clock):
    queue.send("work", [b"one"])
    (message,) = queue.receive("work", lease_seconds=10)
    clock.advance(9)
    assert queue.extend("work", message.receipt, lease_seconds=10)
    clock.advance(9)

    assert queue.receive("work") == []
    assert queue.done("work", message.receipt)


def test_a_delayed_message_waits(queue, clock):
    queue.send("work", [b"later"], delay_seconds=60)

    assert queue.receive("work") == []
    clock.advance(60)
    assert [m.body for m in queue.receive("work")] == [b"later"]


def test_what_keeps_failing_becomes_a_dead_letter_with_its_reason_and_can_be_redriven(queue):
    queue.send("work", [b"poison"])
    for attempt in range(1, 4):
        (message,) = queue.receive("work")
        assert message.attempt == attempt
        queue.failed("work", message.receipt, reason=f"try {attempt}")

    assert queue.receive("work") == []
    (dead,) = queue.dead_letters("work")
    assert (dead.body, dead.attempts, dead.reason) == (b"poison", 3, "try 3")
    assert queue.redrive("work", dead.id)
    assert not queue.redrive("work", dead.id)
    assert queue.receive("work")[0].attempt == 1


def test_a_message_whose_leases_only_ever_expire_becomes_a_dead_letter_too(queue, clock):
    queue.send("work", [b"crashes its worker"])
    for _ in range(3):
        assert len(queue.receive("work", lease_seconds=1)) == 1
        clock.advance(1)

    assert queue.receive("work") == []
    assert len(queue.dead_letters("work")) == 1
    assert queue.depth("work") == 0


def test_a_failed_message_waits_for_its_retry(queue, clock):
    queue.send("work", [b"one"])
    (message,) = queue.receive("work")
    queue.failed("work", message.receipt, reason="not now", retry_in_seconds=5)

    assert queue.receive("work") == []
    clock.advance(5)
    assert len(queue.receive("work")) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda q: q.send("nowhere", [b""]),
        lambda q: q.send("work", [b"x" * (MAX_BODY_BYTES + 1)]),
        lambda q: q.send("work", [b"x"], delay_seconds=-1),
        lambda q: q.receive("work", limit=0),
        lambda q: q.receive("work", lease_seconds=0),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(queue, call):
    with pytest.raises(InvalidError):
        call(queue)
    assert queue.depth("work") == 0


def test_of_several_processes_each_message_goes_to_one(queue, tmp_path, clock):
    queue.send("work", [str(n).encode() for n in range(200)])
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from datetime import datetime
        from bodega.adapters.local.queue import SqliteQueue
        from bodega.adapters.local.sqlite import Database
        from bodega.adapters.system.clock import SettableClock
        from bodega.adapters.system.ids import UlidIds
        from bodega.schema import QueueSpec
        clock = SettableClock(datetime.fromisoformat({clock.now().isoformat()!r}))
        database = Database.open(Path({str(tmp_path / "queue.sqlite")!r}))
        queue = SqliteQueue(database, [QueueSpec("work")], clock=clock, ids=UlidIds(clock))
        while messages := queue.receive("work", limit=7):
            for message in messages:
                print(message.body.decode())
                assert queue.done("work", message.receipt)
        database.close()
        """
    )
    script = Path(tmp_path / "drain.py")
    script.write_text(program)
    workers = [subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]

    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert sorted(map(int, taken)) == list(range(200))


def test_the_bus_hands_an_event_to_every_queue_that_subscribed_once(queue):
    bus = LocalBus(
        queue,
        [Subscription("product.", "work"), Subscription("product.changed", "work"), Subscription("order.", "other")],
    )
    bus.publish([Event(id="evt_1", name="product.changed", resource="prod_1", version=1, occurred_at="")])

    (message,) = queue.receive("work")
    assert b'"evt_1"' in message.body
    assert queue.receive("other") == []
