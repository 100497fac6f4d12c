"""Count what an import does, keep its refusals, and write both down with the place to go on from."""

from collections import Counter
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from bodega.domain.flows.job_records import (
    MAX_KEPT_REJECTIONS,
    Checkpoint,
    Job,
    JobState,
    JobStore,
    Rejection,
)
from bodega.errors import InvalidError, ShopError
from bodega.ports.clock import Clock

OnProgress: TypeAlias = Callable[[Job], None]
"""Told of a job at every checkpoint and now and then; may raise PausedError."""
OnRejection: TypeAlias = Callable[[Rejection], None]
Outcome: TypeAlias = Literal["created", "changed", "unchanged"]
MAX_DETAIL = 300


class PausedError(Exception):
    """Whoever watches an import wants it to stop at the checkpoint that it has just come to, and to go on later."""


class Ledger:
    """The books of one running import. Nothing in it is durable before `checkpoint` returns."""

    def __init__(
        self,
        job: Job,
        *,
        store: JobStore,
        clock: Clock,
        on_progress: OnProgress | None,
        on_rejection: OnRejection | None,
    ) -> None:
        self.job = job
        self._store = store
        self._clock = clock
        self._on_progress = on_progress
        self._on_rejection = on_rejection
        self._kept: list[Rejection] = []
        self._since = clock.now()
        self._outcomes = Counter({"created": job.created, "changed": job.changed, "unchanged": job.unchanged})
        self._reasons = Counter(job.rejected_by_reason)
        self._late = Counter(job.checkpoint.late)
        self.counts = Counter(job.counts)
        self.read = job.read
        self.rejected = job.rejected

    def forget_reading(self) -> None:
        """Count rows anew from the first: for imports that must read a whole file again to go on."""
        self.read = 0
        self._reasons = Counter(self._late)
        self.rejected = self._late.total()

    def count(self, outcome: Outcome, number: int = 1) -> None:
        """Add what became of rows that were taken."""
        self._outcomes[outcome] += number

    def reject(self, line: int, reason: str, detail: str, *, late: bool = False) -> None:
        """Refuse a row; `late` if that happened in a phase after the reading."""
        rejection = Rejection(line, reason, detail[:MAX_DETAIL])
        if self.rejected < MAX_KEPT_REJECTIONS:
            self._kept.append(rejection)
        self.rejected += 1
        self._reasons[reason] += 1
        if late:
            self._late[reason] += 1
        if self._on_rejection is not None:
            self._on_rejection(rejection)

    def refuse(self, line: int, error: ShopError) -> None:
        """Refuse a row for what the shop said about it."""
        self.reject(line, reason_of(error), error.message)

    def checkpoint(self, *, line: int = 0, phase: str = "read", after: str = "") -> None:
        """Write down what was done so far and where to go on, durably."""
        self._save("running", Checkpoint(line=line, phase=phase, after=after, late=dict(self._late)))

    def tick(self) -> None:
        """Tell whoever watches how far we are, without writing anything."""
        if self._on_progress is not None:
            self._on_progress(self._current("running", self.job.checkpoint))

    def finish(self, state: JobState, *, message: str = "") -> Job:
        """Close the books; a job that failed, or is to go on later, keeps its last checkpoint."""
        if state in {"failed", "waiting"}:
            # What was counted behind the last checkpoint will be read and counted again.
            finished_at = self._clock.now() if state == "failed" else None
            job = msgspec.structs.replace(self.job, state=state, message=message, finished_at=finished_at)
            self.job = self._store.save(job)
            return self.job
        return self._save(state, self.job.checkpoint, message=message)

    def _save(self, state: JobState, checkpoint: Checkpoint, *, message: str = "") -> Job:
        job = self._current(state, checkpoint, message=message)
        self._since = self._clock.now()
        self.job = self._store.save(job, self._kept)
        self._kept = []
        if self._on_progress is not None:
            self._on_progress(self.job)
        return self.job

    def _current(self, state: JobState, checkpoint: Checkpoint, *, message: str = "") -> Job:
        now = self._clock.now()
        return msgspec.structs.replace(
            self.job,
            state=state,
            message=message,
            finished_at=now if state in {"done", "failed"} else None,
            read=self.read,
            created=self._outcomes["created"],
            changed=self._outcomes["changed"],
            unchanged=self._outcomes["unchanged"],
            rejected=self.rejected,
            rejected_by_reason=dict(self._reasons.most_common()),
            counts=dict(self.counts),
            checkpoint=checkpoint,
            seconds=self.job.seconds + max(0.0, (now - self._since).total_seconds()),
        )


def reason_of(error: ShopError) -> str:
    """Return the stable code of a refusal: that of its first fault where it has any."""
    if isinstance(error, InvalidError) and error.faults:
        return error.faults[0].code
    return error.code
