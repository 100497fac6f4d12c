"""Greet whoever works here, and show where their role lets them go."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.accounts.roles import scopes_of
from bodega.web import links
from bodega.web.admin.frame import signed_in, staff_page
from bodega.web.site import Site


class Overview(msgspec.Struct, frozen=True):
    """The first page of the staff's."""

    email: str
    role: str
    scopes: Sequence[str]


def overview_page(site: Site, request: Request) -> Response:
    """Answer with the overview."""
    user = signed_in(site, request).user
    view = Overview(user.email, user.role, scopes_of(user.role))
    return staff_page(site, request, "admin.html", title="Overview", view=view, current=links.ADMIN)
