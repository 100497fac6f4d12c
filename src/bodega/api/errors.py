"""Map the five kinds of refusal to HTTP, once: problem documents of RFC 9457."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from bodega.api.facts import Shortage, facts_of
from bodega.api.reply import Reply, encode, etag_of_version
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.domain.flows.checkout_request import CheckoutRunningError
from bodega.errors import (
    ConflictError,
    Fault,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    ShopError,
    StaleVersionError,
    UnavailableError,
)
from bodega.ports.objects import PreconditionFailedError
from bodega.ports.payments import PaymentDeclinedError
from bodega.values.decode import SyntaxFaultError
from bodega.values.money import Money

_log = logging.getLogger(__name__)
PROBLEM = b"application/problem+json"
_DETAIL_LENGTH = 1000
_MAX_ERRORS = 100


class FaultView(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request: where (JSON pointer into body or query), a stable code, a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal. Programs decide by `status` and `code`; `detail` is for people; `request_id` finds it in the logs.

    What follows `missing_scope` goes with one code each: `available` and `shortages` with insufficient_stock,
    `price_version` (of now) with price_changed, `decline_code` with payment_declined, `allowed` with illegal_move,
    `refundable` with refund_too_large.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FaultView] = []
    missing_scope: str | None = None
    available: int | None = None
    shortages: list[Shortage] = []
    price_version: str | None = None
    decline_code: str | None = None
    allowed: list[str] | None = None
    refundable: Money | None = None


class HttpError(Exception):
    """A refusal that only makes sense in HTTP: methods, media types, preconditions, limits."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
        facts: Mapping[str, Any] = {},
    ) -> None:
        """Take `facts`: members that the problem document has beside those that all have."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults
        self.headers = tuple(headers)
        self.facts = facts


def problem_reply(exc: Exception, *, path: str, request_id: str) -> Reply:
    """Return the answer to what went wrong; what nobody foresaw is logged and answered without details."""
    error = as_http(exc, request_id)
    faults = [FaultView(*_clean(fault)) for fault in error.faults[:_MAX_ERRORS]]
    document = Problem(
        type="about:blank",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=_printable(error.detail),
        instance=_printable(path)[:300],
        code=error.code,
        request_id=request_id,
        errors=faults,
        missing_scope=exc.missing_scope if isinstance(exc, NotAllowedError) else None,
        **(error.facts or facts_of(exc)),
    )
    headers = ((b"cache-control", b"no-store"), *error.headers)
    return Reply(error.status, encode(document), headers=headers, content_type=PROBLEM)


def as_http(exc: Exception, request_id: str = "") -> HttpError:  # noqa: C901, PLR0911, PLR0912 - one line a kind is the point
    """Return what an exception means in HTTP."""
    match exc:
        case HttpError():
            return exc
        case SyntaxFaultError():
            return HttpError(400, exc.code, exc.message, faults=exc.faults)
        case InvalidError():
            return HttpError(422, exc.code, exc.message, faults=exc.faults or [Fault("", exc.code, exc.message)])
        case NotFoundError():
            return HttpError(404, exc.code, exc.message)
        case StaleVersionError():
            tag = etag_of_version(exc.current).encode()
            return HttpError(412, exc.code, exc.message, headers=[(b"etag", tag)])
        case PaymentDeclinedError():
            return HttpError(402, exc.code, exc.message)
        case CheckoutRunningError():
            wait = str(math.ceil(exc.retry_after_seconds)).encode()
            return HttpError(409, "idempotency_key_running", exc.message, headers=[(b"retry-after", wait)])
        case PreconditionFailedError() | ConflictError():
            return HttpError(409, exc.code, exc.message, faults=getattr(exc, "faults", ()))
        case NotAllowedError(missing_scope=None):
            challenge = (b"www-authenticate", b'Bearer realm="bodega"')
            code = exc.code if exc.code != NotAllowedError.code else "unauthenticated"
            return HttpError(401, code, exc.message, headers=[challenge])
        case NotAllowedError():
            return HttpError(403, "missing_scope", exc.message)
        case TooManyAttemptsError():
            wait = str(math.ceil(exc.retry_after_seconds)).encode()
            return HttpError(429, exc.code, exc.message, headers=[(b"retry-after", wait)])
        case UnavailableError():
            _log.warning("a dependency is unavailable: %s", exc.message, extra={"request_id": request_id})
            wait = str(max(1, math.ceil(exc.retry_after_seconds))).encode()
            return HttpError(503, exc.code, exc.message, headers=[(b"retry-after", wait)])
        case ShopError():
            return HttpError(400, exc.code, exc.message)
        case _:
            _log.error("unexpected error", exc_info=exc, extra={"request_id": request_id})
            return HttpError(500, "internal", "something went wrong here; the request id finds it in the logs")


def _clean(fault: Fault) -> tuple[str, str, str]:
    return _printable(fault.pointer), fault.code, _printable(fault.detail)


def _printable(text: str) -> str:
    """Return text that is safe to encode, however broken what it quotes was."""
    short = text if len(text) <= _DETAIL_LENGTH else text[:_DETAIL_LENGTH] + "…"
    return short.encode("utf-8", "replace").decode()
