"""Build what stands around a page of the staff's: who is signed in, where their role lets them go, and the way out."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.accounts.staff import StaffUser
from bodega.errors import NotAllowedError
from bodega.web import headers, links
from bodega.web.assets import load_assets
from bodega.web.forms import form_token
from bodega.web.links import Href
from bodega.web.site import Place, Site
from bodega.web.visitors import Colleague

PLACES: Sequence[tuple[str, Href, str | None]] = (
    ("Overview", links.ADMIN, None),
    ("Orders", links.ORDERS, "orders:read"),
    ("Reviews", links.STAFF_REVIEWS, "reviews:read"),
)
"""The staff's pages that the menu has: label, address, and the scope without which it is not shown."""


class StaffFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a staff page's own contents. `token` is for every form on it."""

    title: str
    name: str
    role: str
    places: Sequence[Place]
    token: str
    css: Href
    icon: Href


def signed_in(site: Site, request: Request) -> Colleague:
    """Return the member of staff for whom a page is; its policy has let them in."""
    colleague = site.visitors.colleague(request)
    if colleague is None:
        raise NotAllowedError("sign in first")
    return colleague


def staff_page(
    site: Site,
    request: Request,
    template: str,
    *,
    title: str,
    view: object,
    current: Href | None = None,
    status: int = 200,
) -> Response:
    """Render a page for the member of staff who is signed in; kept by nobody."""
    colleague = signed_in(site, request)
    assets = load_assets().hrefs
    frame = StaffFrame(
        title=title,
        name=colleague.user.name or colleague.user.email,
        role=colleague.user.role,
        places=_places(colleague.user, current),
        token=form_token(site.shop.world.keys, colleague.session.id),
        css=assets["bodega.css"],
        icon=assets["icon.svg"],
    )
    return site.rendered(template, frame, view, status=status, caching=headers.UNCACHED)


def _places(user: StaffUser, current: Href | None) -> list[Place]:
    open_to_them = [(label, href) for label, href, scope in PLACES if scope is None or user.allows(scope)]
    return [Place(label, href, href == current) for label, href in open_to_them]
