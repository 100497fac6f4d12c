"""Serve the shop over ASGI: the API ahead of the router, pages behind it, one Shop a process."""

import logging
import os
from collections.abc import Callable
from datetime import timedelta

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from bodega.api.call import Options
from bodega.api.routes import PREFIXES, create_api
from bodega.domain.shop import Shop
from bodega.settings import Settings
from bodega.web import session_cookie
from bodega.web.routes import error_handler, routes
from bodega.wiring.confidential import revealed
from bodega.wiring.logs import begin_log
from bodega.wiring.opening import open_shop

_log = logging.getLogger(__name__)
FOLLOWING = timedelta(seconds=2)
"""How often searches look for changes where no worker brings them."""


class App:
    """The whole shop as one ASGI application: by its path, a request is the API's or the pages'."""

    def __init__(self, api: ASGIApp, pages: ASGIApp, close: Callable[[], object] | None) -> None:
        """Take what to close at shutdown, None if the caller closes the shop."""
        self._api = api
        self._pages = pages
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; nothing is added on the way, because the hottest paths go through here."""
        kind = scope["type"]
        if kind == "http":
            if scope["path"].startswith(PREFIXES):
                await self._api(scope, receive, send)
            else:
                await self._pages(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        else:  # there are no websockets here; ASGI refuses the handshake with this message
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        """Close the shop when the server stops; it was opened before the server took its first request."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._close is not None:
            await anyio.to_thread.run_sync(self._close)
        await send({"type": "lifespan.shutdown.complete"})


class BehindProxies:
    """Tells an application who asks where proxies of ours stand before it, each of which says whom it saw.

    Each adds its peer to the end of X-Forwarded-For, so that the visitor is as many from the end as there are proxies;
    what is before that, the visitor may have written: RFC 7239, section 8.1. With fewer, nothing is believed.
    """

    def __init__(self, application: ASGIApp, *, proxies: int) -> None:
        """Take how many proxies every request comes through."""
        self._application = application
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with the visitor's address."""
        if scope["type"] == "http":
            said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            seen = b",".join(said).split(b",") if said else []
            if len(seen) >= self._proxies:
                scope["client"] = (seen[-self._proxies].strip().decode("latin-1"), 0)
        await self._application(scope, receive, send)


def create_app(
    shop: Shop,
    settings: Settings,
    *,
    close: Callable[[], object] | None = None,
    inline_reads: bool | None = None,
    max_passed_bytes: int | None = None,
) -> App:
    """Return the application of an open shop; `close` is called when the server stops.

    `inline_reads` says whether reads may hold up the event loop; unless it is given, they may where tables are near.
    `max_passed_bytes` is the largest body that comes through to it, None if all do.
    """
    options = Options(
        public_url=settings.public_url,
        worker=str(os.getpid()),
        session_cookies=session_cookie.names("customers"),
        access_log=settings.access_log,
        admin_per_minute=settings.admin_requests_per_minute,
        inline_reads=settings.cloud == "none" if inline_reads is None else inline_reads,
        max_passed_bytes=max_passed_bytes,
    )
    handler = error_handler(shop, public_url=settings.public_url)
    pages = Starlette(
        routes=routes(shop, public_url=settings.public_url),
        exception_handlers={HTTPException: handler, Exception: handler},
    )
    return App(create_api(shop, options), pages, close)


def app_from_environment() -> ASGIApp:
    """Open the shop that the environment names and return its application: what each server process calls once.

    Example: `granian --interface asgi --factory bodega.asgi:app_from_environment`.
    """
    told = os.environ  # noqa: TID251 - a server starts its processes with nothing but this
    settings = Settings.from_env(revealed(told))
    begin_log(settings)
    # Where machines come and go, a server has no worker beside it that would bring it what changes.
    shop = open_shop(settings, following=FOLLOWING if settings.cloud == "aws" else None)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - for servers, whose processes have several cores

    # Lists are made of small products: more threads of BLAS would wait for them, awake, on cores that others need.
    threadpool_limits(1, user_api="blas")
    _log.info("shop opened", extra={"data_dir": str(settings.data_dir), "pid": os.getpid()})
    application = create_app(shop, settings, close=shop.close)
    return BehindProxies(application, proxies=settings.proxies) if settings.proxies else application
