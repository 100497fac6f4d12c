"""Let shoppers sign in and out, and back in when they forgot their password."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from bodega.api.access import asker, signed_in
from bodega.api.call import Call
from bodega.api.declare import Public, Route, Shopper
from bodega.api.reply import Reply, replied
from bodega.api.store.customers import CustomerView, Email, NewPassword, Password, RenewedSession, customer_view

PATH = "/v1/store/sessions"
CURRENT = PATH + "/current"
RESETS = "/v1/store/password-resets"


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in, and the guest's cart that they bring along: it becomes theirs, or goes into the one they have."""

    email: Email
    password: Password
    cart_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Send its token as `Authorization: Bearer …`; it is shown this once. `cart_id`: what they fill now."""

    token: str
    expires_at: datetime
    customer: CustomerView
    cart_id: str | None


class CurrentSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session, without its token; it is over at `expires_at`, and sooner if nobody uses it."""

    customer_id: str
    started_at: datetime
    expires_at: datetime


class ResetRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose password was forgotten."""

    email: Email


class ResetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token from the mail, and the password to be."""

    token: Annotated[str, Meta(min_length=1, max_length=400)]
    password: NewPassword


def create(call: Call) -> Reply:
    """Sign in. Whichever session was sent along ends: nobody brings one that somebody else made for them."""
    given: Credentials = call.body
    asker(call)
    entered = call.shop.signing_in.sign_in(
        email=given.email, password=given.password, caller=call.address, cart_id=given.cart_id, leaving=call.session
    )
    view = NewSession(
        token=entered.started.token,
        expires_at=entered.started.session.ends_at,
        customer=customer_view(entered.account),
        cart_id=entered.cart_id,
    )
    return replied(view, status=201, location=CURRENT)


def read(call: Call) -> Reply:
    """Answer the session that asks."""
    session = signed_in(call)
    view = CurrentSession(customer_id=session.owner, started_at=session.started_at, expires_at=session.ends_at)
    return replied(view)


def rotate(call: Call) -> Reply:
    """Change the session's token; the old one is refused from now on, and ends the session if it comes back."""
    started = call.shop.sessions.rotate(signed_in(call))
    return replied(RenewedSession(started.token, started.session.ends_at))


def end(call: Call) -> Reply:
    """Sign out."""
    call.shop.sessions.end(signed_in(call))
    return Reply(204)


def request_reset(call: Call) -> Reply:
    """Have a link mailed; the answer is the same whether or not there is such an account."""
    call.shop.account_security.request_reset(email=call.body.email, caller=call.address)
    return Reply(202)


def redeem_reset(call: Call) -> Reply:
    """Set a new password; all sessions end."""
    given: ResetPassword = call.body
    call.shop.account_security.reset_password(token=given.token, password=given.password, caller=call.address)
    return Reply(204)


ROUTES = (
    Route(
        method="POST",
        path=PATH,
        name="store.sessions.create",
        summary="Sign in, and bring a guest's cart along",
        policy=Public(),
        handler=create,
        body=Credentials,
        replies={201: NewSession},
        statuses=(401, 404, 429),
        threaded=True,
    ),
    Route(
        method="GET",
        path=CURRENT,
        name="store.sessions.read",
        summary="The session that asks",
        policy=Shopper(),
        handler=read,
        replies={200: CurrentSession},
    ),
    Route(
        method="POST",
        path=CURRENT + ":rotate",
        name="store.sessions.rotate",
        summary="Change the session's token for another",
        policy=Shopper(),
        handler=rotate,
        replies={200: RenewedSession},
        threaded=True,
    ),
    Route(
        method="DELETE",
        path=CURRENT,
        name="store.sessions.end",
        summary="Sign out",
        policy=Shopper(),
        handler=end,
        replies={204: None},
        threaded=True,
    ),
    Route(
        method="POST",
        path=RESETS,
        name="store.password_resets.create",
        summary="Have a link for a new password mailed",
        policy=Public(),
        handler=request_reset,
        body=ResetRequest,
        replies={202: None},
        statuses=(429,),
        threaded=True,
    ),
    Route(
        method="POST",
        path=RESETS + ":redeem",
        name="store.password_resets.redeem",
        summary="Set a new password by the token from the mail",
        policy=Public(),
        handler=redeem_reset,
        body=ResetPassword,
        replies={204: None},
        statuses=(429,),
        threaded=True,
    ),
)
