"""Let staff in and out. Where they sign in is the one page of theirs that anybody may see."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.accounts.credentials import WrongCredentialsError
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.errors import InvalidError, ShopError
from bodega.web import headers, links
from bodega.web.account.signing import SIGN_IN
from bodega.web.admin.frame import signed_in
from bodega.web.fields import Field, faults_of, filled, message_of
from bodega.web.forms import check_token
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.visitors import caller, local_place

_STATUS: Mapping[type[ShopError], int] = {WrongCredentialsError: 403, TooManyAttemptsError: 429, InvalidError: 422}


class StaffSignIn(msgspec.Struct, frozen=True):
    """The staff's way in."""

    fields: Sequence[Field]
    next: Href
    message: str


def staff_sign_in_page(site: Site, request: Request) -> Response:
    """Show the form; who is in already goes on."""
    onward = local_place(request.query_params.get("next", ""), links.ADMIN)
    if site.visitors.colleague(request) is not None:
        return RedirectResponse(onward, 303, {"cache-control": headers.UNCACHED})
    return _form(site, request, StaffSignIn(SIGN_IN, onward, ""))


def sign_staff_in(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Begin a session in place of whichever the browser had."""
    onward = local_place(fields.get("next", ""), links.ADMIN)
    before = site.visitors.colleague(request)
    try:
        started = site.shop.staff.sign_in(
            email=fields.get("email", ""),
            password=fields.get("password", ""),
            caller=caller(request),
            leaving=before.session if before is not None else None,
        )
    except (WrongCredentialsError, TooManyAttemptsError, InvalidError) as exc:
        status = next(status for kind, status in _STATUS.items() if isinstance(exc, kind))
        view = StaffSignIn(filled(SIGN_IN, fields, faults_of(exc)), onward, message_of(exc, SIGN_IN))
        return _form(site, request, view, status=status)
    response = RedirectResponse(onward, 303, {"cache-control": headers.UNCACHED})
    site.visitors.enter(response, request, "staff", started)
    return response


def sign_staff_out(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """End the session."""
    colleague = signed_in(site, request)
    check_token(site.shop.world.keys, colleague.session.id, fields)
    site.shop.sessions.end(colleague.session)
    response = RedirectResponse(links.STAFF_SIGN_IN, 303, {"cache-control": headers.UNCACHED})
    site.visitors.leave(response, request, "staff")
    return response


def _form(site: Site, request: Request, view: StaffSignIn, *, status: int = 200) -> Response:
    frame = site.frame(request, title="Staff", path=None, indexed=False)
    return site.page("staff_sign_in.html", frame, view, status=status, caching=headers.UNCACHED)
