"""Build what stands around a page of a customer's own: who it is for, where else there is to go, and the way out."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bodega.web import headers, links
from bodega.web.forms import form_token
from bodega.web.links import Href
from bodega.web.site import Place, Site
from bodega.web.visitors import Visitor

PLACES: Sequence[tuple[str, Href]] = (
    ("Overview", links.ACCOUNT),
    ("Orders", links.ACCOUNT_ORDERS),
    ("Details", links.ACCOUNT_DETAILS),
    ("Addresses", links.ACCOUNT_ADDRESSES),
    ("Your data", links.ACCOUNT_DATA),
)
_NEWS = {
    "saved": "Saved.",
    "email": "From now on you sign in with your new address. We told the old one.",
    "password": "You have a new password, and are signed out everywhere else.",
    "address": "Your address book is up to date.",
}


class OwnPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a customer's own. `token` is for every form on it, `own` the page itself."""

    name: str
    places: Sequence[Place]
    token: str
    news: str
    message: str
    own: object


def signed_in(site: Site, request: Request) -> Visitor:
    """Return the customer for whom a page is; its policy has let them in."""
    return site.visitors.signed_in(request)


def own_page(
    site: Site,
    request: Request,
    template: str,
    own: object,
    *,
    title: str,
    current: Href,
    message: str = "",
    status: int = 200,
) -> Response:
    """Render a page for the customer who is signed in; kept by nobody."""
    visitor = signed_in(site, request)
    personal = visitor.account.personal
    view = OwnPage(
        name=personal.name or personal.email,
        places=[Place(label, href, href == current) for label, href in PLACES],
        token=form_token(site.shop.world.keys, visitor.session.id),
        news=_NEWS.get(request.query_params.get("news", ""), "") if request.method == "GET" else "",
        message=message,
        own=own,
    )
    frame = site.frame(request, title=title, path=None, indexed=False)
    return site.page(template, frame, view, status=status, caching=headers.UNCACHED)


def back_to(place: Href, news: str) -> Response:
    """Lead back to a page after a form, with what to say there."""
    target = links.with_params(place, [("news", news)])
    return RedirectResponse(target, 303, {"cache-control": headers.UNCACHED})
