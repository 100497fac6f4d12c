"""Let staff import files: sent in the request, or to an address made for them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from bodega import schema
from bodega.api.access import require
from bodega.api.admin.jobs import FILE_TYPES, JobView, job_of, job_view, start_import
from bodega.api.admin.uploads import Ticket, expiry, offer, offer_form
from bodega.api.bodies import media_type
from bodega.api.call import Call
from bodega.api.declare import Route, Scope, Staging, Stream
from bodega.api.lists import link_header
from bodega.api.reply import Reply, encode, replied
from bodega.api.shapes import FormUpload, PagedQuery, PageLinks, Upload, Words
from bodega.errors import Fault, InvalidError

PATH = "/v1/admin/imports"
POLICY = Scope("imports:write")
_INSTEAD = "ask for a form with a POST of the file's kind as JSON, and send it there"
Kind = Literal["products", "orders", "sales", "stock", "reviews"]
_ALSO: Mapping[str, str] = {"orders": "orders:write", "stock": "stock:write"}
"""What else a key must be allowed for imports that could not be told from doing it one by one."""
Format = Literal["jsonl", "jsonl.gz", "csv", "csv.gz", "parquet"]
Column = Annotated[str, Meta(min_length=1, max_length=120)]


class NewImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An import whose file is yet to come. `columns` maps our names to the file's."""

    kind: Kind
    format: Format = "jsonl"
    columns: Annotated[dict[Column, Column], Meta(max_length=40)] = {}


class ImportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file sent in the request is; `columns` as `name=column,…`."""

    kind: Kind | None = None
    format: Format | None = None
    columns: Words = []


class ImportTicket(msgspec.Struct, frozen=True):
    """The file's id and where to send it, either way.

    Sent to `upload`, the import starts when it has arrived, and its address is in that reply. Sent by `form`, which
    also takes what is too large to come through to the shop, it starts with POST `/v1/admin/imports/{id}:complete`.
    """

    id: str
    upload: Upload
    form: FormUpload


class RejectionView(msgspec.Struct, frozen=True):
    """A row that was not taken: its line in the file, a stable reason, and a sentence."""

    line: int
    reason: str
    detail: str


class RejectionPage(msgspec.Struct, frozen=True):
    """A page of rejected rows, in order of their lines."""

    data: list[RejectionView]
    page: PageLinks


class JobPage(msgspec.Struct, frozen=True):
    """A page of jobs, newest first."""

    data: list[JobView]
    page: PageLinks


def create(call: Call) -> Reply:
    """Start an import of the file that was sent, or make an address for one that is to come."""
    if call.staged is None:
        return _offered(call)
    asked: ImportQuery = call.query
    job = start_import(call, str(asked.kind), _format(call), _columns(asked), call.staged.key)
    return replied(job_view(call, job), status=202, location=f"{PATH}/{job.id}")


def _offered(call: Call) -> Reply:
    asked: NewImport = call.body
    if call.raw_query:
        detail = "kind, format and columns stand in the body or in the query, not in both"
        raise InvalidError(detail, [Fault("/kind", "repeated", detail)])
    require(call, _ALSO.get(asked.kind))
    expires_at = expiry(call)
    place = call.shop.offers.make(
        subject=asked.kind,
        format=asked.format,
        columns=asked.columns,
        max_bytes=call.desk.options.max_import_bytes,
        asked_by=call.key.id if call.key is not None else "",
        expires_at=datetime.fromtimestamp(expires_at, UTC),
    )
    ticket = Ticket(
        kind="import",
        key=place.object_key,
        content_types=tuple(t for t, f in FILE_TYPES.items() if f in {"", asked.format}),
        max_bytes=place.max_bytes,
        expires_at=expires_at,
        offer=place.id,
    )
    return Reply(202, encode(ImportTicket(place.id, offer(call, ticket), offer_form(call, ticket))))


def complete(call: Call) -> Reply:
    """Start the import of a file that was sent by its form; doing it again starts nothing."""
    place = call.shop.offers.get(call.params["file"])
    require(call, _ALSO.get(place.subject))
    job = call.shop.offers.begin(place.id, asked_by=call.key.id if call.key is not None else "")
    return replied(job_view(call, job), status=202, location=f"{PATH}/{job.id}")


def _place(call: Call) -> Staging:
    if call.query.kind is None:
        raise InvalidError("kind is needed", [Fault("/kind", "required", "say what the file holds: ?kind=products")])
    require(call, _ALSO.get(call.query.kind))
    _columns(call.query)
    return Staging(_new_key(call, _format(call)), call.desk.options.max_import_bytes)


def _new_key(call: Call, suffix: str) -> str:
    return f"{schema.IMPORTS}{call.shop.world.ids.new('file')}.{suffix}"


def _format(call: Call) -> str:
    found = call.query.format or FILE_TYPES.get(media_type(call.headers))
    if not found:
        detail = "say the file's format: ?format=jsonl, csv or parquet"
        raise InvalidError(detail, [Fault("/format", "required", detail)])
    return str(found)


def _columns(asked: ImportQuery) -> dict[str, str]:
    pairs = [text.partition("=") for text in asked.columns]
    if not all(name and equals and column for name, equals, column in pairs):
        detail = "columns is name=column, with commas between"
        raise InvalidError(detail, [Fault("/columns", "wrong_type", detail)])
    return {name: column for name, _, column in pairs}


def list_all(call: Call) -> Reply:
    """Answer a page of imports."""
    return job_page(call, "import", PATH)


def job_page(call: Call, kind: Any, path: str) -> Reply:
    """Return a page of jobs of a kind."""
    question = path.encode()
    page = call.shop.jobs.list(
        kind=kind, position=call.desk.cursors.read(call.query.cursor, question), limit=call.query.limit
    )
    after = call.desk.cursors.write(page.next, question)
    body = encode(JobPage([job_view(call, job) for job in page.rows], PageLinks(after, None)))
    return Reply(body=body, headers=tuple(link_header(path, call.raw_query, after, None)))


def read(call: Call) -> Reply:
    """Answer one import."""
    return replied(job_view(call, job_of(call, "import")))


def list_errors(call: Call) -> Reply:
    """Answer a page of an import's rejected rows."""
    job = job_of(call, "import")
    path = f"{PATH}/{job.id}/errors"
    question = path.encode()
    page = call.shop.jobs.rejections(
        job.id, position=call.desk.cursors.read(call.query.cursor, question), limit=call.query.limit
    )
    after = call.desk.cursors.write(page.next, question)
    rows = [RejectionView(r.line, r.reason, r.detail) for r in page.rows]
    body = encode(RejectionPage(rows, PageLinks(after, None)))
    return Reply(body=body, headers=tuple(link_header(path, call.raw_query, after, None)))


