"""Queue messages in SQS, each queue beside one for its dead letters.

SQS counts receives, and moves what nobody answers to the dead letters by itself (the queue's redrive policy). What is
given back too often is put there by us, with the reason.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from bodega.adapters.aws import queue_messages as sqs_messages
from bodega.adapters.aws.refusals import code_of, unavailable
from bodega.errors import InvalidError, NotFoundError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.queue import MAX_DELAY_SECONDS, MAX_LEASE_SECONDS, DeadLetter, Message, check_body
from bodega.schema import DEAD, QueueSpec

_AT_ONCE = 10  # messages in one call, and in one answer
_LOOK_SECONDS = 30  # a dead letter that is looked at is hidden meanwhile, so that one look sees it once
_MOST_DEAD = 1000
_LEASE_IS_OVER = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})


class _Lease(NamedTuple):
    """A message that this process has leased, as SQS gave it, and when that ends by our clock."""

    found: dict[str, Any]
    until: float


class SqsQueue:
    """The declared queues in SQS under a prefix; `<name>-dead` holds the dead letters of each. Thread-safe.

    Differences that are SQS's own: of more than ten messages in one `send` a part may be stored when it fails, times
    are whole seconds, and `depth` and dead letters are near and not exact. Only the process that holds a lease can
    answer it.
    """

    def __init__(self, sqs: Any, queues: Sequence[QueueSpec], *, prefix: str, clock: Clock, ids: Ids) -> None:
        """Take boto3's client of SQS; the queues must be there, with redrive policies of the declared attempts.

        Messages carry ids of ours, because SQS gives another one to what is put into another queue.
        """
        self._sqs = sqs
        self._specs = {spec.name: spec for spec in queues}
        self._prefix = prefix
        self._clock = clock
        self._ids = ids
        self._urls: dict[str, str] = {}
        self._lock = threading.Lock()
        self._leases: dict[tuple[str, str], _Lease] = {}

    # -- sending and receiving -----------------------------------------------------------------------------

    def send(self, queue: str, bodies: Sequence[bytes], *, delay_seconds: float = 0) -> None:
        """Store messages; see the port."""
        self._spec(queue)
        delay = sqs_messages.seconds(delay_seconds, "a delay", most=MAX_DELAY_SECONDS)
        for body in bodies:
            check_body(body)
        self._send(queue, [sqs_messages.entry(body, {"id": self._ids.new("msg")}, delay) for body in bodies])

    def receive(self, queue: str, *, limit: int = 10, lease_seconds: float = 30) -> Sequence[Message]:
        """Lease up to `limit` visible messages."""
        self._spec(queue)
        lease = sqs_messages.seconds(lease_seconds, "a lease", least=1, most=MAX_LEASE_SECONDS)
        _check_limit(limit)
        until = self._now() + lease
        found = self._receive(queue, limit, lease)
        with self._lock:
            self._leases = {key: one for key, one in self._leases.items() if one.until > self._now()}
            self._leases |= {(queue, one["ReceiptHandle"]): _Lease(one, until) for one in found}
        return [
            Message(
                sqs_messages.attribute(one, "id"),
                sqs_messages.body(one),
                one["ReceiptHandle"],
                sqs_messages.receives(one),
            )
            for one in found
        ]

    # -- answering -----------------------------------------------------------------------------------------

    def extend(self, queue: str, receipt: str, *, lease_seconds: float) -> bool:
        """Let a lease end that long from now instead; False if it had already ended."""
        self._spec(queue)
        lease = sqs_messages.seconds(lease_seconds, "a lease", least=1, most=MAX_LEASE_SECONDS)
        held = self._held(queue, receipt)
        if held is None or not self._hide(queue, receipt, lease):
            return False
        with self._lock:
            self._leases[queue, receipt] = _Lease(held.found, self._now() + lease)
        return True

    def done(self, queue: str, receipt: str) -> bool:
        """Delete a leased message; False if the lease had ended."""
        self._spec(queue)
        return self._let_go(queue, receipt) is not None and self._delete(queue, receipt)

    def failed(self, queue: str, receipt: str, *, reason: str, retry_in_seconds: float = 0) -> None:
        """Give a message back, or bury it if that was its last attempt."""
        spec = self._spec(queue)
        pause = sqs_messages.seconds(retry_in_seconds, "a pause", most=MAX_LEASE_SECONDS)
        held = self._let_go(queue, receipt)
        if held is None:
            return
        attempts = sqs_messages.receives(held.found)
        if attempts < spec.max_attempts:
            self._hide(queue, receipt, pause)
            return
        # Buried before it is deleted: killed in between, it is in both places, and found once by its id.
        body, name = sqs_messages.body(held.found), sqs_messages.attribute(held.found, "id")
        self.bury(queue, DeadLetter(name, body, attempts, reason))
        self._delete(queue, receipt)

    def bury(self, queue: str, letter: DeadLetter) -> None:
        """Put what can never be handled among the dead letters at once; twice is seen once, by its id."""
        self._spec(queue)
        check_body(letter.body)
        self._send(queue + DEAD, [sqs_messages.burial(letter)])

    # -- dead letters --------------------------------------------------------------------------------------

    def dead_letters(self, queue: str, *, limit: int = 100) -> Sequence[DeadLetter]:
        """Return dead letters, oldest first among those that SQS shows."""
        attempts = self._spec(queue).max_attempts
        _check_limit(limit)
        letters = {
            letter.id: letter for letter in (sqs_messages.dead_letter(one, attempts) for one in self._look(queue))
        }
        return list(letters.values())[:limit]

    def redrive(self, queue: str, message_id: str) -> bool:
        """Put a dead letter back in its queue, visible at once."""
        self._spec(queue)
        copies = [one for one in self._look(queue) if sqs_messages.attribute(one, "id") == message_id]
        if not copies:
            return False
        self._send(queue, [sqs_messages.entry(sqs_messages.body(copies[0]), {"id": message_id}, 0)])
        for copy in copies:
            self._delete(queue + DEAD, copy["ReceiptHandle"])
        return True

    def depth(self, queue: str) -> int:
        """Return about how many messages wait or are leased."""
        self._spec(queue)
        counts = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        return sum(int(count) for count in self._attributes(queue, counts).values())

    def check(self) -> None:
        """Raise UnavailableError that names the first queue that is missing, or buries otherwise than is declared."""
        for name, spec in self._specs.items():
            self._attributes(name + DEAD, ["QueueArn"])
            policy = msgspec.json.decode(self._attributes(name, ["RedrivePolicy"]).get("RedrivePolicy", "{}"))
            buried = str(policy.get("deadLetterTargetArn", "")).rpartition(":")[2]
            if (buried, int(policy.get("maxReceiveCount", 0))) != (self._prefix + name + DEAD, spec.max_attempts):
                raise UnavailableError(
                    f"queue {self._prefix}{name} does not bury after {spec.max_attempts} attempts: deploy again"
                )

    # -- inside --------------------------------------------------------------------------------------------

    def _spec(self, queue: str) -> QueueSpec:
        try:
            return self._specs[queue]
        except KeyError:
            raise NotFoundError("queue", queue) from None

    def _attributes(self, queue: str, names: list[str]) -> dict[str, str]:
        answer = self._call(queue, lambda url: self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))
        return answer.get("Attributes", {})  # type: ignore[no-any-return]

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _held(self, queue: str, receipt: str) -> _Lease | None:
        with self._lock:
            lease = self._leases.get((queue, receipt))
        return lease if lease is not None and lease.until > self._now() else None

    def _let_go(self, queue: str, receipt: str) -> _Lease | None:
        held = self._held(queue, receipt)
        with self._lock:
            self._leases.pop((queue, receipt), None)
        return held

    def _send(self, queue: str, entries: Sequence[dict[str, Any]]) -> None:
        for batch in sqs_messages.batches(entries, most=_AT_ONCE):
            answer = self._call(queue, partial(self._send_some, batch))
            if answer.get("Failed"):
                raise UnavailableError(f"SQS did not take all messages: {answer['Failed'][0].get('Code')}")

    def _send_some(self, batch: list[dict[str, Any]], url: str) -> Any:
        return self._sqs.send_message_batch(QueueUrl=url, Entries=batch)

    def _receive(self, queue: str, limit: int, hidden_seconds: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while len(found) < limit:
            most = min(_AT_ONCE, limit - len(found))
            some = self._call(queue, partial(self._receive_some, most=most, hidden_seconds=hidden_seconds))
            if not some:
                break
            found += some
        return found

    def _receive_some(self, url: str, *, most: int, hidden_seconds: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hidden_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages") or []

    def _look(self, queue: str) -> list[dict[str, Any]]:
        """Return the dead letters that SQS shows, in order of their coming, and let others see them again."""
        found = self._receive(queue + DEAD, _MOST_DEAD, _LOOK_SECONDS)
        for one in found:
            self._hide(queue + DEAD, one["ReceiptHandle"], 0)
        return sorted(
            found, key=lambda one: (int(one["Attributes"]["SentTimestamp"]), sqs_messages.attribute(one, "id"))
        )

    def _hide(self, queue: str, handle: str, seconds: int) -> bool:
        return self._of_lease(
            queue,
            lambda url: self._sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds
            ),
        )

    def _delete(self, queue: str, handle: str) -> bool:
        return self._of_lease(queue, lambda url: self._sqs.delete_message(QueueUrl=url, ReceiptHandle=handle))

    def _of_lease(self, queue: str, call: Callable[[str], Any]) -> bool:
        """Make a call about a lease; False if SQS says that it has ended."""
        try:
            self._call(queue, call)
        except _LeaseOverError:
            return False
        return True

    def _call(self, queue: str, call: Callable[[str], Any]) -> Any:
        try:
            if queue not in self._urls:
                self._urls[queue] = self._sqs.get_queue_url(QueueName=self._prefix + queue)["QueueUrl"]
            return call(self._urls[queue])
        except ClientError as error:
            if code_of(error) in _LEASE_IS_OVER:
                raise _LeaseOverError from error
            raise unavailable("SQS", f"queue {self._prefix}{queue}", error) from error
        except BotoCoreError as error:
            raise unavailable("SQS", f"queue {self._prefix}{queue}", error) from error


class _LeaseOverError(Exception):
    """SQS does not know the receipt of a lease, or not any more."""


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise InvalidError("a limit is at least 1")
