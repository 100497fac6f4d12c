"""Keep a browser signed in by a cookie that scripts cannot read and that other sites' forms do not carry."""

from starlette.requests import Request
from starlette.responses import Response

SECURE_NAME = "__Host-session"
PLAIN_NAME = "session"
NAMES = (SECURE_NAME, PLAIN_NAME)
"""Browsers take the first only over TLS and only from this very host, so that no neighbour can plant one."""
_MAX_LENGTH = 200


def read_session(request: Request, *, secure: bool) -> str | None:
    """Return the token in the cookie, None without one. Over TLS only the name that cannot be planted counts."""
    token = request.cookies.get(SECURE_NAME if secure else PLAIN_NAME)
    return token if token and len(token) <= _MAX_LENGTH else None


def write_session(response: Response, token: str, *, max_age_seconds: int, secure: bool) -> None:
    """Send a token along with a response."""
    response.set_cookie(
        SECURE_NAME if secure else PLAIN_NAME,
        token,
        max_age=max_age_seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_session(response: Response, *, secure: bool) -> None:
    """Have the browser forget its token."""
    response.delete_cookie(
        SECURE_NAME if secure else PLAIN_NAME, path="/", secure=secure, httponly=True, samesite="lax"
    )
