"""Give customers a copy of everything the shop knows of them, and forget them when they ask for it."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bodega.domain.accounts.credentials import WrongPasswordError
from bodega.domain.accounts.throttle import TooManyAttemptsError
from bodega.errors import InvalidError
from bodega.web import headers, links
from bodega.web.account.details import CURRENT_PASSWORD
from bodega.web.account.frame import own_page, signed_in
from bodega.web.account.signing import left
from bodega.web.fields import Field, message_of
from bodega.web.forms import check_token
from bodega.web.site import Site
from bodega.web.visitors import caller

_RUNNING = frozenset({"placed", "paid", "fulfilled"})
_LOOK_AT = 50


class DataPage(msgspec.Struct, frozen=True):
    """What customers may do with what the shop knows; `running` orders could not be delivered to the forgotten."""

    fields: Sequence[Field]
    running: int


def data_page(site: Site, request: Request) -> Response:
    """Answer with both ways."""
    return _page(site, request)


def own_data(site: Site, request: Request) -> Response:
    """Answer with everything, as a file."""
    document = site.shop.leaving.export(signed_in(site, request).account.id)
    sent = {"cache-control": headers.UNCACHED, "content-disposition": 'attachment; filename="my-data.json"'}
    return StreamingResponse(document, headers=sent, media_type="application/json")


def erase_account(site: Site, request: Request, fields: Mapping[str, str]) -> Response:
    """Forget the customer, if it is them who asks."""
    visitor = signed_in(site, request)
    check_token(site.shop.world.keys, visitor.session.id, fields)
    try:
        site.shop.account_security.confirm(
            visitor.account.id, password=fields.get("current_password", ""), caller=caller(request)
        )
    except (WrongPasswordError, TooManyAttemptsError, InvalidError) as exc:
        status = 429 if isinstance(exc, TooManyAttemptsError) else 403
        return _page(site, request, message=message_of(exc, ()), status=status)
    site.shop.leaving.erase(visitor.account.id)
    return left(site, request, news="erased")


def _page(site: Site, request: Request, *, message: str = "", status: int = 200) -> Response:
    orders = site.shop.orders.list_by_customer(signed_in(site, request).account.id, limit=_LOOK_AT)
    own = DataPage((CURRENT_PASSWORD,), sum(order.state in _RUNNING for order in orders))
    return own_page(
        site,
        request,
        "account_data.html",
        own,
        title="Your data",
        current=links.ACCOUNT_DATA,
        message=message,
        status=status,
    )
