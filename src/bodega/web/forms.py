"""Take in forms: bounded, from this shop's own pages only, and with the token of whoever was shown them."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

from bodega.errors import InvalidError, NotAllowedError
from bodega.ports.keys import Keys

TOKEN = "token"  # noqa: S105 - the name of a field
MAX_FORM_BYTES = 64 * 1024  # a review of 5,000 characters that each take nine to be sent
MAX_FIELDS = 150
_FORM = "application/x-www-form-urlencoded"
_PURPOSE = "web.form"
_FRIENDLY_SITES = frozenset({"same-origin", "none"})


class StrangeFormError(NotAllowedError):
    """The form did not come from a page that this shop showed to this browser."""

    code = "strange_form"


async def read_form(request: Request) -> dict[str, str]:
    """Return a form's fields, each once; InvalidError for what is no form or is too large."""
    if request.headers.get("content-type", "").split(";", 1)[0].strip().lower() != _FORM:
        raise InvalidError("this is no form")
    body = await _body(request)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidError("this form cannot be read") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidError("this form says something twice")
    return fields


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM_BYTES:
                raise InvalidError("this form is too large")
    except ClientDisconnect:
        raise InvalidError("this form did not arrive whole") from None
    return body


def check_site(request: Request, *, public_url: str = "") -> None:
    """Refuse a form that another site's page sent.

    Browsers say it in Sec-Fetch-Site or Origin. What says neither is no browser of these years; it also carries no
    cookie that it was not given on purpose.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        fair = site in _FRIENDLY_SITES
    elif origin is not None:
        hosts = {request.headers.get("host", ""), urlsplit(public_url).netloc}
        fair = origin.partition("://")[2] in hosts - {""}
    else:
        fair = True
    if not fair:
        raise StrangeFormError("this form came from another site")


def form_token(keys: Keys, holder: str) -> str:
    """Return what a form carries to show that this shop made it for the holder of a secret, such as a cart's id."""
    return urlsafe_b64encode(keys.sign(_PURPOSE, holder.encode())).rstrip(b"=").decode()


def check_token(keys: Keys, holder: str, fields: Mapping[str, str]) -> None:
    """Refuse a form without the token of its holder."""
    sent = fields.get(TOKEN, "")
    if not compare_digest(sent.encode("utf-8", "replace"), form_token(keys, holder).encode()):
        raise StrangeFormError("this form is out of date; open the page again")
