"""Map the five kinds of refusal, and everything nobody foresaw, to pages that say what to do next."""

import logging
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, ShopError, UnavailableError
from bodega.web import headers
from bodega.web.forms import StrangeFormError
from bodega.web.site import Site
from bodega.web.visitors import SignInNeededError

_log = logging.getLogger(__name__)
_KINDS = (
    (TooManyAttemptsError, HTTPStatus.TOO_MANY_REQUESTS),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (InvalidError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ConflictError, HTTPStatus.CONFLICT),
    (NotAllowedError, HTTPStatus.FORBIDDEN),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_WORDS = {
    HTTPStatus.NOT_FOUND: (
        "We looked on every shelf",
        "There is nothing at this address. It may have been moved or sold off.",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("We could not make sense of that", ""),
    HTTPStatus.CONFLICT: ("Somebody was faster", "What you asked for has just changed. Go back, reload and try again."),
    HTTPStatus.FORBIDDEN: ("Staff only", "This door is not open to you."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Let us catch our breath", "That was tried too often. Please wait a few minutes."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Back in a moment",
        "The shop is busy behind the counter. Please try again shortly.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something fell off a shelf",
        "This is our fault, not yours. We have made a note of it.",
    ),
}


class ErrorView(msgspec.Struct, frozen=True):
    """What an error page says."""

    status: int
    title: str
    text: str


def error_page(site: Site, request: Request, exc: Exception) -> Response:
    """Return the page for an error; what is no refusal is a bug, logged as one and told without details."""
    if isinstance(exc, SignInNeededError):
        return RedirectResponse(exc.where, HTTPStatus.SEE_OTHER, {"cache-control": headers.UNCACHED})
    status = _status_of(exc)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("page failed", exc_info=exc, extra={"path": request.url.path})
    elif status is HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("page unavailable", extra={"path": request.url.path, "reason": str(exc)})
    title, text = _WORDS.get(status, ("This did not work", status.description))
    if isinstance(exc, InvalidError):
        text = f"{exc.message[:1].upper()}{exc.message[1:]}."
    if isinstance(exc, StrangeFormError):
        title, text = "We did not take this form", f"{exc.message[:1].upper()}{exc.message[1:]}."
    frame = site.frame(request, title=title, path=None, indexed=False)
    view = ErrorView(int(status), title, text)
    response = site.page("error.html", frame, view, status=int(status), caching=headers.UNCACHED)
    if isinstance(exc, UnavailableError):
        response.headers["retry-after"] = str(max(1, round(exc.retry_after_seconds)))
    if isinstance(exc, HTTPException) and exc.headers:
        response.headers.update(exc.headers)
    return response


def _status_of(exc: Exception) -> HTTPStatus:
    if isinstance(exc, HTTPException):
        return HTTPStatus(exc.status_code)
    if isinstance(exc, ShopError):
        return next((status for kind, status in _KINDS if isinstance(exc, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    return HTTPStatus.INTERNAL_SERVER_ERROR
