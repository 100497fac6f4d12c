"""Keep browsers signed in by cookies that scripts cannot read and that other sites' forms do not carry."""

from typing import Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

Realm: TypeAlias = Literal["customers", "staff"]
_PLAIN: dict[Realm, str] = {"customers": "session", "staff": "staff"}
# Staff are never sent here by a link from elsewhere that has to find them signed in; customers are.
_SAME_SITE: dict[Realm, Literal["lax", "strict"]] = {"customers": "lax", "staff": "strict"}
_HOST = "__Host-"
_MAX_LENGTH = 200


def names(realm: Realm) -> tuple[str, str]:
    """Return a cookie's names: over TLS the first, which browsers take from this very host only, and only over TLS."""
    return _HOST + _PLAIN[realm], _PLAIN[realm]


def read_session(request: Request, realm: Realm, *, secure: bool) -> str | None:
    """Return the token in the cookie, None without one. Over TLS only the name counts that no neighbour can plant."""
    token = request.cookies.get(_name(realm, secure=secure))
    return token if token and len(token) <= _MAX_LENGTH else None


def write_session(response: Response, realm: Realm, token: str, *, max_age_seconds: int, secure: bool) -> None:
    """Send a token along with a response."""
    response.set_cookie(
        _name(realm, secure=secure),
        token,
        max_age=max_age_seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite=_SAME_SITE[realm],
    )


def drop_session(response: Response, realm: Realm, *, secure: bool) -> None:
    """Have the browser forget its token."""
    name = _name(realm, secure=secure)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite=_SAME_SITE[realm])


def _name(realm: Realm, *, secure: bool) -> str:
    return names(realm)[0 if secure else 1]
