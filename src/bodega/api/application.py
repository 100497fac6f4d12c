"""Answer HTTP for the JSON door: hot paths first, then route, admission, body, idempotency, handler and headers."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from itertools import count
from time import perf_counter
from typing import Any

import anyio
import anyio.to_thread

from bodega.api.access import admit
from bodega.api.bodies import (
    DisconnectedError,
    Receive,
    check_length,
    decode_body,
    media_type,
    read_body,
)
from bodega.api.call import Call, Desk
from bodega.api.conditional import not_modified
from bodega.api.declare import BODY_BYTES, Route
from bodega.api.declare import Scope as StaffScope
from bodega.api.errors import HttpError, problem_reply
from bodega.api.idempotency import once
from bodega.api.metrics import Meter
from bodega.api.query import decode_query
from bodega.api.reply import Reply
from bodega.api.router import Router
from bodega.api.streams import Streams

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]
Hot = Callable[["Api", Scope, Receive, Send], Awaitable[bool]]

_access = logging.getLogger("bodega.access")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{8,64}")
_NOT_MODIFIED_KEEPS = frozenset({b"cache-control", b"surrogate-key", b"link"})
_CHANGES = frozenset({"PATCH", "PUT"})
LANE_BODY_BYTES = 16 * 1024  # what takes longer to decode and check than others should wait goes to a thread
_INSTEAD = "import a file (POST /v1/admin/imports), which may have any size"
JSON_TYPES = ("application/json",)
PATCH_TYPES = ("application/merge-patch+json", "application/json")


class RequestIds:
    """Ids of requests: a part of this process and a running number, because a request needs no secret name."""

    def __init__(self, prefix: str) -> None:
        """Take what tells this process from the others."""
        self._prefix = prefix.encode()
        self._next = partial(next, count(1))

    def make(self, sent: bytes | None = None) -> bytes:
        """Return the client's id if it is a sane one, a new one otherwise."""
        if sent is not None and _REQUEST_ID.fullmatch(sent):
            return sent
        return b"%s-%x" % (self._prefix, self._next())


