"""Show imports and exports as staff see them, and start them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from bodega.api.call import Call
from bodega.domain.flows.jobs import Job
from bodega.errors import NotFoundError

FILE_TYPES: Mapping[str, str] = {
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/gzip": "",
    "application/octet-stream": "",
}
"""Content types of import files and the format each means; an empty one must be named."""


class JobView(msgspec.Struct, frozen=True):
    """An import or export. `read` and `rejected` count rows; the other counts are of what the rows became."""

    id: str
    kind: str
    state: str
    format: str | None
    created_at: datetime
    finished_at: datetime | None
    read: int
    created: int
    changed: int
    unchanged: int
    rejected: int
    rejected_by_reason: dict[str, int]
    message: str
    download: str | UnsetType = UNSET


def job_of(call: Call, kind: str) -> Job:
    """Return the job that the path names, if it is of this kind."""
    job = call.shop.jobs.get(call.params["job"])
    if job.kind != kind:
        raise NotFoundError(kind, job.id)
    return job


def job_view(call: Call, job: Job) -> JobView:
    """Return a job as staff see it; a finished export says where its file is."""
    done = job.kind == "export" and job.state == "done"
    return JobView(
        id=job.id,
        kind=job.subject,
        state=job.state,
        format=job.format,
        created_at=job.created_at,
        finished_at=job.finished_at,
        read=job.read,
        created=job.created,
        changed=job.changed,
        unchanged=job.unchanged,
        rejected=job.rejected,
        rejected_by_reason=dict(job.rejected_by_reason),
        message=job.message,
        download=f"{call.base_url}/v1/admin/exports/{job.id}/file" if done else UNSET,
    )


def start_import(call: Call, subject: str, file_format: str, columns: Mapping[str, str], key: str) -> Job:
    """Store and queue an import of a file that lies in the object store."""
    return call.shop.jobs.create(
        kind="import", subject=subject, format=file_format.removesuffix(".gz"), object_key=key, columns=dict(columns)
    )
