"""Let staff export the shop's records into files that import reads back."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from bodega.api.access import require
from bodega.api.admin.imports import JobPage, job_page
from bodega.api.admin.jobs import JobView, job_of, job_view
from bodega.api.call import Call
from bodega.api.declare import Binary, Route, Scope
from bodega.api.reply import Reply, replied
from bodega.api.shapes import PagedQuery
from bodega.errors import ConflictError

PATH = "/v1/admin/exports"
POLICY = Scope("exports:read")
_ALSO: Mapping[str, str] = {"orders": "customers:read", "customers": "customers:read"}
"""What else a key must be allowed for exports that say who somebody is: orders have addresses."""


class NewExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to export and as what."""

    kind: Literal["products", "orders", "sales", "stock", "customers", "reviews"]
    format: Literal["jsonl", "csv", "parquet"] = "jsonl"


class NotFinishedError(ConflictError):
    """The export has no file yet."""

    code = "not_finished"


def create(call: Call) -> Reply:
    """Start an export."""
    require(call, _ALSO.get(call.body.kind))
    job = call.shop.jobs.create(kind="export", subject=call.body.kind, format=call.body.format)
    return replied(job_view(call, job), status=202, location=f"{PATH}/{job.id}")


def list_all(call: Call) -> Reply:
    """Answer a page of exports."""
    return job_page(call, "export", PATH)


def read(call: Call) -> Reply:
    """Answer one export; when it is done, with the address of its file."""
    return replied(job_view(call, job_of(call, "export")))


def download(call: Call) -> Reply:
    """Answer an export's file, or where it is if it is too large to pass what stands before the shop."""
    job = job_of(call, "export")
    require(call, _ALSO.get(job.subject))
    if job.state != "done" or job.object_key is None:
        raise NotFinishedError("this export has no file yet")
    passed = call.desk.options.max_passed_bytes
    link = call.shop.export_files.link(job, over_bytes=passed) if passed is not None else None
    if link is not None:
        return Reply(302, headers=((b"location", link.encode()),))
    opened = call.shop.export_files.open(job)
    if opened is None:
        raise NotFinishedError("the file of this export is no longer kept: start a new one")
    name = f"{job.subject}.{job.format or 'jsonl'}"
    chunks, size_bytes = opened
    headers = [(b"content-disposition", f'attachment; filename="{name}"'.encode())]
    if size_bytes is not None:
        headers.append((b"content-length", str(size_bytes).encode()))
    return Reply(headers=tuple(headers), content_type=b"application/octet-stream", chunks=chunks)


ROUTES = (
    Route(
        method="POST",
        path=PATH,
        name="admin.exports.create",
        summary="Export products, orders, sales, stock, customers or reviews",
        policy=POLICY,
        handler=create,
        body=NewExport,
        replies={202: JobView},
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH,
        name="admin.exports.list",
        summary="List exports, newest first",
        policy=POLICY,
        handler=list_all,
        query=PagedQuery,
        replies={200: JobPage},
    ),
    Route(
        method="GET",
        path=PATH + "/{job}",
        name="admin.exports.read",
        summary="How far an export is",
        policy=POLICY,
        handler=read,
        replies={200: JobView},
    ),
    Route(
        method="GET",
        path=PATH + "/{job}/file",
        name="admin.exports.download",
        summary="Download the file of a finished export",
        policy=POLICY,
        handler=download,
        replies={200: Binary("application/octet-stream"), 302: None},
        statuses=(409,),
        threaded=True,
    ),
)