class Api:
    """The ASGI application of the JSON door."""

    def __init__(self, desk: Desk, routes: Iterable[Route], hot: Iterable[tuple[str, Hot]], meter: Meter) -> None:
        """Take `hot`: path prefixes of GET requests with a raw callable that answers, or declines with False."""
        self.desk = desk
        self.router = Router(routes)
        self.meter = meter
        self.request_ids = RequestIds(desk.shop.world.ids.new("req")[-10:].lower())
        self._hot = tuple(hot)
        self._streams = Streams(desk)
        self._bank_is_near = not desk.shop.world.payments.longest_call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "GET":
            path = scope["path"]
            for prefix, answer in self._hot:
                if path.startswith(prefix) and await answer(self, scope, receive, send):
                    return
        await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        headers = dict(scope["headers"])
        request_id = self.request_ids.make(headers.get(b"x-request-id"))
        call: Call | None = None
        name = "unknown"
        try:
            raw_path = scope.get("raw_path") or scope["path"].encode()
            route, params = self.router.match(scope["method"], raw_path)
            name = route.name
            call = self._call(scope, route, params, headers, raw_path, request_id.decode())
            reply = await self._answer(call, receive)
        except DisconnectedError:
            self.meter.record(name, 499, perf_counter() - started)
            return
        except Exception as exc:  # noqa: BLE001 - the edge of the process: everything is answered and logged here
            reply = problem_reply(exc, path=scope["path"], request_id=request_id.decode())
        await self._respond(scope, send, reply, call, request_id)
        seconds = perf_counter() - started
        self.meter.record(name, reply.status, seconds)
        if self.desk.options.access_log:
            self.log(scope, name, reply.status, seconds, request_id)

    def _call(
        self,
        scope: Scope,
        route: Route,
        params: dict[str, str],
        headers: dict[bytes, bytes],
        raw_path: bytes,
        request_id: str,
    ) -> Call:
        client = scope.get("client")
        return Call(
            desk=self.desk,
            route=route,
            params=params,
            headers=headers,
            scheme=scope.get("scheme", "http"),
            raw_path=raw_path,
            raw_query=scope["query_string"],
            address=client[0] if client else "unknown",
            request_id=request_id,
        )

    async def _answer(self, call: Call, receive: Receive) -> Reply:
        route = call.route
        if self.desk.options.inline_reads:
            admit(call)
        else:
            await anyio.to_thread.run_sync(admit, call)
        call.query = decode_query(call.raw_query, route.query)
        if route.stream is not None and (route.body is None or media_type(call.headers) in route.stream.content_types):
            return await self._streams.answer(call, route.stream, receive)
        if route.body is not None:
            await self._take_body(call, receive)
        work = partial(once, call, partial(route.handler, call))
        if self._is_short(route) and len(call.body_bytes) <= LANE_BODY_BYTES:
            return await self.desk.shop.world.lane.run(work)
        if route.lane or route.threaded or not self.desk.options.inline_reads:
            return await anyio.to_thread.run_sync(work)
        return work()

    def _is_short(self, route: Route) -> bool:
        """Tell whether what a route does belongs in the lane."""
        return route.lane and (self._bank_is_near or not route.pays)

    async def _take_body(self, call: Call, receive: Receive) -> None:
        """Read the body and decode it into the declared type."""
        accepted = PATCH_TYPES if call.route.patches is not None else JSON_TYPES
        instead = _INSTEAD if isinstance(call.route.policy, StaffScope) else ""
        check_length(call.headers, BODY_BYTES, instead=instead)
        if media_type(call.headers) not in accepted:
            others = call.route.stream.content_types if call.route.stream is not None else ()
            listed = ", ".join((*accepted, *others))
            raise HttpError(
                415, "unsupported_media_type", f"send the body as {listed}", headers=[(b"accept", listed.encode())]
            )
        call.body_bytes = await read_body(receive, call.headers, BODY_BYTES, instead=instead)
        call.body = decode_body(call.body_bytes, call.route.body)

    async def _respond(self, scope: Scope, send: Send, reply: Reply, call: Call | None, request_id: bytes) -> None:
        if call is not None and reply.etag is not None:
            reply = _by_condition(call, reply)
        headers = [(b"x-request-id", request_id), (b"x-content-type-options", b"nosniff"), *reply.headers]
        if not any(name == b"cache-control" for name, _ in reply.headers):
            cache = call.route.cache if call is not None else "no-store"
            headers.append((b"cache-control", cache.encode()))
        if reply.etag is not None:
            headers.append((b"etag", reply.etag.encode()))
        if call is not None:
            headers += call.extra_headers
        if reply.chunks is not None and scope["method"] != "HEAD":
            await self._streams.send(send, reply, headers)
            return
        if reply.chunks is not None:
            headers.append((b"content-type", reply.content_type))
        elif reply.status not in {204, 304}:
            headers.append((b"content-length", str(len(reply.body)).encode()))
            if reply.body:
                headers.append((b"content-type", reply.content_type))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})

    def log(self, scope: Scope, route: str, status: int, seconds: float, request_id: bytes) -> None:
        """Write a request's line in the access log; no query and no address, which may be personal."""
        fields = {
            "method": scope["method"],
            "path": scope["path"][:300],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 3),
            "request_id": request_id.decode(),
        }
        _access.info("%s %s %s", scope["method"], fields["path"], status, extra=fields)


def _by_condition(call: Call, reply: Reply) -> Reply:
    """Leave out the body where the client has it already or did not want it."""
    if call.route.method == "GET" and reply.status == 200:  # noqa: PLR2004
        sent = call.header(b"if-none-match")
        if sent is not None and reply.etag is not None and not_modified(sent, reply.etag):
            kept = tuple(header for header in reply.headers if header[0] in _NOT_MODIFIED_KEEPS)
            return Reply(304, etag=reply.etag, headers=kept)
    if call.route.method in _CHANGES and reply.status == 200 and _wants_minimal(call):  # noqa: PLR2004
        applied = (b"preference-applied", b"return=minimal")
        return Reply(204, etag=reply.etag, headers=(*reply.headers, applied))
    return reply


def _wants_minimal(call: Call) -> bool:
    wanted = (call.header(b"prefer") or "").lower()
    return bool(wanted) and "return=minimal" in (part.strip() for part in re.split(r"[,;]", wanted))
