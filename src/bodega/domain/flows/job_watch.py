"""Look on while a job runs: keep its message ours, and have it pause where it can go on from."""

from collections.abc import Callable
from datetime import timedelta

from bodega.domain.flows.imports.ledger import PausedError
from bodega.domain.flows.job_records import Checkpoint, Job
from bodega.ports.clock import Clock
from bodega.ports.queue import Queue

QUEUE = "jobs"
LEASE_SECONDS = 300.0
_EXTEND_AFTER = timedelta(seconds=LEASE_SECONDS / 5)


class Lease:
    """Keeps a message ours while its job makes progress."""

    def __init__(self, queue: Queue, receipt: str, clock: Clock) -> None:
        self._queue = queue
        self._receipt = receipt
        self._clock = clock
        self._kept_at = clock.now()

    def keep(self) -> None:
        """Prolong the lease if it is getting old. Losing it does no harm: the job's version tells who runs it."""
        now = self._clock.now()
        if now - self._kept_at >= _EXTEND_AFTER:
            self._queue.extend(QUEUE, self._receipt, lease_seconds=LEASE_SECONDS)
            self._kept_at = now


class Watch:
    """Looks on while a job runs: keeps its message ours, and has it pause where it can go on from."""

    def __init__(self, lease: Lease, pause: Callable[[], bool]) -> None:
        self._lease = lease
        self._pause = pause
        self._begun: Checkpoint | None = None

    def progress(self, job: Job) -> None:
        """Raise PausedError if it is time to, and the job is further than it was when it was first heard of."""
        self._lease.keep()
        self._begun = self._begun or job.checkpoint
        if job.state == "running" and job.checkpoint != self._begun and self._pause():
            raise PausedError
