"""Know who looks at a page: a customer, one of the staff, or somebody nobody knows; and let in whom a page is for."""

from datetime import datetime
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.accounts.profile import Account
from bodega.domain.accounts.sessions import Session, Started
from bodega.domain.accounts.staff import StaffUser
from bodega.domain.shop import Shop
from bodega.errors import NotAllowedError
from bodega.web import links, session_cookie
from bodega.web.declare import Anybody, Policy, Staff
from bodega.web.links import Href
from bodega.web.session_cookie import Realm

_MAX_PLACE_LENGTH = 500


class SignInNeededError(NotAllowedError):
    """Nobody is signed in whom this page is for; `where` is the page at which they could."""

    code = "sign_in_needed"

    def __init__(self, where: Href) -> None:
        super().__init__("sign in first")
        self.where = where


class Visitor(msgspec.Struct, frozen=True):
    """A customer who is signed in."""

    session: Session
    account: Account


class Colleague(msgspec.Struct, frozen=True):
    """One of the staff who is signed in."""

    session: Session
    user: StaffUser


class Visitors:
    """Reads sessions from cookies, once a request, and writes them."""

    def __init__(self, shop: Shop, *, public_url: str = "") -> None:
        self._shop = shop
        self._public_is_secure = urlsplit(public_url).scheme == "https"

    def customer(self, request: Request) -> Visitor | None:
        """Return the customer who looks, None for a stranger. Costs nothing without a cookie."""
        known = _state(request)
        if "customers" not in known:
            session = self._session(request, "customers")
            account = self._shop.accounts.find(session.owner) if session is not None else None
            known["customers"] = Visitor(session, account) if session is not None and account is not None else None
        found = known["customers"]
        return found if isinstance(found, Visitor) else None

    def customer_id(self, request: Request) -> str | None:
        """Return the id of the customer who looks, None for a stranger."""
        visitor = self.customer(request)
        return visitor.account.id if visitor is not None else None

    def signed_in(self, request: Request) -> Visitor:
        """Return the customer for whom a page is; its policy has let them in."""
        visitor = self.customer(request)
        if visitor is None:
            raise NotAllowedError("sign in first")
        return visitor

    def colleague(self, request: Request) -> Colleague | None:
        """Return the member of staff who looks, or None."""
        known = _state(request)
        if "staff" not in known:
            session = self._session(request, "staff")
            user = self._shop.staff.find(session.owner) if session is not None else None
            known["staff"] = Colleague(session, user) if session is not None and user is not None else None
        found = known["staff"]
        return found if isinstance(found, Colleague) else None

    def admit(self, request: Request, policy: Policy) -> None:
        """Let in whom a page is for; SignInNeededError for strangers, NotAllowedError for a role without the scope."""
        if isinstance(policy, Anybody):
            return
        if isinstance(policy, Staff):
            colleague = self.colleague(request)
            if colleague is None:
                raise SignInNeededError(_with_return(links.STAFF_SIGN_IN, request))
            if policy.scope is not None and not colleague.user.allows(policy.scope):
                raise NotAllowedError(f"this needs {policy.scope}", missing_scope=policy.scope)
        elif self.customer(request) is None:
            raise SignInNeededError(_with_return(links.SIGN_IN, request))

    def enter(self, response: Response, request: Request, realm: Realm, started: Started) -> None:
        """Send a session's token along with a response."""
        seconds = int((started.session.ends_at - self._now()).total_seconds())
        session_cookie.write_session(
            response, realm, started.token, max_age_seconds=max(1, seconds), secure=self.is_secure(request)
        )

    def leave(self, response: Response, request: Request, realm: Realm) -> None:
        """Have the browser forget its token."""
        session_cookie.drop_session(response, realm, secure=self.is_secure(request))

    def is_due(self, request: Request) -> bool:
        """Tell whether a token that came with the request should be changed."""
        return any(one is not None and self._shop.sessions.is_due(one.session) for one in _state(request).values())

    def renew(self, request: Request, response: Response) -> None:
        """Change the tokens that are due, and send the new ones along; not with what others may be shown as well."""
        if "public" in response.headers.get("cache-control", ""):
            return
        for realm, one in _state(request).items():
            if one is None or not self._shop.sessions.is_due(one.session) or _sets(response, realm):
                continue
            token = self._shop.sessions.renew(one.session)
            if token is not None:
                self.enter(response, request, realm, Started(one.session, token))

    def is_secure(self, request: Request) -> bool:
        """Tell whether the browser speaks TLS with the shop, if need be by way of somebody who ends it."""
        return request.url.scheme == "https" or self._public_is_secure

    def _session(self, request: Request, realm: Realm) -> Session | None:
        token = session_cookie.read_session(request, realm, secure=self.is_secure(request))
        return self._shop.sessions.find(token) if token is not None else None

    def _now(self) -> datetime:
        return self._shop.world.clock.now()


def caller(request: Request) -> str:
    """Return the network address that asks."""
    return request.client.host if request.client is not None else "unknown"


def local_place(text: str, otherwise: Href) -> Href:
    """Return an address inside the shop that a form or a link asks to go on to, nothing outside of it ever.

    >>> local_place("//evil.example", Href("/account"))
    '/account'
    """
    inside = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= _MAX_PLACE_LENGTH
    return Href(text) if inside and text.isascii() and text.isprintable() and "\\" not in text else otherwise


def _with_return(where: Href, request: Request) -> Href:
    """Return the page to sign in at, with the way back to what was asked for; forms are not sent twice."""
    if request.method != "GET":
        return where
    query = f"?{request.url.query}" if request.url.query else ""
    return links.with_params(where, [("next", local_place(request.url.path + query, Href("/")))])


def _state(request: Request) -> "_Known":
    known: _Known | None = getattr(request.state, "visitors", None)
    if known is None:
        known = request.state.visitors = {}
    return known


def _sets(response: Response, realm: Realm) -> bool:
    names = session_cookie.names(realm)
    return any(cookie.startswith(tuple(f"{n}=" for n in names)) for cookie in response.headers.getlist("set-cookie"))


_Known: TypeAlias = dict[Realm, Visitor | Colleague | None]
