"""List the pages' routes, and answer what goes wrong in them with a page."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bodega.domain.shop import Shop
from bodega.errors import NotFoundError
from bodega.web.assets import load_assets
from bodega.web.errors import error_page
from bodega.web.media import serve_media
from bodega.web.site import Site
from bodega.web.storefront.category import category_page
from bodega.web.storefront.home import home_page
from bodega.web.storefront.product import product_page
from bodega.web.storefront.search import search_page
from bodega.web.storefront.viewing import seen_picture

Page: TypeAlias = Callable[[Site, Request], Response]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def routes(shop: Shop, *, public_url: str = "", in_threads: bool = False) -> list[BaseRoute]:
    """Return the storefront's routes.

    `in_threads` runs pages in a thread pool: for a table that answers over a network. The embedded one answers in
    microseconds, less than the way to a thread and back.
    """
    site = Site(shop, public_url=public_url)
    pages: list[tuple[str, Page]] = [
        ("/", home_page),
        ("/search", search_page),
        ("/c/{slug}", category_page),
        ("/p/{slug}", product_page),
        ("/seen/{product_id}", seen_picture),
        ("/static/{file}", _static),
        ("/media/{key:path}", lambda site, request: serve_media(site.shop.world.objects, request)),
    ]
    return [Route(path, _endpoint(site, page, in_threads=in_threads), methods=["GET"]) for path, page in pages]


def error_handler(shop: Shop, *, public_url: str = "") -> Callable[[Request, Exception], Response]:
    """Return what answers errors outside the routes with a page: unknown addresses, wrong methods, and bugs."""
    site = Site(shop, public_url=public_url)
    return lambda request, exc: error_page(site, request, exc)


def _endpoint(site: Site, page: Page, *, in_threads: bool) -> Endpoint:
    def answer(request: Request) -> Response:
        try:
            return page(site, request)
        except Exception as exc:  # noqa: BLE001 - the edge: whatever it is, a shopper gets a page
            return error_page(site, request, exc)

    async def inline(request: Request) -> Response:
        return answer(request)

    async def threaded(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return threaded if in_threads else inline


def _static(_site: Site, request: Request) -> Response:
    response = load_assets().answer(request)
    if response is None:
        raise NotFoundError("file", request.path_params["file"][:80])
    return response
