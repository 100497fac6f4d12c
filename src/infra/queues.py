"""Make the queues: those that the schema declares and those that only AWS needs, each with one for its dead letters."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from bodega import schema
from infra.stage import Stage

# What fails on its way into a function, or out of a rule, has a queue as well, so that nothing is lost without a trace.
UPLOADS = schema.QueueSpec("uploads")
OWN_QUEUES = (UPLOADS,)
# Dead letters of what is no queue: the stream of the outbox, the bus, the schedules.
LOST = ("stream", "bus", "schedule")
_DEAD_DAYS = Duration.days(14)
_DAYS = Duration.days(4)
# A message is hidden six times as long as its function may take: AWS's advice for sources of events.
HIDDEN = 6


@dataclass(frozen=True)
class Pair:
    """A queue and that of its dead letters."""

    queue: sqs.Queue
    dead: sqs.Queue


class Queues(Construct):
    """All queues of a stage, named as the adapters look for them."""

    def __init__(self, scope: Construct, *, stage: Stage, function_timeouts: dict[str, Duration]) -> None:
        """Take how long the function of each queue may take; the others' messages are received by lease."""
        super().__init__(scope, "Queues")
        self._stage = stage
        self.pairs = {
            spec.name: self._pair(spec, function_timeouts.get(spec.name)) for spec in (*schema.QUEUES, *OWN_QUEUES)
        }
        self.lost = {name: self._queue(f"{name}{schema.DEAD}", _DEAD_DAYS) for name in LOST}

    @property
    def dead(self) -> list[sqs.Queue]:
        """Return all queues that should be empty."""
        return [*(pair.dead for pair in self.pairs.values()), *self.lost.values()]

    @property
    def arns(self) -> dict[str, str]:
        """Return every queue's ARN by its name."""
        found = {name: pair.queue.queue_arn for name, pair in self.pairs.items()}
        found |= {f"{name}{schema.DEAD}": pair.dead.queue_arn for name, pair in self.pairs.items()}
        return found

    def _pair(self, spec: schema.QueueSpec, function_timeout: Duration | None) -> Pair:
        dead = self._queue(f"{spec.name}{schema.DEAD}", _DEAD_DAYS)
        hidden = Duration.seconds(function_timeout.to_seconds() * HIDDEN) if function_timeout else None
        letters = sqs.DeadLetterQueue(queue=dead, max_receive_count=spec.max_attempts)
        return Pair(self._queue(spec.name, _DAYS, hidden=hidden, dead=letters), dead)

    def _queue(
        self, name: str, kept: Duration, *, hidden: Duration | None = None, dead: sqs.DeadLetterQueue | None = None
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            name,
            queue_name=self._stage.named(name),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=kept,
            visibility_timeout=hidden,
            dead_letter_queue=dead,
        )
