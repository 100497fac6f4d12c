"""List the pages' routes, and answer what goes wrong in them with a page."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bodega.domain.shop import Shop
from bodega.errors import NotFoundError
from bodega.web.assets import load_assets
from bodega.web.errors import error_page
from bodega.web.forms import check_site, read_form
from bodega.web.media import serve_media
from bodega.web.site import Site
from bodega.web.storefront.cart import add_to_cart, cart_page, change_cart
from bodega.web.storefront.category import category_page
from bodega.web.storefront.home import home_page
from bodega.web.storefront.product import product_page
from bodega.web.storefront.search import search_page
from bodega.web.storefront.viewing import seen_picture

Page: TypeAlias = Callable[[Site, Request], Response]
Form: TypeAlias = Callable[[Site, Request, Mapping[str, str]], Response]
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
        ("/cart", cart_page),
        ("/seen/{product_id}", seen_picture),
        ("/static/{file}", _static),
        ("/media/{key:path}", lambda site, request: serve_media(site.shop.world.objects, request)),
    ]
    forms: list[tuple[str, Form]] = [("/cart/add", add_to_cart), ("/cart", change_cart)]
    asked = {path: _endpoint(site, page, in_threads=in_threads) for path, page in pages}
    sent = {path: _form_endpoint(site, form, public_url) for path, form in forms}
    return [_route(path, asked.get(path), sent.get(path)) for path in dict.fromkeys([*asked, *sent])]


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


def _form_endpoint(site: Site, form: Form, public_url: str) -> Endpoint:
    """Forms change something, which takes as long as a disk: always in a thread."""

    async def answer(request: Request) -> Response:
        try:
            check_site(request, public_url=public_url)
            return await run_in_threadpool(form, site, request, await read_form(request))
        except Exception as exc:  # noqa: BLE001 - the edge: whatever it is, a shopper gets a page
            return error_page(site, request, exc)

    return answer


def _route(path: str, asked: Endpoint | None, sent: Endpoint | None) -> Route:
    """Return the route of a path that is asked for, sent forms to, or both: one, so that it knows all its methods."""
    by_method = {method: endpoint for method, endpoint in (("GET", asked), ("POST", sent)) if endpoint is not None}

    async def answer(request: Request) -> Response:
        return await by_method["POST" if request.method == "POST" else "GET"](request)

    endpoint = answer if len(by_method) > 1 else next(iter(by_method.values()))
    return Route(path, endpoint, methods=list(by_method))


def _static(_site: Site, request: Request) -> Response:
    response = load_assets().answer(request)
    if response is None:
        raise NotFoundError("file", request.path_params["file"][:80])
    return response
