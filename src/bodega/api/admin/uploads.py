"""Take files at addresses that this shop signed: pictures and imports, one PUT each, before the address expires."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import msgspec

from bodega.api import images
from bodega.api.admin.jobs import FILE_TYPES, JobView, job_view, start_import
from bodega.api.bodies import media_type
from bodega.api.call import Call
from bodega.api.declare import Route, Signed, Staging, Stream
from bodega.api.errors import HttpError
from bodega.api.reply import Reply, replied
from bodega.api.shapes import Upload
from bodega.api.tokens import sign, unsign
from bodega.errors import Fault, InvalidError, NotAllowedError

PATH = "/v1/uploads"
LIFETIME = timedelta(hours=1)
_PURPOSE = "upload"
_MAX_TOKEN = 3500  # so that the address stays within what servers and proxies take as a path


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What an upload address allows: one object of one kind and size, until a moment in epoch seconds."""

    kind: Literal["media", "import"]
    key: str
    content_types: tuple[str, ...]
    max_bytes: int
    expires_at: int
    subject: str = ""
    format: str = ""
    columns: Mapping[str, str] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ticket).decode


def offer(call: Call, ticket: Ticket) -> Upload:
    """Return the address under which the ticket's file may be sent."""
    token = sign(call.shop.world.keys, _PURPOSE, _encode(ticket))
    if len(token) > _MAX_TOKEN:
        detail = "these columns are too long for an address: send the file in the request itself"
        raise InvalidError(detail, [Fault("/columns", "out_of_range", detail)])
    return Upload(
        method="PUT",
        url=f"{call.base_url}{PATH}/{token}",
        content_types=list(ticket.content_types),
        max_bytes=ticket.max_bytes,
        expires_at=datetime.fromtimestamp(ticket.expires_at, UTC),
    )


def expiry(call: Call) -> int:
    """Return when an address made now expires."""
    return int((call.shop.world.clock.now() + LIFETIME).timestamp())


def receive(call: Call) -> Reply:
    """Use what was uploaded: a picture waits to be completed, an import starts."""
    ticket = _ticket(call)
    if ticket.kind == "media":
        return Reply(204)
    job = start_import(call, ticket.subject, ticket.format, ticket.columns, ticket.key)
    return replied(job_view(call, job), status=202, location=f"/v1/admin/imports/{job.id}")


def _place(call: Call) -> Staging:
    ticket = _ticket(call)
    sent = media_type(call.headers)
    if sent not in ticket.content_types:
        listed = ", ".join(ticket.content_types)
        raise HttpError(415, "unsupported_media_type", f"this address takes {listed}")
    suffix = images.CONTENT_TYPES.get(sent, "")
    return Staging(
        ticket.key, ticket.max_bytes, partial(images.require, suffix=suffix) if ticket.kind == "media" else None
    )


def _ticket(call: Call) -> Ticket:
    payload = unsign(call.shop.world.keys, _PURPOSE, call.params["token"])
    if payload is None:
        raise NotAllowedError("this upload address was not made by this shop")
    ticket = _decode(payload)
    if ticket.expires_at < call.shop.world.clock.now().timestamp():
        raise NotAllowedError("this upload address has expired: ask for a new one")
    return ticket


ROUTES = (
    Route(
        method="PUT",
        path=PATH + "/{token}",
        name="uploads.receive",
        summary="Send the file that an upload address was made for",
        policy=Signed(_PURPOSE),
        handler=receive,
        stream=Stream(tuple(dict.fromkeys((*images.CONTENT_TYPES, *FILE_TYPES))), _place),
        replies={202: JobView, 204: None},
        statuses=(409,),
        threaded=True,
    ),
)
