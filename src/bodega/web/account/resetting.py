"""Let those back in who forgot their password: a letter to their address, and the page that its link leads to."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.accounts.resets import BadResetTokenError
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.errors import InvalidError, ShopError
from bodega.values.email import MAX_EMAIL_LENGTH
from bodega.web import headers, links
from bodega.web.account.signing import NEW_PASSWORD
from bodega.web.fields import Field, faults_of, filled, message_of, typed
from bodega.web.site import Site
from bodega.web.visitors import caller

_FORGOTTEN: Sequence[Field] = (
    Field(name="email", label="E-mail", kind="email", autocomplete="username", most=MAX_EMAIL_LENGTH),
)
_RESET: Sequence[Field] = (NEW_PASSWORD,)


class ForgottenPage(msgspec.Struct, frozen=True):
    """Where a forgotten password is told of; `sent` once it was."""

    message: str
    fields: Sequence[Field]
    sent: bool


class ResetPage(msgspec.Struct, frozen=True):
    """Where the letter's link leads to; `token` is empty if the link is of no use."""

    message: str
    fields: Sequence[Field]
    token: str


def forgotten_page(site: Site, request: Request) -> Response:
    """Answer with the form."""
    return _forgotten(site, request, ForgottenPage("", _FORGOTTEN, sent=False))


def forget_password(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Have a letter sent, and say the same whether or not there is somebody to send it to."""
    email = typed(_FORGOTTEN, fields)["email"]
    try:
        site.shop.account_security.request_reset(email=email, caller=caller(request))
    except (InvalidError, TooManyAttemptsError) as exc:
        shown = filled(_FORGOTTEN, fields, faults_of(exc))
        return _forgotten(site, request, ForgottenPage(message_of(exc, _FORGOTTEN), shown, sent=False), _status(exc))
    return _forgotten(site, request, ForgottenPage("", _FORGOTTEN, sent=True))


def reset_page(site: Site, request: Request) -> Response:
    """Answer with the form for a new password. Whether the token is good shows when it is used."""
    return _reset(site, request, ResetPage("", _RESET, request.query_params.get("token", "")[:400]))


def reset_password(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Set the new password."""
    token = fields.get("token", "")
    try:
        site.shop.account_security.reset_password(
            token=token, password=typed(_RESET, fields)["password"], caller=caller(request)
        )
    except BadResetTokenError as exc:
        return _reset(site, request, ResetPage(message_of(exc, ()), _RESET, ""), 422)
    except (InvalidError, TooManyAttemptsError) as exc:
        shown = filled(_RESET, fields, faults_of(exc))
        return _reset(site, request, ResetPage(message_of(exc, _RESET), shown, token[:400]), _status(exc))
    target = links.with_params(links.SIGN_IN, [("news", "reset")])
    return RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})


def _status(refusal: ShopError) -> int:
    return 429 if isinstance(refusal, TooManyAttemptsError) else 422


def _forgotten(site: Site, request: Request, view: ForgottenPage, status: int = 200) -> Response:
    frame = site.frame(request, title="Forgotten password", path=None, indexed=False)
    return site.page("forgotten.html", frame, view, status=status, caching=headers.UNCACHED)


def _reset(site: Site, request: Request, view: ResetPage, status: int = 200) -> Response:
    frame = site.frame(request, title="A new password", path=None, indexed=False)
    response = site.page("reset.html", frame, view, status=status, caching=headers.UNCACHED)
    # The address has the token in it, which must not travel along to wherever somebody goes from here.
    response.headers["referrer-policy"] = "no-referrer"
    return response
