"""List the pages' routes, and answer what goes wrong in them with a page."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bodega.domain.shop import Shop
from bodega.errors import NotFoundError
from bodega.web import links
from bodega.web.account.addresses import address_page, addresses_page, change_address, change_addresses
from bodega.web.account.details import change_details, details_page
from bodega.web.account.orders import own_orders_page
from bodega.web.account.overview import account_page
from bodega.web.account.own_data import data_page, erase_account, own_data
from bodega.web.account.resetting import forget_password, forgotten_page, reset_page, reset_password
from bodega.web.account.signing import sign_in, sign_in_page, sign_out, sign_up, sign_up_page
from bodega.web.admin.order import act_on_order, staff_order_page
from bodega.web.admin.orders import orders_page
from bodega.web.admin.overview import overview_page
from bodega.web.admin.reviews import moderate, reviews_page
from bodega.web.admin.signing import sign_staff_in, sign_staff_out, staff_sign_in_page
from bodega.web.assets import load_assets
from bodega.web.declare import ANYBODY, Page, Shopper, Show, Staff, Take
from bodega.web.errors import error_page
from bodega.web.forms import check_site, read_form
from bodega.web.media import media_file
from bodega.web.site import Site
from bodega.web.storefront.cart import add_to_cart, cart_page, change_cart
from bodega.web.storefront.category import category_page
from bodega.web.storefront.checkout import check_out, checkout_page
from bodega.web.storefront.checkout_status import checkout_status_page
from bodega.web.storefront.collection import collection_page
from bodega.web.storefront.home import home_page
from bodega.web.storefront.order import change_order, order_page
from bodega.web.storefront.product import product_page
from bodega.web.storefront.review import review_page, take_review, take_vote
from bodega.web.storefront.sandbox_bank import bank_page, decide_at_bank
from bodega.web.storefront.search import search_page
from bodega.web.storefront.viewing import seen_picture, shown_picture

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def _static(_site: Site, request: Request) -> Response:
    response = load_assets().answer(request)
    if response is None:
        raise NotFoundError("file", request.path_params["file"][:80])
    return response


PAGES: tuple[Page, ...] = (
    Page(path="/", policy=ANYBODY, show=home_page),
    Page(path="/search", policy=ANYBODY, show=search_page),
    Page(path="/c/{slug}", policy=ANYBODY, show=category_page),
    Page(path="/collections/{slug}", policy=ANYBODY, show=collection_page),
    Page(path="/p/{slug}", policy=ANYBODY, show=product_page),
    Page(path="/p/{slug}/review", policy=Shopper(), show=review_page, take=take_review),
    Page(path="/p/{slug}/helpful", policy=Shopper(), take=take_vote),
    Page(path=links.CART, policy=ANYBODY, show=cart_page, take=change_cart, lane=True),
    Page(path="/cart/add", policy=ANYBODY, take=add_to_cart, lane=True),
    Page(path=links.CHECKOUT, policy=ANYBODY, show=checkout_page, take=check_out, lane=True, pays=True),
    Page(path="/checkout/{checkout_id}", policy=ANYBODY, show=checkout_status_page),
    Page(path="/orders/{order_id}", policy=ANYBODY, show=order_page, take=change_order),
    Page(path="/sandbox/bank/{checkout_id}", policy=ANYBODY, show=bank_page, take=decide_at_bank),
    Page(path=links.SIGN_IN, policy=ANYBODY, show=sign_in_page, take=sign_in),
    Page(path=links.SIGN_UP, policy=ANYBODY, show=sign_up_page, take=sign_up),
    Page(path=links.FORGOTTEN, policy=ANYBODY, show=forgotten_page, take=forget_password),
    Page(path=links.RESET, policy=ANYBODY, show=reset_page, take=reset_password),
    Page(path=links.ACCOUNT, policy=Shopper(), show=account_page),
    Page(path=links.ACCOUNT_ORDERS, policy=Shopper(), show=own_orders_page),
    Page(path=links.ACCOUNT_DETAILS, policy=Shopper(), show=details_page, take=change_details),
    Page(path=links.ACCOUNT_ADDRESSES, policy=Shopper(), show=addresses_page, take=change_addresses),
    Page(path="/account/addresses/{address_id}", policy=Shopper(), show=address_page, take=change_address),
    Page(path=links.ACCOUNT_DATA, policy=Shopper(), show=data_page, take=erase_account),
    Page(path="/account/data.json", policy=Shopper(), show=own_data),
    Page(path="/account/sign-out", policy=Shopper(), take=sign_out),
    Page(path=links.STAFF_SIGN_IN, policy=ANYBODY, show=staff_sign_in_page, take=sign_staff_in),
    Page(path=links.ADMIN, policy=Staff(), show=overview_page),
    Page(path=links.ORDERS, policy=Staff("orders:read"), show=orders_page),
    Page(path="/admin/orders/{order_id}", policy=Staff("orders:read"), show=staff_order_page),
    Page(path="/admin/orders/{order_id}/act", policy=Staff("orders:write"), take=act_on_order),
    Page(path=links.STAFF_REVIEWS, policy=Staff("reviews:read"), show=reviews_page),
    Page(path="/admin/reviews/act", policy=Staff("reviews:write"), take=moderate),
    Page(path="/admin/sign-out", policy=Staff(), take=sign_staff_out),
    Page(path="/seen/{product_id}", policy=ANYBODY, show=seen_picture, writes=True),
    Page(path="/shown/{request_id}", policy=ANYBODY, show=shown_picture, writes=True),
    Page(path="/static/{file}", policy=ANYBODY, show=_static),
    Page(path="/media/{key:path}", policy=ANYBODY, show=media_file),
)


def routes(shop: Shop, *, public_url: str = "", in_threads: bool = False) -> list[BaseRoute]:
    """Return the routes of all pages.

    `in_threads` runs pages in a thread pool: for a table that answers over a network. The embedded one answers in
    microseconds, less than the way to a thread and back.
    """
    site = Site(shop, public_url=public_url)
    return [_route(site, page, public_url=public_url, in_threads=in_threads) for page in PAGES]


def error_handler(shop: Shop, *, public_url: str = "") -> Callable[[Request, Exception], Response]:
    """Return what answers errors outside the routes with a page: unknown addresses, wrong methods, and bugs."""
    site = Site(shop, public_url=public_url)
    return lambda request, exc: error_page(site, request, exc)


def _route(site: Site, page: Page, *, public_url: str, in_threads: bool) -> Route:
    """Return the route of a page: one for asking and for sending forms, so that it knows all its methods."""
    by_method: dict[str, Endpoint] = {}
    if page.show is not None:
        by_method["GET"] = _shown(site, page, page.show, in_threads=in_threads or page.writes)
    if page.take is not None:
        by_method["POST"] = _taken(site, page, page.take, public_url)

    async def answer(request: Request) -> Response:
        return await by_method["POST" if request.method == "POST" else "GET"](request)

    return Route(page.path, answer, methods=list(by_method))


def _shown(site: Site, page: Page, show: Show, *, in_threads: bool) -> Endpoint:
    def answer(request: Request) -> Response:
        try:
            site.visitors.admit(request, page.policy)
            return show(site, request)
        except Exception as exc:  # noqa: BLE001 - the edge: whatever it is, a shopper gets a page
            return error_page(site, request, exc)

    async def inline(request: Request) -> Response:
        return await _renewed(site, request, answer(request))

    async def threaded(request: Request) -> Response:
        return await _renewed(site, request, await run_in_threadpool(answer, request))

    return threaded if in_threads else inline


def _taken(site: Site, page: Page, take: Take, public_url: str) -> Endpoint:
    """Forms change something, which takes as long as a disk: never on the event loop alone."""
    world = site.shop.world
    in_lane = page.lane and not (page.pays and world.payments.longest_call)

    def answer(request: Request, fields: Mapping[str, str]) -> Response:
        site.visitors.admit(request, page.policy)
        return take(site, request, fields)

    async def taken(request: Request) -> Response:
        try:
            check_site(request, public_url=public_url)
            work = partial(answer, request, await read_form(request))
            response = await (world.lane.run(work) if in_lane else run_in_threadpool(work))
        except Exception as exc:  # noqa: BLE001 - the edge: whatever it is, a shopper gets a page
            response = error_page(site, request, exc)
        return await _renewed(site, request, response)

    return taken


async def _renewed(site: Site, request: Request, response: Response) -> Response:
    """Return the response, with a new token for whoever has had theirs for a day."""
    if site.visitors.is_due(request):
        await run_in_threadpool(site.visitors.renew, request, response)
    return response
