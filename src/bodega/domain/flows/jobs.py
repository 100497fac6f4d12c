"""Start, resume and run imports and exports: by hand over a file, or from the queue over an uploaded one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from bodega.domain.flows.export_files import ExportFiles
from bodega.domain.flows.exporting import Exporter
from bodega.domain.flows.import_files import FORMATS, PACKED, continued, format_of, identity_of
from bodega.domain.flows.importing import Importer, check_options
from bodega.domain.flows.imports.ledger import OnProgress, OnRejection
from bodega.domain.flows.job_records import (
    EXPORT_SUBJECTS,
    IMPORT_SUBJECTS,
    Checkpoint,
    Job,
    JobKind,
    JobStore,
    Rejection,
    TakenOverError,
)
from bodega.domain.flows.job_watch import LEASE_SECONDS, QUEUE, Lease, Watch
from bodega.errors import ConflictError, Fault, InvalidError, ShopError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.ids import Ids
from bodega.ports.objects import ObjectStore
from bodega.ports.queue import Message, Queue
from bodega.ports.scratch import Scratch
from bodega.ports.table import TableStore, Write
from bodega.values.page import MAX_LIMIT, Page, Position

__all__ = ["EXPORT_SUBJECTS", "IMPORT_SUBJECTS", "Checkpoint", "Job", "Jobs", "Rejection", "TakenOverError"]

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 30.0
_MAX_COLUMNS = 100


class _Order(msgspec.Struct, frozen=True):
    """What a message in the queue says."""

    job: str


class Jobs:
    """Imports and exports as jobs: recorded, resumable, and run by one worker at a time."""

    def __init__(
        self,
        *,
        table: TableStore,
        objects: ObjectStore,
        queue: Queue,
        importer: Importer,
        exporter: Exporter,
        scratch: Scratch,
        export_files: ExportFiles,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = JobStore(table=table)
        self._objects = objects
        self._queue = queue
        self._importer = importer
        self._exporter = exporter
        self._scratch = scratch
        self._export_files = export_files
        self._clock = clock
        self._ids = ids

    # -- asking

    def create(
        self,
        *,
        kind: JobKind,
        subject: str,
        format: str | None = None,  # noqa: A002
        object_key: str | None = None,
        columns: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        along: Callable[[Job], Sequence[Write]] = lambda _: (),
    ) -> Job:
        """Store a job and queue it for a worker. An import's file must lie in the object store already.

        What is written `along` with it is in one transaction; ConditionFailedError, and no job, if that cannot be.
        """
        fingerprint = ""
        if kind == "import":
            info = self._objects.find(object_key) if object_key else None
            if info is None:
                raise InvalidError(
                    f"there is no uploaded file {object_key!r}", [Fault("/object_key", "not_found", "no such file")]
                )
            fingerprint = info.etag
            format = format_of(info.key, format)  # noqa: A001
        job = self._new(
            kind, subject, format or "jsonl", columns, options, object_key=object_key, fingerprint=fingerprint
        )
        self._store.add(job, along(job))
        self._send(job)
        return job

    def get(self, job_id: str) -> Job:
        """Return a job; NotFoundError if there is none."""
        return self._store.get(job_id)

    def list(self, *, kind: JobKind = "import", position: Position | None = None, limit: int = 24) -> Page[Job]:
        """Return jobs of a kind, newest first."""
        return self._store.list(kind=kind, position=position, limit=limit)

    def rejections(self, job_id: str, *, position: Position | None = None, limit: int = 100) -> Page[Rejection]:
        """Return what an import refused, in order of lines; of very many, the first ten thousand that were met."""
        return self._store.rejections(job_id, position=position, limit=limit)

    def needed_files(self) -> frozenset[str]:
        """Return the keys of uploaded files that some import has yet to read, or may be resumed to read."""
        needed: set[str] = set()
        position: Position | None = None
        while True:
            page = self._store.list(kind="import", position=position, limit=MAX_LIMIT)
            needed |= {job.object_key for job in page.rows if job.object_key is not None and job.state != "done"}
            if page.next is None:
                return frozenset(needed)
            position = page.next

    def resume(self, job_id: str) -> Job:
        """Queue a job again that failed or was interrupted, to go on where it stopped; ConflictError if it is done."""
        job = self._store.get(job_id)
        if job.state == "done":
            raise ConflictError(f"job {job_id} is done; there is nothing to resume")
        if job.kind == "import" and job.object_key is None:
            raise ConflictError(f"job {job_id} reads a file beside the command line; resume it there")
        if job.state != "waiting":
            job = self._store.save(msgspec.structs.replace(job, state="waiting", finished_at=None))
        self._send(job)
        return job

    # -- working

    def import_file(
        self,
        subject: str,
        path: Path,
        *,
        fingerprint: str,
        format: str | None = None,  # noqa: A002
        columns: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        resume: str | None = None,
        on_start: Callable[[Job, int | None], None] | None = None,
        on_progress: OnProgress | None = None,
        on_rejection: OnRejection | None = None,
    ) -> Job:
        """Import a local file now, and return the job, done or failed.

        An interrupted or failed import of the same file (by name and fingerprint) with the same columns and options is
        continued; `resume` names a job to continue although the file was corrected meanwhile. `on_start` is told the
        job and about how many rows there are.
        """
        new = self._new("import", subject, format, columns, options, fingerprint=fingerprint)
        identity = identity_of(new, path)
        job = self._store.get(resume) if resume else self._store.last_of_file(identity)
        if job is not None and resume and (job.state == "done" or job.subject != subject or job.kind != "import"):
            raise ConflictError(f"job {resume} is no unfinished import of {subject}")
        if job is None or job.state == "done":
            job = self._store.add(new)
        else:
            job = self._store.save(continued(job, fingerprint))
        self._store.remember_file(identity, job.id)
        if on_start is not None:
            on_start(job, self._importer.rows_in(job, path))
        return self._importer.run(job, path, on_progress=on_progress, on_rejection=on_rejection)

    def run(self, job_id: str, *, on_progress: OnProgress | None = None) -> Job:
        """Run a stored job now and return it, done or failed; one that is done is left alone."""
        job = self._store.get(job_id)
        if job.state == "done":
            return job
        if job.kind == "export":
            return self._export(job, on_progress)
        if job.object_key is None:
            raise ConflictError(f"job {job_id} reads a file beside the command line")
        info = self._objects.find(job.object_key)
        if info is None:
            message = "the uploaded file is gone"
            return self._store.save(
                msgspec.structs.replace(job, state="failed", message=message, finished_at=self._clock.now())
            )
        path = self._objects.fetch(job.object_key)
        return self._importer.run(self._store.save(continued(job, info.etag)), path, on_progress=on_progress)

    def work_once(self, *, limit: int = 1, pause: Callable[[], bool] = lambda: False) -> int:
        """Run up to `limit` queued jobs and return how many messages were settled: for the worker's loop.

        An import that has come to a checkpoint when `pause` says so is queued again, to go on from there.
        """
        messages = self._queue.receive(QUEUE, limit=limit, lease_seconds=LEASE_SECONDS)
        for message in messages:
            self._settle(message, pause)
        return len(messages)

    # -- inside

    def _new(
        self,
        kind: JobKind,
        subject: str,
        format: str | None,  # noqa: A002
        columns: Mapping[str, str] | None,
        options: Mapping[str, str] | None,
        *,
        object_key: str | None = None,
        fingerprint: str = "",
    ) -> Job:
        subjects = IMPORT_SUBJECTS if kind == "import" else EXPORT_SUBJECTS
        if subject not in subjects:
            detail = f"there is no {kind} of {subject[:40]!r}; there are {', '.join(subjects)}"
            raise InvalidError(detail, [Fault("/subject", "unknown_subject", detail)])
        if format is not None and format.removesuffix(PACKED) not in FORMATS:
            detail = f"{format[:40]!r} is none of the formats {', '.join(FORMATS)}"
            raise InvalidError(detail, [Fault("/format", "unknown_format", detail)])
        if columns is not None and len(columns) > _MAX_COLUMNS:
            raise InvalidError(
                f"at most {_MAX_COLUMNS} columns can be named", [Fault("/columns", "too_many", "too many")]
            )
        check_options(options or {})
        return Job(
            id=self._ids.new("job"),
            kind=kind,
            subject=subject,
            format=format,
            created_at=self._clock.now(),
            object_key=object_key,
            columns=dict(columns or {}),
            options=dict(options or {}),
            fingerprint=fingerprint,
        )

    def _send(self, job: Job) -> None:
        self._queue.send(QUEUE, [msgspec.json.encode(_Order(job.id))])

    def _settle(self, message: Message, pause: Callable[[], bool]) -> None:
        """Run a message's job and settle the message: what can never succeed is not tried again."""
        watch = Watch(Lease(self._queue, message.receipt, self._clock), pause)
        try:
            job = self.run(msgspec.json.decode(message.body, type=_Order).job, on_progress=watch.progress)
            if job.state == "waiting":
                self._send(job)
        except (UnavailableError, TakenOverError) as exc:
            self._queue.failed(QUEUE, message.receipt, reason=exc.message, retry_in_seconds=_RETRY_SECONDS)
        except (ShopError, msgspec.MsgspecError) as exc:
            _log.info("job refused", extra={"reason": str(exc)})
            self._queue.done(QUEUE, message.receipt)
        except Exception as exc:  # noqa: BLE001 - a bug in one job must not end the worker; it is logged
            _log.exception("job broke", extra={"attempt": message.attempt})
            self._queue.failed(QUEUE, message.receipt, reason=repr(exc)[:500], retry_in_seconds=_RETRY_SECONDS)
        else:
            self._queue.done(QUEUE, message.receipt)

    def _export(self, job: Job, on_progress: OnProgress | None) -> Job:
        """Write an export beside the store, then put it there whole. An interrupted one starts over."""
        started = self._clock.now()
        running = self._store.save(msgspec.structs.replace(job, state="running", message="", finished_at=None))

        def tell(rows: int) -> None:
            if on_progress is not None:
                on_progress(msgspec.structs.replace(running, read=rows))

        try:
            with self._scratch.folder() as folder:
                path = folder / f"{job.subject}.{job.format}"
                # Who may know who people are, the doors ask; the hashes of their passwords never leave like this.
                rows = self._exporter.write(job.subject, path, format=job.format, privacy="personal", on_progress=tell)
                info = self._export_files.put(job, path)
        except UnavailableError as exc:
            self._finish(running, started, state="failed", message=exc.message)
            raise
        except ShopError as exc:
            return self._finish(running, started, state="failed", message=exc.message)
        return self._finish(running, started, state="done", read=rows, object_key=info.key)

    def _finish(self, job: Job, started: datetime, **changes: object) -> Job:
        now = self._clock.now()
        seconds = max(0.0, (now - started).total_seconds())
        return self._store.save(msgspec.structs.replace(job, finished_at=now, seconds=seconds, **changes))
