"""Answer the reads that make up most of a shop's load without the router: stored bytes go to the socket untouched."""

from time import perf_counter
from typing import Any

from bodega.api.access import count
from bodega.api.application import Api, Hot, Scope, Send
from bodega.api.bodies import Receive
from bodega.api.declare import STORE_CACHE
from bodega.api.reply import Reply
from bodega.api.store import products

_PRODUCTS = products.PATH + "/prod_"
_ID_AT = len(products.PATH) + 1
_STORE_CACHE = (b"cache-control", STORE_CACHE.encode())
_JSON = (b"content-type", b"application/json")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_ALIVE = b'{"status":"alive"}'
_ALIVE_LENGTH = (b"content-length", str(len(_ALIVE)).encode())


async def product(api: Api, scope: Scope, _receive: Receive, send: Send) -> bool:
    """Answer one product by its id; everything unusual is left to the declared route, which says the same."""
    started = perf_counter()
    product_id = scope["path"][_ID_AT:]
    if scope["query_string"] or not api.desk.options.inline_reads or not product_id.replace("_", "").isalnum():
        return False
    stored = (
        api.desk.shop.catalog.products.find_stored(product_id) if len(product_id) <= products.MAX_REFERENCE else None
    )
    if stored is None or stored.public is None:
        return False
    etag = b'"%d"' % stored.version
    known, sent_id = _two_headers(scope["headers"])
    if known is not None and known != etag:
        return False
    request_id = api.request_ids.make(sent_id)
    headers = [
        (b"x-request-id", request_id),
        _NOSNIFF,
        (b"surrogate-key", product_id.encode("ascii", "replace")),
        _STORE_CACHE,
        (b"etag", etag),
    ]
    body = b""
    if known is None:
        body = stored.public
        headers += ((b"content-length", b"%d" % len(body)), _JSON)
    await _send(api, scope, send, "store.products.read", headers, body, started, request_id)
    return True


async def product_list(api: Api, scope: Scope, _receive: Receive, send: Send) -> bool:
    """Answer a page of the product list or of a search."""
    started = perf_counter()
    if scope["path"] != products.PATH or not api.desk.options.inline_reads:
        return False
    known, sent_id = _two_headers(scope["headers"])
    if known is not None:
        return False
    query: bytes = scope["query_string"]
    counted: list[tuple[bytes, bytes]] = []
    try:
        if b"q=" in query or b"facets" in query:
            client = scope.get("client")
            who = client[0] if client else "unknown"
            counted = count(api.desk, "search", who, api.desk.options.search_per_minute)
            reply = api.desk.searched.find(query) or _rendered(api, query)
        else:
            reply = api.desk.listed.find(query) or api.desk.searched.find(query) or _rendered(api, query)
    except Exception:  # noqa: BLE001 - the declared route will meet it again and answer it properly
        return False
    request_id = api.request_ids.make(sent_id)
    headers = [
        (b"x-request-id", request_id),
        _NOSNIFF,
        _STORE_CACHE,
        (b"etag", (reply.etag or "").encode()),
        (b"content-length", b"%d" % len(reply.body)),
        _JSON,
        *reply.headers,
        *counted,
    ]
    await _send(api, scope, send, "store.products.list", headers, reply.body, started, request_id)
    return True


def _rendered(api: Api, query: bytes) -> Reply:
    """Return a page that is not kept, and keep it for whoever asks for it next."""
    reply, shelf = products.list_page(api.desk, query)
    if shelf is not None:
        shelf.keep(query, reply)
    return reply


async def live(api: Api, scope: Scope, _receive: Receive, send: Send) -> bool:
    """Answer that this process runs; nothing else is asked."""
    started = perf_counter()
    if scope["path"] != "/health/live" or scope["query_string"]:
        return False
    request_id = api.request_ids.make()
    headers = [(b"x-request-id", request_id), (b"cache-control", b"no-store"), _NOSNIFF, _ALIVE_LENGTH, _JSON]
    await _send(api, scope, send, "health.live", headers, _ALIVE, started, request_id)
    return True


async def _send(
    api: Api,
    scope: Scope,
    send: Send,
    route: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    started: float,
    request_id: bytes,
) -> None:
    status = 200 if body else 304
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    seconds = perf_counter() - started
    api.meter.record(route, status, seconds)
    if api.desk.options.access_log:
        api.log(scope, route, status, seconds, request_id)


def _two_headers(headers: Any) -> tuple[bytes | None, bytes | None]:
    """Return If-None-Match and X-Request-Id."""
    known = sent_id = None
    for name, value in headers:
        if name == b"if-none-match":
            known = value
        elif name == b"x-request-id":
            sent_id = value
    return known, sent_id


PATHS: tuple[tuple[str, Hot], ...] = (
    (_PRODUCTS, product),
    (products.PATH, product_list),
    ("/health/live", live),
)
