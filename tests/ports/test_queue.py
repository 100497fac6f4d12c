"""What every queue does, and how the one in SQLite is shared by processes."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import pytest
from engines import aws_client, make_queues, ministack
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bodega.adapters.aws.queue import SqsQueue
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.sqlite import Database
from bodega.adapters.system.clock import SettableClock, SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.errors import InvalidError, NotFoundError
from bodega.ports.queue import MAX_BODY_BYTES, DeadLetter, Queue
from bodega.schema import QueueSpec

QUEUES = (QueueSpec("jobs", max_attempts=3), QueueSpec("mail", max_attempts=1))


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(params=["local", "sqs"])
def queue(request, tmp_path):
    if request.param == "sqs":
        differs = request.node.get_closest_marker("differs")
        if differs is not None and "sqs" in differs.kwargs:
            pytest.skip(differs.kwargs["sqs"])
        yield sqs_queue(tmp_path)
        return
    clock = request.getfixturevalue("clock")
    database = Database.open(tmp_path / "shop.sqlite")
    yield SqliteQueue(database, QUEUES, clock=clock, ids=UlidIds(clock))
    database.close()


def sqs_queue(folder):
    """Return the queues under names of their own in a running engine, as the infrastructure declares them."""
    prefix = f"q{crc32(str(folder).encode()):08x}-"
    make_queues(ministack(), QUEUES, prefix=prefix)
    client = aws_client("sqs", ministack())
    return SqsQueue(client, QUEUES, prefix=prefix, clock=SystemClock(), ids=UlidIds(SystemClock()))


CLOCK = pytest.mark.differs(sqs="SQS goes by its own clock, which no test can advance")


def receive_one(queue: Queue, name: str = "jobs", **options):
    (message,) = queue.receive(name, **options)
    return message


def test_a_message_arrives_and_is_done(queue):
    queue.send("jobs", [b"work"])

    message = receive_one(queue)

    assert message.body == b"work"
    assert message.attempt == 1
    assert queue.done("jobs", message.receipt)
    assert queue.depth("jobs") == 0
    assert not queue.receive("jobs")


@CLOCK
def test_a_leased_message_is_nobody_elses_until_the_lease_ends(queue, clock):
    queue.send("jobs", [b"work"])
    first = receive_one(queue, lease_seconds=30)

    clock.advance(29.999)
    assert not queue.receive("jobs")
    clock.advance(0.001)
    second = receive_one(queue)

    assert second.id == first.id
    assert second.attempt == 2
    assert second.receipt != first.receipt


@CLOCK
def test_the_receipt_of_an_ended_lease_does_nothing_even_before_the_next_begins(queue, clock):
    queue.send("jobs", [b"work"])
    message = receive_one(queue, lease_seconds=30)

    clock.advance(30)

    assert not queue.done("jobs", message.receipt)
    assert not queue.extend("jobs", message.receipt, lease_seconds=30)
    queue.failed("jobs", message.receipt, reason="late", retry_in_seconds=600)
    assert receive_one(queue).id == message.id


@CLOCK
def test_an_old_receipt_does_not_touch_a_newer_lease(queue, clock):
    queue.send("jobs", [b"work"])
    old = receive_one(queue, lease_seconds=30)
    clock.advance(30)
    new = receive_one(queue, lease_seconds=30)

    assert not queue.done("jobs", old.receipt)
    assert not queue.extend("jobs", old.receipt, lease_seconds=600)
    queue.failed("jobs", old.receipt, reason="late")

    assert not queue.receive("jobs")
    assert queue.done("jobs", new.receipt)
    assert not queue.done("jobs", new.receipt)


def test_a_receipt_is_of_its_own_queue_only(queue):
    queue.send("jobs", [b"work"])
    message = receive_one(queue)

    assert not queue.done("mail", message.receipt)
    assert queue.done("jobs", message.receipt)


@CLOCK
def test_extending_counts_from_now(queue, clock):
    queue.send("jobs", [b"work"])
    message = receive_one(queue, lease_seconds=30)

    clock.advance(20)
    assert queue.extend("jobs", message.receipt, lease_seconds=30)
    clock.advance(29)
    assert not queue.receive("jobs")
    clock.advance(1)
    assert receive_one(queue).attempt == 2


@CLOCK
def test_a_delayed_message_waits(queue, clock):
    queue.send("jobs", [b"later"], delay_seconds=60)

    assert not queue.receive("jobs")
    assert queue.depth("jobs") == 1
    clock.advance(60)
    assert receive_one(queue).body == b"later"


@CLOCK
def test_a_message_given_back_waits_for_its_retry(queue, clock):
    queue.send("jobs", [b"work"])
    queue.failed("jobs", receive_one(queue).receipt, reason="no network", retry_in_seconds=10)

    assert not queue.receive("jobs")
    clock.advance(10)
    assert receive_one(queue).attempt == 2


def test_a_message_that_fails_too_often_becomes_a_dead_letter_with_its_last_reason(queue):
    queue.send("jobs", [b"poison"])
    for attempt in (1, 2, 3):
        assert not queue.dead_letters("jobs")
        message = receive_one(queue)
        assert message.attempt == attempt
        queue.failed("jobs", message.receipt, reason=f"reason {attempt}")

    (letter,) = queue.dead_letters("jobs")

    assert (letter.id, letter.body, letter.attempts, letter.reason) == (message.id, b"poison", 3, "reason 3")
    assert not queue.receive("jobs")
    assert queue.depth("jobs") == 0


@CLOCK
def test_a_message_that_kills_its_workers_becomes_a_dead_letter_too(queue, clock):
    queue.send("jobs", [b"killer"])
    queue.failed("jobs", receive_one(queue).receipt, reason="out of memory")
    for _ in range(2):
        receive_one(queue, lease_seconds=30)
        clock.advance(30)

    assert not queue.receive("jobs")

    (letter,) = queue.dead_letters("jobs")
    assert letter.attempts == 3
    assert "without an answer" in letter.reason
    assert "out of memory" in letter.reason


def test_what_can_never_be_handled_is_a_dead_letter_at_once_and_once(queue):
    for _ in range(2):
        queue.bury("jobs", DeadLetter("msg_1", b"\xff\x00 no JSON", 1, "not \ud800 understood"))

    (letter,) = queue.dead_letters("jobs")
    assert (letter.id, letter.body, letter.attempts) == ("msg_1", b"\xff\x00 no JSON", 1)
    assert "understood" in letter.reason
    assert not queue.receive("jobs")
    assert queue.redrive("jobs", "msg_1")
    assert receive_one(queue).body == b"\xff\x00 no JSON"
    assert not queue.dead_letters("jobs")


@CLOCK
def test_dead_letters_do_not_take_the_places_of_the_living(queue, clock):
    queue.send("jobs", [b"killer"] * 5)
    for _ in range(3):
        assert len(queue.receive("jobs", lease_seconds=30)) == 5
        clock.advance(30)
    queue.send("jobs", [b"fine"] * 5)

    assert [message.body for message in queue.receive("jobs", limit=5)] == [b"fine"] * 5
    assert len(queue.dead_letters("jobs")) == 5


def test_dead_letters_come_oldest_first_and_as_many_as_asked(queue):
    for number in range(4):
        queue.send("mail", [str(number).encode()])
        queue.failed("mail", receive_one(queue, "mail").receipt, reason="bounced")

    assert [letter.body for letter in queue.dead_letters("mail", limit=3)] == [b"0", b"1", b"2"]


def test_a_redriven_letter_begins_anew(queue):
    queue.send("mail", [b"hello"])
    message = receive_one(queue, "mail")
    queue.failed("mail", message.receipt, reason="bounced")

    assert queue.redrive("mail", message.id)

    again = receive_one(queue, "mail")
    assert (again.id, again.body, again.attempt) == (message.id, b"hello", 1)
    assert not queue.dead_letters("mail")
    assert not queue.redrive("mail", message.id)


def test_a_redriven_letter_may_die_again(queue):
    queue.send("mail", [b"hello"])
    for _ in range(2):
        message = receive_one(queue, "mail")
        queue.failed("mail", message.receipt, reason="bounced")
        assert queue.redrive("mail", message.id)

    assert queue.depth("mail") == 1


def test_queues_do_not_mix(queue):
    queue.send("jobs", [b"job"])
    queue.send("mail", [b"mail"])

    assert [message.body for message in queue.receive("mail")] == [b"mail"]
    assert queue.depth("jobs") == 1


def test_at_most_limit_messages_are_leased(queue):
    queue.send("jobs", [bytes([n]) for n in range(25)])

    assert len(queue.receive("jobs", limit=7)) == 7
    assert len(queue.receive("jobs", limit=100)) == 18


@pytest.mark.parametrize("bad", [b"", b"x" * (MAX_BODY_BYTES + 1)])
def test_a_body_out_of_bounds_is_refused_and_nothing_is_stored(queue, bad):
    with pytest.raises(InvalidError):
        queue.send("jobs", [b"good", bad])

    assert queue.depth("jobs") == 0


def test_the_largest_body_arrives_unchanged(queue):
    body = bytes(range(256)) * 1024
    queue.send("jobs", [body])

    assert receive_one(queue).body == body


def test_sending_nothing_stores_nothing(queue):
    queue.send("jobs", [])

    assert queue.depth("jobs") == 0


def test_numbers_out_of_range_are_refused(queue):
    for call in (
        lambda: queue.send("jobs", [b"x"], delay_seconds=-1),
        lambda: queue.send("jobs", [b"x"], delay_seconds=901),
        lambda: queue.send("jobs", [b"x"], delay_seconds=math.nan),
        lambda: queue.receive("jobs", lease_seconds=0),
        lambda: queue.receive("jobs", lease_seconds=43_201),
        lambda: queue.receive("jobs", limit=0),
        lambda: queue.extend("jobs", "x", lease_seconds=math.inf),
        lambda: queue.failed("jobs", "x", reason="", retry_in_seconds=-1),
        lambda: queue.dead_letters("jobs", limit=0),
        lambda: queue.bury("jobs", DeadLetter("msg_1", b"", 1, "empty")),
    ):
        with pytest.raises(InvalidError):
            call()


def test_a_queue_that_nobody_declared_is_not_found(queue):
    for call in (
        lambda: queue.send("job", [b"x"]),
        lambda: queue.receive("job"),
        lambda: queue.extend("job", "x", lease_seconds=1),
        lambda: queue.done("job", "x"),
        lambda: queue.failed("job", "x", reason=""),
        lambda: queue.dead_letters("job"),
        lambda: queue.bury("job", DeadLetter("msg_1", b"x", 1, "nobody's")),
        lambda: queue.redrive("job", "x"),
        lambda: queue.depth("job"),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_a_reason_of_any_size_and_spelling_is_kept_in_bounds(queue):
    queue.send("mail", [b"x"])

    queue.failed("mail", receive_one(queue, "mail").receipt, reason="\ud800" + "y" * 100_000)

    (letter,) = queue.dead_letters("mail")
    assert letter.reason.startswith("?y")
    assert len(letter.reason) == 2000


def test_racing_threads_get_each_message_once(queue):
    queue.send("jobs", [str(n).encode() for n in range(200)])

    def drain(_):
        got = []
        while batch := queue.receive("jobs", limit=3):
            got += [message.body for message in batch]
            assert all(queue.done("jobs", message.receipt) for message in batch)
        return got

    with ThreadPoolExecutor(8) as pool:
        got = [body for part in pool.map(drain, range(8)) for body in part]

    assert sorted(got) == sorted(str(n).encode() for n in range(200))


class QueueModel(RuleBasedStateMachine):
    """Compares the queue with a list of who is visible when, through any history of calls and moments."""

    @initialize()
    def open(self):
        self.clock = SettableClock()
        self.database = Database.open(self.folder() / "shop.sqlite")
        self.queue = SqliteQueue(self.database, QUEUES, clock=self.clock, ids=UlidIds(self.clock))
        self.now = 0
        self.messages = {}  # body -> [visible_at, attempts]
        self.leases = {}  # receipt -> body, the newest only
        self.dead = set()
        self.sent = 0

    @rule(delay=st.sampled_from([0, 0, 5]))
    def send(self, delay):
        self.sent += 1
        body = str(self.sent).encode()
        self.queue.send("jobs", [body], delay_seconds=delay)
        self.messages[body] = [self.now + delay, 0]

    @rule(seconds=st.sampled_from([1, 5, 10]))
    def wait(self, seconds):
        self.clock.advance(seconds)
        self.now += seconds

    @rule(limit=st.integers(1, 3))
    def receive(self, limit):
        got = self.queue.receive("jobs", limit=limit, lease_seconds=10)
        visible = [body for body, (at, _) in self.messages.items() if at <= self.now]
        fresh = [body for body in visible if self.messages[body][1] < 3]
        assert len(got) == min(limit, len(fresh))
        for message in got:
            assert message.body in fresh
            self.leases = {r: b for r, b in self.leases.items() if b != message.body}
            self.leases[message.receipt] = message.body
            self.messages[message.body] = [self.now + 10, self.messages[message.body][1] + 1]
            assert message.attempt == self.messages[message.body][1]
        for letter in self.queue.dead_letters("jobs"):
            if letter.body in self.messages:
                assert letter.body in visible
                assert self.messages.pop(letter.body)[1] == 3
                self.dead.add(letter.body)

    @rule(data=st.data(), verb=st.sampled_from(["done", "failed", "extend"]))
    def answer(self, data, verb):
        if not self.leases:
            return
        receipt = data.draw(st.sampled_from(sorted(self.leases)))
        body = self.leases[receipt]
        alive = body in self.messages and self.messages[body][0] > self.now
        if verb == "done":
            assert self.queue.done("jobs", receipt) == alive
            if alive:
                del self.messages[body]
        elif verb == "extend":
            assert self.queue.extend("jobs", receipt, lease_seconds=20) == alive
            if alive:
                self.messages[body][0] = self.now + 20
            return
        else:
            self.queue.failed("jobs", receipt, reason="no")
            if alive and self.messages[body][1] == 3:
                del self.messages[body]
                self.dead.add(body)
            elif alive:
                self.messages[body][0] = self.now
        del self.leases[receipt]

    @invariant()
    def nothing_is_lost_or_doubled(self):
        if hasattr(self, "queue"):
            assert self.queue.depth("jobs") == len(self.messages)
            assert {letter.body for letter in self.queue.dead_letters("jobs")} == self.dead

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()


def test_any_history_of_calls_agrees_with_a_simple_model(tmp_path_factory):
    class Here(QueueModel):
        def folder(self):
            return tmp_path_factory.mktemp("queue")

    run_state_machine_as_test(Here, settings=settings(max_examples=20, stateful_step_count=30, deadline=None))


# -- the queue in SQLite -------------------------------------------------------------------------------


def test_messages_leases_and_dead_letters_outlive_the_process(tmp_path, clock):
    for attempt in range(2):
        database = Database.open(tmp_path / "shop.sqlite")
        queue = SqliteQueue(database, QUEUES, clock=clock, ids=UlidIds(clock))
        if attempt == 0:
            queue.send("jobs", [b"waiting"], delay_seconds=60)
            queue.send("jobs", [b"leased"])
            queue.send("mail", [b"dead"])
            receipt = receive_one(queue).receipt
            queue.failed("mail", receive_one(queue, "mail").receipt, reason="bounced")
        else:
            assert queue.depth("jobs") == 2
            assert not queue.receive("jobs")
            assert queue.done("jobs", receipt)
            assert [letter.body for letter in queue.dead_letters("mail")] == [b"dead"]
        database.close()


WORKER = """
import sys
from pathlib import Path
from bodega.adapters.local.queue import SqliteQueue
from bodega.adapters.local.sqlite import Database
from bodega.adapters.system.clock import SystemClock
from bodega.adapters.system.ids import UlidIds
from bodega.schema import QueueSpec

clock = SystemClock()
database = Database.open(Path(sys.argv[1]))
queue = SqliteQueue(database, [QueueSpec("jobs")], clock=clock, ids=UlidIds(clock))
while batch := queue.receive("jobs", limit=5, lease_seconds=600):
    for message in batch:
        print(message.body.decode())
        assert queue.done("jobs", message.receipt)
database.close()
"""


def test_processes_share_the_work_without_doing_any_twice(tmp_path):
    clock = SystemClock()
    database = Database.open(tmp_path / "shop.sqlite")
    queue = SqliteQueue(database, QUEUES, clock=clock, ids=UlidIds(clock))
    queue.send("jobs", [str(n).encode() for n in range(60)])

    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / "shop.sqlite")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    done = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]

    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert sorted(done, key=int) == [str(n) for n in range(60)]
    assert queue.depth("jobs") == 0
    database.close()
