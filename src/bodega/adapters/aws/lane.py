"""Give each blocking call a thread: across a network a call waits for much more than its own commits."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

T = TypeVar("T")


class ThreadLane:
    """The lane of anyio's threads, of which a loop has forty unless told otherwise."""

    async def run(self, work: Callable[[], T]) -> T:
        """See the port."""
        call = asyncio.ensure_future(anyio.to_thread.run_sync(work))
        cancelled: asyncio.CancelledError | None = None
        while not call.done():
            try:
                await asyncio.wait([call])
            except asyncio.CancelledError as exc:
                cancelled = exc  # the thread goes on all the same: see it through
        if cancelled is not None:
            call.exception()  # looked at, or asyncio would complain that nobody did
            raise cancelled
        return call.result()
