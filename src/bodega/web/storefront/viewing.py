"""Remember what was looked at, by pictures of one pixel, so that the pages themselves stay cacheable.

One stands on each product's page, and one in each strip of suggestions, where a browser asks for it once the strip
comes into view. It works without script, and robots that fetch no pictures do not count.
"""

import re
from base64 import b64decode

from starlette.requests import Request
from starlette.responses import Response

from bodega.domain.recommendations.audience import is_browser
from bodega.domain.recommendations.receipts import MAX_LENGTH
from bodega.errors import NotFoundError
from bodega.web.headers import UNCACHED
from bodega.web.seen import remember
from bodega.web.site import Site

VISITOR = "visitor"
_VISITOR = re.compile(r"[A-Za-z0-9_-]{22,64}")
_VISITOR_SECONDS = 30 * 24 * 3600
_A_MINUTE = 300
"""More strips and clicks a minute than a person manages: what a browser does beyond that is not counted."""
_STRANGERS_A_MINUTE = 3_000
"""And of all browsers behind one address that are not known yet."""
_MAX_ID_LENGTH = 80
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def seen_picture(site: Site, request: Request) -> Response:
    """Answer with the pixel and the cookie; NotFoundError for what is not on sale, so that only products get in."""
    product_id = request.path_params["product_id"]
    shelves = site.shop.catalog.shelves
    if len(product_id) > _MAX_ID_LENGTH or not product_id.isprintable() or not shelves.cards([product_id]):
        raise NotFoundError("product", product_id[:_MAX_ID_LENGTH])
    response = _pixel()
    remember(response, request, site.shop.world.keys, product_id)
    reference = request.query_params.get("via", "")
    if reference and _counts(site, request):
        site.shop.crediting.clicked(reference, product_id, visitor=_visitor(site, request, response))
    return response


def shown_picture(site: Site, request: Request) -> Response:
    """Answer with the pixel, and count that a strip of suggestions was seen, if it is one."""
    response = _pixel()
    request_id = request.path_params["request_id"]
    if len(request_id) <= MAX_LENGTH and _counts(site, request):
        site.shop.crediting.seen(request_id, visitor=_visitor(site, request, response))
    return response


def visitor_of(request: Request) -> str:
    """Return the number by which a browser is known, empty if it has none yet."""
    number = request.cookies.get(VISITOR, "")
    return number if _VISITOR.fullmatch(number) else ""


def _visitor(site: Site, request: Request, response: Response) -> str:
    """Return the browser's number; a new one, sent along, if it has none. It stands for nothing but itself."""
    number = visitor_of(request)
    if not number:
        number = site.shop.world.ids.secret(size_bytes=16)
        response.set_cookie(
            VISITOR,
            number,
            max_age=_VISITOR_SECONDS,
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
    return number


def _counts(site: Site, request: Request) -> bool:
    """Tell whether what a browser does is counted: not of robots, of staff, in advance, or of those who object."""
    told = request.headers
    if not is_browser(told.get("user-agent", "")) or told.get("sec-gpc") == "1" or told.get("dnt") == "1":
        return False
    if "prefetch" in told.get("sec-purpose", "") or site.visitors.colleague(request) is not None:
        return False
    number, minute = visitor_of(request), int(site.shop.world.clock.now().timestamp()) // 60
    who = number or (request.client.host if request.client is not None else "unknown")
    done = site.shop.world.cache.count(f"strips:{who}:{minute}", ttl_seconds=60)
    return done <= (_A_MINUTE if number else _STRANGERS_A_MINUTE)


def _pixel() -> Response:
    return Response(_PIXEL, headers={"content-type": "image/gif", "cache-control": UNCACHED})
