"""Move bodies that are too large for memory: uploads into the object store, downloads out of it."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from bodega.api.bodies import Receive, check_length, media_type, stage
from bodega.api.call import Call, Desk, Staged
from bodega.api.declare import Stream
from bodega.api.errors import HttpError
from bodega.api.forms import MOST_AROUND_BYTES, FormFile
from bodega.api.idempotency import once
from bodega.api.reply import Reply

MAX_AT_ONCE = 8
"""Uploads that may run together in a process: each holds a thread for as long as its client takes to send."""


class Streams:
    """Runs what streams, in threads of its own kind, so that slow clients cannot take those that answer others."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._limiter: anyio.CapacityLimiter | None = None

    async def answer(self, call: Call, stream: Stream, receive: Receive) -> Reply:
        """Stage the body, then let the handler use it. What was staged is removed if the handler refuses."""
        if media_type(call.headers) not in stream.content_types:
            listed = ", ".join(stream.content_types)
            raise HttpError(
                415, "unsupported_media_type", f"send the body as {listed}", headers=[(b"accept", listed.encode())]
            )
        place = await anyio.to_thread.run_sync(stream.place, call)
        form = FormFile(call.header(b"content-type") or "") if stream.form else None
        around = MOST_AROUND_BYTES if stream.form else 0
        check_length(call.headers, place.max_bytes + around, instead=stream.instead)
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(MAX_AT_ONCE)
        call.staged = await stage(
            receive,
            self._desk.shop.world.objects,
            place.key,
            limit=place.max_bytes,
            timeout_seconds=self._desk.options.chunk_timeout_seconds,
            limiter=self._limiter,
            inspect=place.inspect,
            form=form,
            instead=stream.instead,
        )
        try:
            reply = await anyio.to_thread.run_sync(once, call, partial(call.route.handler, call))
        except Exception:
            await self._discard(call.staged)
            raise
        if any(name == b"idempotent-replayed" for name, _ in reply.headers):
            await self._discard(call.staged)  # the first request's body is the one in use
        return reply

    async def send(
        self, send: Callable[[dict[str, Any]], Awaitable[None]], reply: Reply, headers: list[tuple[bytes, bytes]]
    ) -> None:
        """Send a body in chunks, each read in a thread; a failure after the first cuts the connection."""
        chunks: Iterator[bytes] = reply.chunks if reply.chunks is not None else iter(())
        first = await anyio.to_thread.run_sync(next, chunks, None)
        headers.append((b"content-type", reply.content_type))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        chunk = first
        while chunk is not None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await anyio.to_thread.run_sync(next, chunks, None)
        await send({"type": "http.response.body", "body": b""})

    async def _discard(self, staged: Staged) -> None:
        await anyio.to_thread.run_sync(self._desk.shop.world.objects.delete, staged.key)
