"""Define the record of long work and keep it: what a job was asked, how far it came, what it refused."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, cast, get_args

import msgspec

from bodega import schema
from bodega.errors import ConflictError, NotFoundError
from bodega.ports.table import (
    ConditionFailedError,
    Delete,
    Equals,
    Item,
    Key,
    NotExists,
    Put,
    SortRange,
    TableStore,
    Write,
)
from bodega.values.page import Page, Position
from bodega.values.times import format_time

JobKind: TypeAlias = Literal["import", "export"]
JobState: TypeAlias = Literal["waiting", "running", "done", "failed"]
ImportSubject: TypeAlias = Literal["products", "orders", "sales", "stock", "reviews", "categories", "customers"]
ExportSubject: TypeAlias = Literal["products", "orders", "sales", "stock", "customers", "reviews", "categories"]
IMPORT_SUBJECTS: tuple[str, ...] = get_args(ImportSubject)
EXPORT_SUBJECTS: tuple[str, ...] = get_args(ExportSubject)

MAX_KEPT_REJECTIONS = 10_000
"""How many rejections a job keeps in the table; all of them are counted, and all are told to whoever listens."""

_SEPARATOR = "\x1f"


class TakenOverError(ConflictError):
    """Somebody else continued this job; whoever reads this must stop."""

    code = "taken_over"


class Rejection(msgspec.Struct, frozen=True):
    """A row that was not taken: its line in the file, a stable reason, and a sentence."""

    line: int
    reason: str
    detail: str


class Checkpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where to go on: behind `line` of the file or, once all is read, behind the group `after` of a later phase.

    `late` counts by reason what phases after the reading refused.
    """

    line: int = 0
    phase: str = "read"
    after: str = ""
    late: Mapping[str, int] = {}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Long work. `read` and `rejected` count rows; the others products, orders or reviews, as the subject has it.

    `fingerprint` tells files apart; `counts` says more of what was made, e.g. the missing products of a sales file.
    `seconds` is time spent working, interruptions left out.
    """

    id: str
    kind: JobKind
    subject: str
    state: JobState = "waiting"
    format: str | None = None
    created_at: datetime
    finished_at: datetime | None = None
    read: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejected_by_reason: Mapping[str, int] = {}
    counts: Mapping[str, int] = {}
    message: str = ""
    object_key: str | None = None
    columns: Mapping[str, str] = {}
    options: Mapping[str, str] = {}
    fingerprint: str = ""
    checkpoint: Checkpoint = Checkpoint()
    seconds: float = 0.0
    version: int = 1


class JobStore:
    """Jobs and their rejections in the table. A job is only written over the version that was read."""

    def __init__(self, *, table: TableStore) -> None:
        self._table = table

    def add(self, job: Job, along: Sequence[Write] = ()) -> Job:
        """Store a new job, and other writes along with it; ConditionFailedError if one of those cannot be."""
        self._table.transact([Put(schema.JOBS, _item(job), NotExists()), *along])
        return job

    def get(self, job_id: str) -> Job:
        """Return a job; NotFoundError if there is none."""
        item = self._table.get(schema.JOBS, _key(job_id)) if 0 < len(job_id) <= 100 else None  # noqa: PLR2004
        if item is None:
            raise NotFoundError("job", job_id)
        return _JOB.decode(cast("bytes", item["doc"]))

    def save(self, job: Job, rejections: Sequence[Rejection] = ()) -> Job:
        """Write a job over the version it was made from, and return it with its next; TakenOverError if that is gone.

        The rejections are written first: a crash in between repeats them under the same keys.
        """
        self._table.write_batch([Put(schema.JOBS, _rejection_item(job.id, one)) for one in rejections])
        new = msgspec.structs.replace(job, version=job.version + 1)
        try:
            self._table.transact([Put(schema.JOBS, _item(new), Equals("version", job.version))])
        except ConditionFailedError as exc:
            raise TakenOverError(f"job {job.id} was continued elsewhere") from exc
        return new

    def list(self, *, kind: str, position: Position | None = None, limit: int = 24) -> Page[Job]:
        """Return jobs of a kind, newest first."""
        after = Key(*position.after.split(_SEPARATOR, 2)) if position is not None else None
        page = self._table.query(schema.JOBS, kind, index="by_kind", after=after, descending=True, limit=limit)
        last = page.last
        following = Position(_SEPARATOR.join((last.partition, last.sort, last.index_sort or ""))) if last else None
        return Page(rows=[_JOB.decode(cast("bytes", item["doc"])) for item in page.items], next=following)

    def rejections(self, job_id: str, *, position: Position | None = None, limit: int = 100) -> Page[Rejection]:
        """Return the rejections that were kept, in order of their lines."""
        self.get(job_id)
        after = Key(job_id, position.after) if position is not None else None
        page = self._table.query(schema.JOBS, job_id, sort=SortRange(prefix=_REJECTED), after=after, limit=limit)
        following = Position(page.last.sort) if page.last is not None else None
        return Page(rows=[_REJECTION.decode(cast("bytes", item["doc"])) for item in page.items], next=following)

    def touch(self, job_id: str, names: Iterable[str]) -> None:
        """Note durably that something has to be seen to before the job ends."""
        self._table.write_batch(
            [Put(schema.JOBS, {"job_id": job_id, "part": f"{_TOUCHED}{name}"}) for name in sorted(names)]
        )

    def touched(self, job_id: str, *, limit: int) -> Sequence[str]:
        """Return some of what was noted, none when all was seen to."""
        page = self._table.query(schema.JOBS, job_id, sort=SortRange(prefix=_TOUCHED), limit=limit)
        return [cast("str", item["part"]).removeprefix(_TOUCHED) for item in page.items]

    def untouch(self, job_id: str, names: Iterable[str]) -> None:
        """Forget what was seen to."""
        self._table.write_batch([Delete(schema.JOBS, Key(job_id, f"{_TOUCHED}{name}")) for name in names])

    def last_of_file(self, identity: str) -> Job | None:
        """Return the job that last worked on a file of this identity, or None."""
        item = self._table.get(schema.JOBS, Key(f"file#{identity}", "latest"))
        return self.get(cast("str", item["latest"])) if item is not None else None

    def remember_file(self, identity: str, job_id: str) -> None:
        """Let `last_of_file` find this job."""
        self._table.write_batch([Put(schema.JOBS, {"job_id": f"file#{identity}", "part": "latest", "latest": job_id})])


_JOB = msgspec.json.Decoder(Job)
_REJECTION = msgspec.json.Decoder(Rejection)
_encode = msgspec.json.Encoder().encode
_TOUCHED = "touched#"
_REJECTED = "rejected#"


def _key(job_id: str) -> Key:
    return Key(job_id, "job")


def _item(job: Job) -> Item:
    return {
        "job_id": job.id,
        "part": "job",
        "kind": job.kind,
        "created_at": format_time(job.created_at),
        "version": job.version,
        "doc": _encode(job),
    }


def _rejection_item(job_id: str, rejection: Rejection) -> Item:
    return {"job_id": job_id, "part": f"{_REJECTED}{rejection.line:012d}", "doc": _encode(rejection)}
