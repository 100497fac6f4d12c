"""Serve the whole shop, API and pages, behind an HTTP API of API Gateway."""

from datetime import timedelta

from bodega.asgi import create_app
from bodega.lambdas.gateway import Gateway
from bodega.lambdas.starting import Handler, cold_start
from bodega.settings import Settings
from bodega.wiring.opening import open_shop

_FOLLOWING = timedelta(seconds=2)  # nobody works beside a function: its searches look for changes themselves


def opened(settings: Settings) -> Handler:
    """Return what answers requests. They come one at a time, so that nothing is won by moving reads to threads."""
    return Gateway(create_app(open_shop(settings, following=_FOLLOWING), settings, inline_reads=True))


handler = cold_start(opened)
