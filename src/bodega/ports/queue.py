"""Ask for work to be done later, at least once, by one worker at a time."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from bodega.errors import InvalidError

MAX_BODY_BYTES = 256 * 1024  # SQS's limit on a message
MAX_DELAY_SECONDS = 15 * 60  # SQS's limit on DelaySeconds
MAX_LEASE_SECONDS = 12 * 3600  # SQS's limit on a visibility timeout


class Message(msgspec.Struct, frozen=True):
    """A leased message. `receipt` belongs to this lease; `attempt` counts from 1."""

    id: str
    body: bytes
    receipt: str
    attempt: int


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that failed too often, with the last reason given."""

    id: str
    body: bytes
    attempts: int
    reason: str


class Queue(Protocol):
    """The named queues of `bodega.schema.QUEUES`: durable, leased, with dead letters. Thread-safe.

    Order is not promised. Any process of the shop may send and receive. An attempt counts when a message is
    received, so that one which kills its workers becomes a dead letter too. Every verb raises NotFoundError
    for a queue that nobody declared and InvalidError for numbers out of range; then nothing has happened.
    """

    def send(self, queue: str, bodies: Sequence[bytes], *, delay_seconds: float = 0) -> None:
        """Store messages durably, all or none; each becomes visible after the delay, of at most 15 minutes.

        An empty body or one over 256 KiB: InvalidError, nothing stored. Repeating a call sends twice.
        """
        ...

    def receive(self, queue: str, *, limit: int = 10, lease_seconds: float = 30) -> Sequence[Message]:
        """Lease up to `limit` visible messages; nobody else gets them until the lease ends.

        Empty when there are none; it does not wait. A lease lasts 12 hours at most. A message whose last
        allowed attempt ended without an answer becomes a dead letter here.
        """
        ...

    def extend(self, queue: str, receipt: str, *, lease_seconds: float) -> bool:
        """Let a lease end that long from now instead; False if it had already ended."""
        ...

    def done(self, queue: str, receipt: str) -> bool:
        """Delete a leased message; False if the lease had ended, in which case it may be delivered again."""
        ...

    def failed(self, queue: str, receipt: str, *, reason: str, retry_in_seconds: float = 0) -> None:
        """Give a message back; after the queue's `max_attempts` it becomes a dead letter with this reason.

        Nothing happens if the lease had ended: the message is visible already or somebody else's.
        """
        ...

    def bury(self, queue: str, letter: DeadLetter) -> None:
        """Put what can never be handled among the dead letters at once; nothing if one of its id is there already.

        InvalidError for an empty body or one over 256 KiB.
        """
        ...

    def dead_letters(self, queue: str, *, limit: int = 100) -> Sequence[DeadLetter]:
        """Return dead letters, oldest first."""
        ...

    def redrive(self, queue: str, message_id: str) -> bool:
        """Put a dead letter back in its queue with its attempts forgotten; False if there is none of that id."""
        ...

    def depth(self, queue: str) -> int:
        """Return how many messages wait or are leased, dead letters left out."""
        ...


def check_body(body: bytes) -> None:
    """Raise InvalidError unless this may be a message's body."""
    if not 1 <= len(body) <= MAX_BODY_BYTES:
        raise InvalidError(f"a message has 1 to {MAX_BODY_BYTES} bytes, not {len(body)}")