def resume(call: Call) -> Reply:
    """Go on with an import that failed or stopped, behind the last row that is in."""
    job = job_of(call, "import")
    require(call, _ALSO.get(job.subject))
    job = call.shop.jobs.resume(job.id)
    return replied(job_view(call, job), status=202, location=f"{PATH}/{job.id}")


ROUTES = (
    Route(
        method="POST",
        path=PATH,
        name="admin.imports.create",
        summary="Import a file of products, orders, sales, stock or reviews",
        policy=POLICY,
        handler=create,
        query=ImportQuery,
        body=NewImport,
        stream=Stream(tuple(FILE_TYPES), _place, instead=_INSTEAD),
        replies={202: (ImportTicket, JobView)},
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH,
        name="admin.imports.list",
        summary="List imports, newest first",
        policy=POLICY,
        handler=list_all,
        query=PagedQuery,
        replies={200: JobPage},
    ),
    Route(
        method="GET",
        path=PATH + "/{job}",
        name="admin.imports.read",
        summary="How far an import is, and what it counted",
        policy=POLICY,
        handler=read,
        replies={200: JobView},
    ),
    Route(
        method="GET",
        path=PATH + "/{job}/errors",
        name="admin.imports.errors",
        summary="Rows that an import refused, with line numbers and reasons",
        policy=POLICY,
        handler=list_errors,
        query=PagedQuery,
        replies={200: RejectionPage},
    ),
    Route(
        method="POST",
        path=PATH + "/{file}:complete",
        name="admin.imports.complete",
        summary="Start the import of a file that was sent by its form",
        policy=POLICY,
        handler=complete,
        replies={202: JobView},
        threaded=True,
    ),
    Route(
        method="POST",
        path=PATH + "/{job}:resume",
        name="admin.imports.resume",
        summary="Go on with an import that stopped",
        policy=POLICY,
        handler=resume,
        replies={202: JobView},
        threaded=True,
    ),
)
