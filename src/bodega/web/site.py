"""Hold what every page is made with: the shop, the templates, the static files and the frame around each page."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec
from minijinja import Environment
from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.shop import Shop
from bodega.errors import ShopError
from bodega.web import headers, links
from bodega.web.assets import load_assets
from bodega.web.links import Href
from bodega.web.visitors import Visitors

NAME = "Bodega"
_MAX_PLACES = 14
_MAX_DESCRIPTION = 160
_MAX_NAME = 24


class Place(msgspec.Struct, frozen=True):
    """A link of the main navigation."""

    label: str
    href: Href
    current: bool


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a page's own contents."""

    title: str
    description: str
    canonical: str
    image: str
    kind: str
    indexed: bool
    query: str
    places: Sequence[Place]
    css: Href
    icon: Href
    visitor: str


class Site:
    """The pages' common ground. One a process; thread-safe."""

    def __init__(self, shop: Shop, *, public_url: str = "") -> None:
        """Take the address that search engines should know; empty means the one that was asked."""
        self.shop = shop
        self.visitors = Visitors(shop, public_url=public_url)
        self._public_url = public_url.rstrip("/")

    def absolute(self, request: Request, path: str) -> str:
        """Return the full address of a path."""
        return (self._public_url or str(request.base_url).rstrip("/")) + path

    def frame(
        self,
        request: Request,
        *,
        title: str,
        path: str | None,
        description: str = "",
        image: str | None = None,
        kind: str = "website",
        indexed: bool = True,
        query: str = "",
        current: str | None = None,
    ) -> Frame:
        """Build a page's frame; `current` is the slug of its root category, `path` None for what has no address."""
        assets = load_assets().hrefs
        return Frame(
            title=title,
            description=shortened(description, _MAX_DESCRIPTION),
            canonical=self.absolute(request, path) if path is not None else "",
            image=self.absolute(request, image) if image else "",
            kind=kind,
            indexed=indexed,
            query=query,
            places=self._places(current),
            css=assets["bodega.css"],
            icon=assets["icon.svg"],
            visitor=self._visitor(request),
        )

    def page(
        self, template: str, frame: Frame, view: object, *, status: int = 200, caching: str = headers.PRIVATE
    ) -> Response:
        """Render a page. One that says who is signed in is shown to nobody else, whatever it could be otherwise."""
        if frame.visitor and caching == headers.PUBLIC:
            caching = headers.PRIVATE
        return self.rendered(template, frame, view, status=status, caching=caching)

    def rendered(self, template: str, frame: object, view: object, *, status: int, caching: str) -> Response:
        """Render a template in whatever frame it is made for."""
        body = _environment().render_template(template, frame=frame, view=view)
        return headers.html(body, status=status, caching=caching)

    def _visitor(self, request: Request) -> str:
        try:
            visitor = self.visitors.customer(request)
        except ShopError:
            return ""  # an error page must not fail for want of a name
        if visitor is None:
            return ""
        personal = visitor.account.personal
        return shortened(personal.name or personal.email.split("@")[0], _MAX_NAME)

    def _places(self, current: str | None) -> list[Place]:
        try:
            roots = self.shop.catalog.taxonomy.tree().children(None)
        except ShopError:
            return []  # An error page must not fail for want of a menu.
        return [Place(c.name, links.category(c.slug), c.slug == current) for c in roots[:_MAX_PLACES]]


def shortened(text: str, length: int) -> str:
    """Return the text on one line, cut between words and marked with an ellipsis if it is longer."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return line[:length].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"


@cache
def _environment() -> Environment:
    """Make the one Environment of a process; templates are parsed at their first use and kept."""
    folder = files("bodega.web") / "templates"

    def load(name: str) -> str | None:
        file = folder / name
        return file.read_text(encoding="utf-8") if file.is_file() else None

    return Environment(
        loader=load,
        undefined_behavior="strict",
        trim_blocks=True,
        lstrip_blocks=True,
        auto_escape_callback=lambda _name: "html",
    )
