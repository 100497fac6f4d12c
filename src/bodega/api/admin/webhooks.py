"""Let staff say which programs are told what happens, and with what it is signed."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.conditional import expected_version
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, encode, etag_of_version, replied
from bodega.domain.webhooks.endpoints import MAX_OVERLAP
from bodega.domain.webhooks.model import DisabledReason, Endpoint, EndpointInput, EndpointStatus

PATH = "/v1/admin/webhooks"
ONE = PATH + "/{webhook}"
READ, WRITE = Scope("webhooks:read"), Scope("webhooks:write")


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as staff see it: never its secrets. `failing_since` is null unless its last attempt failed."""

    id: str
    url: str
    events: list[str]
    description: str
    status: EndpointStatus
    disabled_reason: DisabledReason
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class WebhookWithSecret(WebhookView, frozen=True, kw_only=True):
    """An endpoint with the secret that signs for it from now on, which is shown this once."""

    secret: str


class WebhookList(msgspec.Struct, frozen=True):
    """All endpoints, oldest first: there are few."""

    data: list[WebhookView]


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old secrets go on signing beside the new one."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=int(MAX_OVERLAP.total_seconds()))] = 24 * 3600


def list_all(call: Call) -> Reply:
    """Answer all endpoints."""
    return Reply(body=encode(WebhookList([_view(one) for one in call.shop.webhooks.endpoints.list()])))


def read(call: Call) -> Reply:
    """Answer one endpoint. Whether it fails changes without its version, so that nobody is told `not modified`."""
    found = call.shop.webhooks.endpoints.get(call.params["webhook"])
    return replied(_view(found)) if call.header(b"if-none-match") is not None else _shown(found)


def create(call: Call) -> Reply:
    """Add an endpoint."""
    made, secret = call.shop.webhooks.endpoints.create(call.body)
    shown = _with_secret(made, secret)
    return replied(shown, status=201, etag=etag_of_version(made.version), location=f"{PATH}/{made.id}")


def change(call: Call) -> Reply:
    """Change what staff can set."""
    webhook = call.params["webhook"]
    version = expected_version(call, lambda: call.shop.webhooks.endpoints.get(webhook).version)
    return _shown(call.shop.webhooks.endpoints.change(webhook, call.body, expected_version=version))


def rotate_secret(call: Call) -> Reply:
    """Give an endpoint a new secret."""
    made, secret = call.shop.webhooks.endpoints.rotate_secret(
        call.params["webhook"], overlap=timedelta(seconds=call.body.overlap_seconds), expected_version=None
    )
    return replied(_with_secret(made, secret), etag=etag_of_version(made.version))


def remove(call: Call) -> Reply:
    """Forget an endpoint."""
    webhook = call.params["webhook"]
    version = expected_version(call, lambda: call.shop.webhooks.endpoints.get(webhook).version)
    call.shop.webhooks.endpoints.remove(webhook, expected_version=version)
    return Reply(204)


def _shown(endpoint: Endpoint) -> Reply:
    return replied(_view(endpoint), etag=etag_of_version(endpoint.version))


def _view(endpoint: Endpoint) -> WebhookView:
    return WebhookView(**_fields(endpoint))


def _with_secret(endpoint: Endpoint, secret: str) -> WebhookWithSecret:
    return WebhookWithSecret(**_fields(endpoint), secret=secret)


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in WebhookView.__struct_fields__}


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.webhooks.list",
        summary="List webhooks",
        policy=READ,
        handler=list_all,
        replies={200: WebhookList},
    ),
    Route(
        method="POST",
        path=PATH,
        name="admin.webhooks.create",
        summary="Add a webhook and be shown its secret",
        policy=WRITE,
        handler=create,
        body=EndpointInput,
        replies={201: WebhookWithSecret},
        threaded=True,
    ),
    Route(
        method="GET",
        path=ONE,
        name="admin.webhooks.read",
        summary="Read a webhook",
        policy=READ,
        handler=read,
        replies={200: WebhookView},
    ),
    Route(
        method="PATCH",
        path=ONE,
        name="admin.webhooks.patch",
        summary="Change, enable or disable a webhook",
        policy=WRITE,
        handler=change,
        body=dict[str, Any],
        patches=EndpointInput,
        precondition=True,
        replies={200: WebhookView, 204: None},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=ONE,
        name="admin.webhooks.remove",
        summary="Remove a webhook",
        policy=WRITE,
        handler=remove,
        precondition=True,
        replies={204: None},
        threaded=True,
    ),
    Route(
        method="POST",
        path=ONE + ":rotateSecret",
        name="admin.webhooks.rotate_secret",
        summary="Give a webhook a new secret; the old one signs along for a while",
        policy=WRITE,
        handler=rotate_secret,
        body=Rotation,
        replies={200: WebhookWithSecret},
        threaded=True,
    ),
)
