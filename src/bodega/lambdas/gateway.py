"""Ask an ASGI application what comes as events of API Gateway's HTTP APIs, in their payload format 2.0.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import asyncio
import logging
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, unquote

import msgspec

from bodega import schema
from bodega.api.errors import HttpError, problem_reply

_log = logging.getLogger(__name__)
_Message: TypeAlias = MutableMapping[str, Any]
_Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

MAX_ANSWER_BYTES = 6_000_000
"""Lambda takes 6 MiB of JSON from a function; a body is all of that but its headers."""
MAX_BODY_BYTES = 4_400_000
"""And hands it as many, so that a request's body is at most this, in base64, with its headers; the gateway refuses more
with a 413 of its own."""
_DEFAULT_STAGE = "$default"
_AS_THEY_ARE = "!$%&'()*+,/:;=@~"  # a path may hold these; the gateway leaves some things encoded and decodes others
_TEXT = frozenset(
    {"application/json", "application/javascript", "application/xml", "application/jsonl", "image/svg+xml"}
)


class _Http(msgspec.Struct, frozen=True, rename="camel"):
    method: str
    source_ip: str = ""


class _Context(msgspec.Struct, frozen=True, rename="camel"):
    http: _Http
    stage: str = _DEFAULT_STAGE
    request_id: str = ""
    authorizer: Any = None


class HttpEvent(msgspec.Struct, frozen=True, rename="camel"):
    """One request. Headers that came several times are one, with commas; cookies come apart from them."""

    version: Literal["2.0"]
    raw_path: str
    request_context: _Context
    raw_query_string: str = ""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    body: str | None = None
    is_base64_encoded: bool = False

    def content(self) -> bytes:
        """Return the body's bytes; ValueError if they are not what the event says."""
        if self.body is None:
            return b""
        return b64decode(self.body, validate=True) if self.is_base64_encoded else self.body.encode()


class Gateway:
    """Answers events with an application. One event at a time, as Lambda brings them.

    All requests are served by one task that never ends: a task for each would take down the threads that it lends to
    blocking code, and each request would start new ones.
    """

    def __init__(self, application: _Application) -> None:
        """Start the task; `close` ends it."""
        self._application = application
        self._loop = asyncio.new_event_loop()
        self._asked: asyncio.Queue[tuple[HttpEvent, asyncio.Future[dict[str, Any]]]] = asyncio.Queue()
        self._resident = self._loop.create_task(self._serve())

    def __call__(self, event: Any, _context: Any = None) -> dict[str, Any]:
        """Return the answer to a request; what is no event of a kind that is known gets a 400."""
        try:
            request = msgspec.convert(event, HttpEvent)
            request.content()
        except (msgspec.ValidationError, Base64Error, ValueError) as fault:
            _log.warning("an event of the gateway was not understood", extra={"problem": str(fault)})
            return _problem(400, "bad_event", "the gateway sent what is no request of its payload format 2.0")
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._asked.put_nowait((request, answer))
        return self._loop.run_until_complete(answer)

    def close(self) -> None:
        """End the task and its threads; the application is whoever made it's to close."""
        self._resident.cancel()
        self._loop.run_until_complete(asyncio.wait([self._resident]))
        self._loop.close()

    async def _serve(self) -> None:
        while True:
            request, answer = await self._asked.get()
            reply = _Reply(request.content())
            try:
                await self._application(_scope(request), reply.receive, reply.send)
            # The edge of the process: Starlette raises even what it has answered, and no request may end this task.
            except (Exception, asyncio.CancelledError):  # noqa: BLE001
                _log.exception("a request broke")
            answer.set_result(reply.encoded())


class _Reply:
    """What the application hears of a request's body, and what it says."""

    def __init__(self, body: bytes) -> None:
        self._request: _Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._start: _Message | None = None
        self._parts: list[bytes] = []
        self._over = asyncio.Event()

    async def receive(self) -> _Message:
        request, self._request = self._request, None
        if request is not None:
            return request
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: _Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            self._over.set()

    def encoded(self) -> dict[str, Any]:
        if self._start is None or not self._over.is_set():
            return _problem(500, "internal", "something went wrong here; it was noted")
        headers: dict[str, str] = {}
        cookies: list[str] = []
        for raw_name, raw_value in self._start.get("headers", ()):
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            if name == "set-cookie":
                cookies.append(value)
            else:
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
        body, in_base64 = _encoded_body(b"".join(self._parts), headers)
        if len(body) > MAX_ANSWER_BYTES:
            return _problem(
                501, "answer_too_large", "this answer is larger than a function may give: ask for less of it"
            )
        answer = {"statusCode": self._start["status"], "headers": headers, "body": body, "isBase64Encoded": in_base64}
        return answer | {"cookies": cookies} if cookies else answer


def _scope(request: HttpEvent) -> dict[str, Any]:
    context, sent = request.request_context, request.headers
    headers = [(name.lower().encode(), value.encode()) for name, value in sent.items() if name != schema.ORIGIN_HEADER]
    if request.cookies:
        headers.append((b"cookie", "; ".join(request.cookies).encode()))
    path = quote(_below_stage(request.raw_path, context.stage), safe=_AS_THEY_ARE)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": context.http.method,
        "scheme": sent.get("x-forwarded-proto", "https"),
        "path": unquote(path) if "%" in path else path,
        "raw_path": path.encode(),
        "query_string": request.raw_query_string.encode(),
        "root_path": "",
        "headers": headers,
        "client": (_address_of(request), 0),
        "server": (sent.get("host", ""), 443),
    }


def _address_of(request: HttpEvent) -> str:
    """Return the address of who asks: the gateway's peer, or whom the network before it saw.

    That is believed only of a network that an authorizer has let in; what is before its last word, anybody may have
    written: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
    """
    peer = request.request_context.http.source_ip
    if request.request_context.authorizer is None or schema.ORIGIN_HEADER not in request.headers:
        return peer
    seen = [address.strip() for address in request.headers.get("x-forwarded-for", "").split(",")]
    return next((address for address in reversed(seen) if address and address != peer), peer)


def _below_stage(path: str, stage: str) -> str:
    """Return the path without the name of a stage, which begins it unless the stage is the default one."""
    if stage == _DEFAULT_STAGE:
        return path
    below = path.removeprefix(f"/{stage}")
    return path if below == path or (below and not below.startswith("/")) else below or "/"


def _encoded_body(body: bytes, headers: dict[str, str]) -> tuple[str, bool]:
    """Return text as it is, and everything else as base64."""
    if not body:
        return "", False
    if "content-encoding" not in headers and _is_text(headers.get("content-type", "")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode(), True


@lru_cache(maxsize=256)
def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith("+json") or kind in _TEXT


def _problem(status: int, code: str, detail: str, *, path: str = "", request_id: str = "") -> dict[str, Any]:
    """Return an answer that is not the application's, as its own refusals look."""
    reply = problem_reply(HttpError(status, code, detail), path=path, request_id=request_id)
    headers = {"content-type": reply.content_type.decode(), "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": reply.body.decode(), "isBase64Encoded": False}
