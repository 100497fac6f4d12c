"""Ask for work to be done later, at least once, by one worker at a time."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

MAX_BODY_BYTES = 256 * 1024  # SQS's limit on a message


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
    """The named queues of `bodega.schema.QUEUES`: durable, leased, with dead letters.

    Order is not promised. Thread-safe.
    """

    def send(self, queue: str, bodies: Sequence[bytes], *, delay_seconds: float = 0) -> None:
        """Store messages durably; each becomes visible after the delay. Over 256 KiB: InvalidError, nothing stored."""
        ...

    def receive(self, queue: str, *, limit: int = 10, lease_seconds: float = 30) -> Sequence[Message]:
        """Lease up to `limit` visible messages; nobody else gets them until the lease ends.

        Empty when there are none.
        """
        ...

    def extend(self, queue: str, receipt: str, *, lease_seconds: float) -> bool:
        """Prolong a lease; False if it had already ended."""
        ...

    def done(self, queue: str, receipt: str) -> bool:
        """Delete a leased message; False if the lease had ended, in which case it may be delivered again."""
        ...

    def failed(self, queue: str, receipt: str, *, reason: str, retry_in_seconds: float = 0) -> None:
        """Give a message back; after the queue's `max_attempts` it becomes a dead letter with this reason."""
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
