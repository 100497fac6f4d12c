"""Let customers in, by an account they have or one they make, and out again."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.domain.accounts.credentials import EmailTakenError, WrongCredentialsError
from bodega.domain.accounts.password_rules import MAX_LENGTH, MIN_LENGTH
from bodega.domain.accounts.profile import MAX_NAME_LENGTH
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.errors import InvalidError, ShopError
from bodega.values.email import MAX_EMAIL_LENGTH
from bodega.web import headers, links
from bodega.web.account.frame import signed_in
from bodega.web.cart_cookie import forget_cart, read_cart
from bodega.web.fields import Field, faults_of, filled, message_of, typed
from bodega.web.forms import check_token
from bodega.web.links import Href
from bodega.web.site import Site
from bodega.web.visitors import caller, local_place

_EMAIL = Field(name="email", label="E-mail", kind="email", autocomplete="username", most=MAX_EMAIL_LENGTH)
NEW_PASSWORD = Field(
    name="password",
    label="Password",
    kind="password",
    autocomplete="new-password",
    most=MAX_LENGTH,
    hint=f"At least {MIN_LENGTH} characters. A few words that belong together only in your head are good.",
)
SIGN_IN: Sequence[Field] = (
    _EMAIL,
    Field(name="password", label="Password", kind="password", autocomplete="current-password", most=MAX_LENGTH),
)
SIGN_UP: Sequence[Field] = (
    Field(name="name", label="Name", autocomplete="name", needed=False, most=MAX_NAME_LENGTH),
    _EMAIL,
    NEW_PASSWORD,
)
_REFUSALS = (WrongCredentialsError, TooManyAttemptsError, EmailTakenError, InvalidError)
_STATUS: Mapping[type[ShopError], int] = {
    WrongCredentialsError: 403,
    TooManyAttemptsError: 429,
    EmailTakenError: 409,
    InvalidError: 422,
}
_NEWS = {
    "reset": "You have a new password. Sign in with it.",
    "out": "You are signed out.",
    "erased": "We have forgotten you.",
}


class SigningPage(msgspec.Struct, frozen=True, kw_only=True):
    """A way in. `next` is where it leads to, `other` the other way in."""

    news: str
    message: str
    fields: Sequence[Field]
    next: Href
    other: Href


def sign_in_page(site: Site, request: Request) -> Response:
    """Answer with the form; who is in already goes on."""
    return _asked(site, request, "sign_in.html", SIGN_IN)


def sign_up_page(site: Site, request: Request) -> Response:
    """Answer with the form; who is in already goes on."""
    return _asked(site, request, "sign_up.html", SIGN_UP)


def sign_in(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Begin a session and bring the browser's cart along."""
    given = typed(SIGN_IN, fields)
    try:
        return _entered(site, request, fields, email=given["email"], password=given["password"])
    except _REFUSALS as exc:
        return _refused(site, request, "sign_in.html", SIGN_IN, fields, exc)


def sign_up(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Make an account and sign in to it."""
    given = typed(SIGN_UP, fields)
    try:
        site.shop.accounts.register(**given, caller=caller(request))
        return _entered(site, request, fields, email=given["email"], password=given["password"])
    except _REFUSALS as exc:
        return _refused(site, request, "sign_up.html", SIGN_UP, fields, exc)


def sign_out(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """End the session."""
    visitor = signed_in(site, request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    site.shop.sessions.end(visitor.session)
    return left(site, request, news="out")


def left(site: Site, request: Request, *, news: str) -> Response:
    """Lead out whoever is not signed in any more."""
    target = links.with_params(links.SIGN_IN, [("news", news)])
    response = RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})
    site.visitors.leave(response, request, "customers")
    return response


def _entered(site: Site, request: Request, fields: Mapping[str, str], *, email: str, password: str) -> Response:
    signing_in, before = site.shop.signing_in, site.visitors.customer(request)
    entered = signing_in.sign_in(
        email=email,
        password=password,
        caller=caller(request),
        cart_id=signing_in.find_cart(read_cart(request, site.shop.world.keys)),
        leaving=before.session if before is not None else None,
    )
    onward = local_place(fields.get("next", ""), links.ACCOUNT)
    response = RedirectResponse(onward, 303, {"cache-control": headers.UNCACHED})
    site.visitors.enter(response, request, "customers", entered.started)
    forget_cart(response)
    return response


def _asked(site: Site, request: Request, template: str, fields: Sequence[Field]) -> Response:
    onward = local_place(request.query_params.get("next", ""), links.ACCOUNT)
    if site.visitors.customer(request) is not None:
        return RedirectResponse(onward, 303, {"cache-control": headers.UNCACHED})
    news = _NEWS.get(request.query_params.get("news", ""), "")
    return _page(site, request, template, fields=fields, onward=onward, news=news)


def _refused(
    site: Site, request: Request, template: str, fields: Sequence[Field], sent: Mapping[str, str], refusal: ShopError
) -> Response:
    status = next(code for kind, code in _STATUS.items() if isinstance(refusal, kind))
    return _page(
        site,
        request,
        template,
        fields=filled(fields, sent, faults_of(refusal)),
        onward=local_place(sent.get("next", ""), links.ACCOUNT),
        message=message_of(refusal, fields),
        status=status,
    )


def _page(
    site: Site,
    request: Request,
    template: str,
    *,
    fields: Sequence[Field],
    onward: Href,
    news: str = "",
    message: str = "",
    status: int = 200,
) -> Response:
    signing_in = template == "sign_in.html"
    title = "Sign in" if signing_in else "Make an account"
    other = links.with_params(links.SIGN_UP if signing_in else links.SIGN_IN, [("next", onward)])
    frame = site.frame(request, title=title, path=None, indexed=False)
    view = SigningPage(news=news, message=message, fields=fields, next=onward, other=other)
    return site.page(template, frame, view, status=status, caching=headers.UNCACHED)
