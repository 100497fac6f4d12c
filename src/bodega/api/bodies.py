"""Take in request bodies: bounded while they arrive, JSON without doubt, streams into the object store."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from bodega.api.call import Staged
from bodega.api.errors import HttpError
from bodega.api.forms import FormFile
from bodega.errors import Fault, InvalidError
from bodega.ports.objects import ObjectStore
from bodega.values.decode import SyntaxFaultError, decode_json

T = TypeVar("T")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_MAX_NESTING = 64


class DisconnectedError(Exception):
    """The client went away; there is nobody to answer."""


def check_length(headers: dict[bytes, bytes], limit: int, *, instead: str = "") -> None:
    """Refuse, before reading, a body that says it is too large; `instead` says what to do with it."""
    sent = headers.get(b"content-length", b"0")
    if sent.isdigit() and int(sent[:20]) > limit:
        raise too_large(limit, instead)


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int, *, instead: str = "") -> bytes:
    """Return the whole body; 413 as soon as it is over the limit, with what to do `instead`."""
    check_length(headers, limit, instead=instead)
    chunks: list[bytes] = []
    size = 0
    async for chunk in _chunks(receive):
        size += len(chunk)
        if size > limit:
            raise too_large(limit, instead)
        chunks.append(chunk)
    return b"".join(chunks)


async def _chunks(receive: Receive) -> Any:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def stage(
    receive: Receive,
    objects: ObjectStore,
    key: str,
    *,
    limit: int,
    timeout_seconds: float,
    limiter: anyio.CapacityLimiter,
    inspect: Callable[[bytes], None] | None = None,
    form: FormFile | None = None,
    instead: str = "",
) -> Staged:
    """Stream the body into the object store, or the file of a `form`. Nothing is stored of what is refused.

    `inspect` sees the first bytes and may refuse; `instead` says what to do with what is over the limit.
    """
    digest = hashlib.sha256()
    size = 0

    async def arrive() -> tuple[bytes, bool]:
        with anyio.move_on_after(timeout_seconds):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            return message.get("body", b""), message.get("more_body", False)
        raise HttpError(408, "timeout", "the body stopped arriving")

    def chunks() -> Iterator[bytes]:
        nonlocal size
        head, more = b"", True
        inspected = inspect is None
        while more:
            chunk, more = anyio.from_thread.run(arrive)
            chunk = chunk if form is None else form.feed(chunk)
            size += len(chunk)
            if size > limit:
                raise too_large(limit, instead)
            if form is not None and not more:
                form.finish()
            digest.update(chunk)
            if not inspected:
                head += chunk
                if len(head) < _HEAD_BYTES and more:
                    continue
                inspect(head)  # type: ignore[misc]  # only None is inspected from the start
                inspected, chunk = True, head
            yield chunk

    await anyio.to_thread.run_sync(lambda: objects.put(key, chunks(), if_absent=True), limiter=limiter)
    return Staged(key, size, digest.hexdigest())


_HEAD_BYTES = 32


def decode_body(body: bytes, kind: type[T]) -> T:
    """Return a JSON body as a typed value. What is no unambiguous JSON is refused before what is not of the type."""
    if body.count(b":") > 1:
        _check_json(body)
        return decode_json(body, kind)
    try:
        # There are no two keys here that could be the same one, and all else the typed decoder refuses as well.
        return decode_json(body, kind)
    except InvalidError:
        _check_json(body)
        raise


def _check_json(body: bytes) -> None:
    """Refuse JSON that readers could understand differently: a repeated key, NaN, broken UTF-8, deep nesting."""
    try:
        json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_constant)
    except UnicodeDecodeError:
        raise SyntaxFaultError("the body is not UTF-8") from None
    except RecursionError:
        raise SyntaxFaultError("the body is nested too deeply") from None
    except ValueError as exc:
        raise SyntaxFaultError(f"the body is not valid JSON: {exc}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _twice(pairs)
    return found


def _twice(pairs: list[tuple[str, Any]]) -> SyntaxFaultError:
    seen: set[str] = set()
    name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    shown = name[:80].encode("utf-8", "replace").decode()
    fault = Fault(f"/{shown}", "duplicate_key", f"the key {shown!r} stands twice in one object")
    error = SyntaxFaultError(fault.detail)
    error.faults = (fault,)
    return error


def _constant(name: str) -> Any:
    raise SyntaxFaultError(f"{name} is not JSON")


def too_large(limit: int, instead: str = "") -> HttpError:
    """Return the refusal of a body over its limit, and what to do instead; the rest of it is not read."""
    detail = f"the body is over {limit} bytes{f': {instead}' if instead else ''}"
    return HttpError(413, "too_large", detail, headers=[(b"connection", b"close")])


def media_type(headers: dict[bytes, bytes]) -> str:
    """Return the body's media type without its parameters, in lower case."""
    return headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower().decode("latin-1")
