"""Let workers of queues work on what Lambda hands over with an event, as if they had received it themselves."""

from collections import defaultdict, deque
from collections.abc import Sequence

from bodega import schema
from bodega.domain.shop import Shop
from bodega.ports.queue import DeadLetter, Message, Queue
from bodega.schema import QueueSpec
from bodega.settings import Settings
from bodega.wiring.opening import open_shop


def open_handed(settings: Settings) -> tuple[Shop, "HandedQueue"]:
    """Open a shop whose workers find in their queues what they are handed."""
    made: list[HandedQueue] = []

    def around(queue: Queue) -> Queue:
        made.append(HandedQueue(queue, schema.QUEUES))
        return made[0]

    return open_shop(settings, around_queue=around), made[0]


class HandedQueue:
    """The queues of a shop, whose messages come with an event: `receive` gives out those and looks for no others.

    SQS deletes what a function does not report as failed and shows the rest again, so that answers are only noted here.
    What failed for the last time is buried with the reason, which SQS itself would not know. For one event at a time.
    """

    def __init__(self, inner: Queue, specs: Sequence[QueueSpec]) -> None:
        self._inner = inner
        self._most_attempts = {spec.name: spec.max_attempts for spec in specs}
        self._waiting: defaultdict[str, deque[Message]] = defaultdict(deque)
        self._given: dict[tuple[str, str], Message] = {}
        self._settled: set[tuple[str, str]] = set()

    def hand_over(self, queue: str, messages: Sequence[Message]) -> None:
        """Take the messages of an event, and forget those of the one before."""
        self._waiting.clear()
        self._given.clear()
        self._settled.clear()
        self._waiting[queue].extend(messages)

    def settled(self, queue: str, message: Message) -> bool:
        """Tell whether a message is done with: handled, or buried."""
        return (queue, message.receipt) in self._settled

    def waiting(self, queue: str) -> int:
        """Return how many messages nobody has asked for yet."""
        return len(self._waiting[queue])

    # -- the port

    def receive(self, queue: str, *, limit: int = 10, lease_seconds: float = 30) -> Sequence[Message]:  # noqa: ARG002 - SQS knows how long
        """Give out what was handed over."""
        waiting = self._waiting[queue]
        given = [waiting.popleft() for _ in range(min(limit, len(waiting)))]
        self._given |= {(queue, message.receipt): message for message in given}
        return given

    def extend(self, queue: str, receipt: str, *, lease_seconds: float) -> bool:  # noqa: ARG002 - as long as the function runs
        """Tell whether the message is still ours: it is for six times as long as the function may run."""
        return (queue, receipt) in self._given

    def done(self, queue: str, receipt: str) -> bool:
        """Note that a message was handled."""
        held = self._given.pop((queue, receipt), None)
        if held is not None:
            self._settled.add((queue, receipt))
        return held is not None

    def failed(self, queue: str, receipt: str, *, reason: str, retry_in_seconds: float = 0) -> None:  # noqa: ARG002 - SQS decides
        """Leave a message to be shown again, or bury it if this was its last attempt."""
        message = self._given.pop((queue, receipt), None)
        if message is not None and message.attempt >= self._most_attempts[queue]:
            self._inner.bury(queue, DeadLetter(message.id, message.body, message.attempt, reason))
            self._settled.add((queue, receipt))

    def send(self, queue: str, bodies: Sequence[bytes], *, delay_seconds: float = 0) -> None:
        """See the port."""
        self._inner.send(queue, bodies, delay_seconds=delay_seconds)

    def bury(self, queue: str, letter: DeadLetter) -> None:
        """See the port."""
        self._inner.bury(queue, letter)

    def dead_letters(self, queue: str, *, limit: int = 100) -> Sequence[DeadLetter]:
        """See the port."""
        return self._inner.dead_letters(queue, limit=limit)

    def redrive(self, queue: str, message_id: str) -> bool:
        """See the port."""
        return self._inner.redrive(queue, message_id)

    def depth(self, queue: str) -> int:
        """See the port."""
        return self._inner.depth(queue)
