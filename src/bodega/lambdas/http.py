"""Serve the whole shop, API and pages, behind an HTTP API of API Gateway."""

from bodega.asgi import create_app
from bodega.lambdas.gateway import Gateway
from bodega.lambdas.starting import Handler, cold_start
from bodega.settings import Settings
from bodega.wiring.opening import open_shop


def opened(settings: Settings) -> Handler:
    """Return what answers requests. They come one at a time, so that nothing is won by moving reads to threads."""
    return Gateway(create_app(open_shop(settings), settings, inline_reads=True))


handler = cold_start(opened)
