"""Serve the whole shop, API and pages, behind an HTTP API of API Gateway."""

from bodega.asgi import FOLLOWING, create_app
from bodega.lambdas.gateway import MAX_BODY_BYTES, Gateway
from bodega.lambdas.starting import Handler, cold_start
from bodega.settings import Settings
from bodega.wiring.opening import open_shop


def opened(settings: Settings) -> Handler:
    """Return what answers requests. They come one at a time, so that nothing is won by moving reads to threads."""
    shop = open_shop(settings, following=FOLLOWING)
    return Gateway(create_app(shop, settings, inline_reads=True, max_passed_bytes=MAX_BODY_BYTES))


handler = cold_start(opened, trusted=True)
