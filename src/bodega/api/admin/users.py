"""Let owners say who works here, and as what; nobody can give, change or end a role that may more than they may."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from bodega.api.call import Call
from bodega.api.declare import Route, Scope
from bodega.api.reply import Reply, replied
from bodega.api.store.customers import Email, NewPassword
from bodega.domain.accounts.roles import Role, scopes_of
from bodega.domain.accounts.staff import MAX_NAME_LENGTH, StaffUser
from bodega.errors import NotAllowedError

PATH = "/v1/admin/users"
POLICY = Scope("users:write")


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who starts to work here. Without a password one is made up, and answered this once."""

    email: Email
    role: Role
    name: Annotated[str, Meta(max_length=MAX_NAME_LENGTH)] = ""
    password: NewPassword | None = None


class NewRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does from now on."""

    role: Role


class UserView(msgspec.Struct, frozen=True):
    """Somebody who works here, and what they may do."""

    id: str
    email: str
    name: str
    role: Role
    scopes: list[str]
    created_at: datetime


class MadeUser(msgspec.Struct, frozen=True):
    """A new user; `password` is null if it was given, for then it is known."""

    user: UserView
    password: str | None


class UserList(msgspec.Struct, frozen=True):
    """Everybody who works here, oldest first: there are few."""

    data: list[UserView]


def list_all(call: Call) -> Reply:
    """Answer all users."""
    return replied(UserList([_view(user) for user in call.shop.staff.list()]))


def create(call: Call) -> Reply:
    """Make a user."""
    given: NewUser = call.body
    _require(call, given.role)
    password = given.password or call.shop.staff.new_password()
    user = call.shop.staff.create(email=given.email, role=given.role, name=given.name, password=password)
    made = MadeUser(_view(user), None if given.password else password)
    return replied(made, status=201, location=f"{PATH}/{quote(user.id)}")


def read(call: Call) -> Reply:
    """Answer a user."""
    return replied(_view(call.shop.staff.get(call.params["user"])))


def set_role(call: Call) -> Reply:
    """Give a user another role; they have to sign in again."""
    user = call.shop.staff.get(call.params["user"])
    for role in (user.role, call.body.role):
        _require(call, role)
    return replied(_view(call.shop.staff.set_role(user.id, call.body.role)))


def remove(call: Call) -> Reply:
    """Let a user in no more, and forget who they were."""
    user = call.shop.staff.get(call.params["user"])
    _require(call, user.role)
    call.shop.staff.remove(user.id)
    return Reply(204)


def _require(call: Call, role: Role) -> None:
    missing = [scope for scope in scopes_of(role) if call.key is None or not call.key.allows(scope)]
    if missing:
        detail = f"only a key with the scope {missing[0]} may make, change or end a {role}"
        raise NotAllowedError(detail, missing_scope=missing[0])


def _view(user: StaffUser) -> UserView:
    return UserView(user.id, user.email, user.name, user.role, list(scopes_of(user.role)), user.created_at)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        name="admin.users.list",
        summary="List who works here",
        policy=POLICY,
        handler=list_all,
        replies={200: UserList},
    ),
    Route(
        method="POST",
        path=PATH,
        name="admin.users.create",
        summary="Make a staff user",
        policy=POLICY,
        handler=create,
        body=NewUser,
        replies={201: MadeUser},
        threaded=True,
    ),
    Route(
        method="GET",
        path=PATH + "/{user}",
        name="admin.users.read",
        summary="Read a staff user",
        policy=POLICY,
        handler=read,
        replies={200: UserView},
    ),
    Route(
        method="POST",
        path=PATH + "/{user}:setRole",
        name="admin.users.set_role",
        summary="Give a staff user another role",
        policy=POLICY,
        handler=set_role,
        body=NewRole,
        replies={200: UserView},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=PATH + "/{user}",
        name="admin.users.remove",
        summary="Let a staff user in no more",
        policy=POLICY,
        handler=remove,
        replies={204: None},
        statuses=(409,),
        threaded=True,
    ),
)
