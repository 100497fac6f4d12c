"""Remember that a product was looked at: by a picture of one pixel, so that the page itself stays cacheable."""

from base64 import b64decode

from starlette.requests import Request
from starlette.responses import Response

from bodega.errors import NotFoundError
from bodega.web.headers import UNCACHED
from bodega.web.seen import remember
from bodega.web.site import Site

_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def seen_picture(site: Site, request: Request) -> Response:
    """Answer with the pixel and the cookie; NotFoundError for what is not on sale, so that only products get in."""
    product_id = request.path_params["product_id"]
    shelves = site.shop.catalog.shelves
    if len(product_id) > _MAX_ID_LENGTH or not product_id.isprintable() or not shelves.cards([product_id]):
        raise NotFoundError("product", product_id[:_MAX_ID_LENGTH])
    response = Response(_PIXEL, headers={"content-type": "image/gif", "cache-control": UNCACHED})
    remember(response, request, site.shop.world.keys, product_id)
    return response


_MAX_ID_LENGTH = 80
