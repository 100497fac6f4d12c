"""Let staff issue and revoke API keys; nobody can hand out, or end, more than they have."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, encode, replied
from bodega.domain.accounts.model import ApiKey
from bodega.domain.accounts.model import Scope as ScopeName
from bodega.errors import NotAllowedError, NotFoundError

PATH = "/v1/admin/api-keys"
POLICY = Scope("keys:write")


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be made: what it is for and what it may do."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    scopes: Annotated[list[ScopeName], Meta(min_length=1, max_length=20)]


class KeyView(msgspec.Struct, frozen=True):
    """A key as staff see it; `prefix` is how its token begins."""

    id: str
    name: str
    scopes: list[str]
    prefix: str
    created_at: datetime
    revoked_at: datetime | None


class IssuedKey(msgspec.Struct, frozen=True):
    """A new key with its token, which is shown this once."""

    id: str
    name: str
    scopes: list[str]
    prefix: str
    created_at: datetime
    revoked_at: datetime | None
    token: str


class KeyList(msgspec.Struct, frozen=True):
    """All keys, revoked ones included, oldest first: there are few."""

    data: list[KeyView]


def list_all(call: Call) -> Reply:
    """Answer all keys."""
    return Reply(body=encode(KeyList([_view(key) for key in call.shop.api_keys.list()])))


def create(call: Call) -> Reply:
    """Issue a key."""
    _require(call, call.body.scopes)
    key, token = call.shop.api_keys.create(name=call.body.name, scopes=call.body.scopes)
    seen = _view(key)
    issued = IssuedKey(seen.id, seen.name, seen.scopes, seen.prefix, seen.created_at, None, token)
    return replied(issued, status=201, location=f"{PATH}/{quote(key.id)}")


def revoke(call: Call) -> Reply:
    """End a key; ending it again changes nothing."""
    key_id = call.params["key"]
    key = next((k for k in call.shop.api_keys.list() if k.id == key_id), None)
    if key is None:
        raise NotFoundError("API key", key_id[:80])
    _require(call, key.scopes)
    call.shop.api_keys.revoke(key.id)
    return Reply(204)


def _require(call: Call, scopes: list[ScopeName]) -> None:
    missing = next((s for s in scopes if call.key is None or not call.key.allows(s)), None)
    if missing is not None:
        raise NotAllowedError(f"only a key with the scope {missing} may give or end it", missing_scope=missing)


def _view(key: ApiKey) -> KeyView:
    return KeyView(key.id, key.name, list(key.scopes), key.prefix, key.created_at, key.revoked_at)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.api_keys.list",
        summary="List API keys",
        policy=POLICY,
        handler=list_all,
        replies={200: KeyList},
    ),
    Route(
        method="POST",
        path=PATH,
        name="admin.api_keys.create",
        summary="Issue an API key",
        policy=POLICY,
        handler=create,
        body=NewKey,
        replies={201: IssuedKey},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{key}",
        name="admin.api_keys.revoke",
        summary="Revoke an API key",
        policy=POLICY,
        handler=revoke,
        replies={204: None},
        threaded=True,
    ),
)
