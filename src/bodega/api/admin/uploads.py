"""Take files at addresses that this shop signed: pictures and imports, one PUT or form each, before it expires."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import msgspec

from bodega.api import images
from bodega.api.admin.jobs import FILE_TYPES, JobView, job_view
from bodega.api.bodies import media_type
from bodega.api.call import Call
from bodega.api.declare import Route, Signed, Staging, Stream
from bodega.api.errors import HttpError
from bodega.api.forms import FORM
from bodega.api.reply import Reply, replied
from bodega.api.shapes import FormUpload, Upload
from bodega.api.tokens import sign, unsign
from bodega.errors import InvalidError, NotAllowedError

PATH = "/v1/uploads"
LIFETIME = timedelta(hours=1)
_PURPOSE = "upload"


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What an upload address allows: one object of one kind and size, until a moment in epoch seconds.

    `offer` is the id of an import's offered place.
    """

    kind: Literal["media", "import"]
    key: str
    content_types: tuple[str, ...]
    max_bytes: int
    expires_at: int
    offer: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ticket).decode


def offer(call: Call, ticket: Ticket) -> Upload:
    """Return the address under which the ticket's file may be sent, if it is small enough to come through there."""
    passed = call.desk.options.max_passed_bytes
    return Upload(
        method="PUT",
        url=_address(call, ticket),
        content_types=list(ticket.content_types),
        max_bytes=ticket.max_bytes if passed is None else min(ticket.max_bytes, passed),
        expires_at=datetime.fromtimestamp(ticket.expires_at, UTC),
    )


def offer_form(call: Call, ticket: Ticket) -> FormUpload:
    """Return the form with which the ticket's file may be sent, past the shop where there is such a way."""
    expires_at = datetime.fromtimestamp(ticket.expires_at, UTC)
    form = call.shop.world.objects.form(ticket.key, max_bytes=ticket.max_bytes, expires_at=expires_at)
    return FormUpload(
        method="POST",
        url=form.url if form is not None else _address(call, ticket),
        fields=form.fields if form is not None else {},
        max_bytes=ticket.max_bytes,
        expires_at=expires_at,
    )


def _address(call: Call, ticket: Ticket) -> str:
    return f"{call.base_url}{PATH}/{sign(call.shop.world.keys, _PURPOSE, _encode(ticket))}"


def expiry(call: Call) -> int:
    """Return when an address made now expires."""
    return int((call.shop.world.clock.now() + LIFETIME).timestamp())


def receive(call: Call) -> Reply:
    """Use what was uploaded: a picture waits to be completed, an import starts."""
    ticket = _ticket(call)
    if ticket.kind == "media":
        return Reply(204)
    job = call.shop.offers.begin(ticket.offer)
    return replied(job_view(call, job), status=202, location=f"/v1/admin/imports/{job.id}")


def receive_form(call: Call) -> Reply:
    """Keep what was uploaded until it is completed, as S3 does."""
    _ticket(call)
    return Reply(204)


def _place(call: Call) -> Staging:
    ticket = _ticket(call)
    if media_type(call.headers) not in ticket.content_types:
        listed = ", ".join(ticket.content_types)
        raise HttpError(415, "unsupported_media_type", f"this address takes {listed}")
    return _staging(ticket)


def _place_of_form(call: Call) -> Staging:
    return _staging(_ticket(call))


def _staging(ticket: Ticket) -> Staging:
    kind = ticket.key.rpartition(".")[2]
    return Staging(
        ticket.key, ticket.max_bytes, partial(images.require, suffix=kind) if ticket.kind == "media" else _not_empty
    )


def _not_empty(beginning: bytes) -> None:
    if not beginning:
        raise InvalidError("the file is empty")


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
    Route(
        method="POST",
        path=PATH + "/{token}",
        name="uploads.receive_form",
        summary="Send a form with the file that it was made for",
        policy=Signed(_PURPOSE),
        handler=receive_form,
        stream=Stream((FORM,), _place_of_form, form=True),
        replies={204: None},
        threaded=True,
    ),
)
