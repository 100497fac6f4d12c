"""Let customers change what is said of them, and what they sign in with."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.accounts.credentials import EmailTakenError, WrongPasswordError
from bodega.domain.accounts.password_rules import MAX_LENGTH
from bodega.domain.accounts.profile import MAX_NAME_LENGTH, MAX_PHONE_LENGTH
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.errors import InvalidError, ShopError
from bodega.values.email import MAX_EMAIL_LENGTH
from bodega.web import links
from bodega.web.account.frame import back_to, own_page, signed_in
from bodega.web.account.signing import NEW_PASSWORD
from bodega.web.fields import Field, faults_of, filled, message_of, typed
from bodega.web.forms import check_token
from bodega.web.site import Site
from bodega.web.visitors import Visitor, caller

CURRENT_PASSWORD = Field(
    name="current_password",
    label="Your password",
    kind="password",
    autocomplete="current-password",
    most=MAX_LENGTH,
)
_PERSON: Sequence[Field] = (
    Field(name="name", label="Name", autocomplete="name", needed=False, most=MAX_NAME_LENGTH),
    Field(name="phone", label="Phone", kind="tel", autocomplete="tel", needed=False, most=MAX_PHONE_LENGTH),
)
_EMAIL: Sequence[Field] = (
    Field(name="email", label="E-mail", kind="email", autocomplete="email", most=MAX_EMAIL_LENGTH),
    CURRENT_PASSWORD,
)
_PASSWORD: Sequence[Field] = (
    CURRENT_PASSWORD,
    msgspec.structs.replace(NEW_PASSWORD, name="new_password", label="New password"),
)
_FORMS: Mapping[str, Sequence[Field]] = {"person": _PERSON, "email": _EMAIL, "password": _PASSWORD}
_REFUSALS = (InvalidError, WrongPasswordError, EmailTakenError, TooManyAttemptsError)
_STATUS: Mapping[type[ShopError], int] = {
    WrongPasswordError: 403,
    TooManyAttemptsError: 429,
    EmailTakenError: 409,
    InvalidError: 422,
}


class DetailsPage(msgspec.Struct, frozen=True):
    """Three forms."""

    person: Sequence[Field]
    email: Sequence[Field]
    password: Sequence[Field]


def details_page(site: Site, request: Request) -> Response:
    """Answer with the forms."""
    return _page(site, request, signed_in(site, request))


def change_details(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Do what one of the forms asks for."""
    visitor = signed_in(site, request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    form = fields.get("do", "")
    if form not in _FORMS:
        raise InvalidError("this form asks for nothing that can be changed")
    try:
        return _changed(site, request, visitor, form, typed(_FORMS[form], fields))
    except _REFUSALS as exc:
        return _page(site, request, visitor, form, fields, exc)


def _changed(site: Site, request: Request, visitor: Visitor, form: str, given: dict[str, str]) -> Response:
    customer_id, security = visitor.account.id, site.shop.account_security
    if form == "person":
        site.shop.accounts.change(customer_id, name=given["name"], phone=given["phone"])
        return back_to(links.ACCOUNT_DETAILS, "saved")
    if form == "email":
        security.change_email(
            customer_id, email=given["email"], password=given["current_password"], caller=caller(request)
        )
        return back_to(links.ACCOUNT_DETAILS, "email")
    started = security.change_password(
        visitor.session, current=given["current_password"], new=given["new_password"], caller=caller(request)
    )
    response = back_to(links.ACCOUNT_DETAILS, "password")
    site.visitors.enter(response, request, "customers", started)
    return response


def _page(
    site: Site,
    request: Request,
    visitor: Visitor,
    form: str = "",
    sent: Mapping[str, str] = {},
    refusal: ShopError | None = None,
) -> Response:
    personal = visitor.account.personal
    known = {"name": personal.name, "phone": personal.phone, "email": personal.email}
    shown = {
        name: filled(fields, sent if name == form else known, faults_of(refusal) if name == form else {})
        for name, fields in _FORMS.items()
    }
    status = 200 if refusal is None else next(code for kind, code in _STATUS.items() if isinstance(refusal, kind))
    return own_page(
        site,
        request,
        "account_details.html",
        DetailsPage(**shown),
        title="Your details",
        current=links.ACCOUNT_DETAILS,
        message=message_of(refusal, _FORMS.get(form, ())),
        status=status,
    )
