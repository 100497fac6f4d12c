"""Let many blocking calls share an event loop's thread: who waits for a commit steps aside and others go on.

A call runs as a greenlet. Where it would block until its change is durable, it switches back to the coroutine that
accompanies it, and is switched to again when the writer says so. Source of the idea: SQLAlchemy's asyncio extension,
https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#running-synchronous-methods-and-functions-under-asyncio
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from greenlet import GreenletExit, getcurrent, greenlet

T = TypeVar("T")
Rouse = Callable[[], None]
Wake = Callable[[], Rouse | None]
"""Notes that what was waited for has come. What it returns is called once everybody was noted: a loop that is roused
for the first of a group takes Python's lock, and the others would wait while it works for that one."""
Watch = Callable[[Wake], None]
"""Takes what to call, from any thread and perhaps twice, when there is nothing to wait for any more."""
MAX_IDLE = 64
TICK_SECONDS = 1.0


def step_aside(watch: Watch) -> bool:
    """Let others go on until what is watched has come, or it is time to see whether it still can.

    False, at once, for a caller whose thread is its own.
    """
    walker = getcurrent()
    if type(walker) is not _Walker:
        return False
    walker.step_aside(watch)
    return True


def when_all_wait(call: Callable[[], None]) -> bool:
    """Make a call once everybody who shares this thread and can go on was taken as far as they go.

    So that all of them arrive together at whoever they wait for. False, and no call, for who has a thread of their own.
    """
    if type(getcurrent()) is not _Walker:
        return False
    asyncio.get_running_loop().call_soon(call)
    return True


class _Walker(greenlet):  # type: ignore[misc]  # greenlet has no types
    """Runs one call after another: a new greenlet for each would map and unmap memory for its frames each time."""

    def __init__(self) -> None:
        super().__init__()
        self._work: Callable[[], object] | None = None
        self._outcome: object = None
        self._error: BaseException | None = None

    def begin(self, work: Callable[[], object]) -> Watch | None:
        """Run a call; return what it waits for, or None when it is over."""
        self._work = work
        self.parent = getcurrent()
        self.gr_context = copy_context()
        return self.go_on()

    def go_on(self) -> Watch | None:
        """Take the call up where it waited."""
        return cast("Watch | None", self.switch())

    def step_aside(self, watch: Watch) -> None:
        """Be somewhere else until the call is taken up again: called by the walker itself."""
        cast("greenlet", self.parent).switch(watch)

    def outcome(self) -> object:
        """Return what the call returned, or raise what it raised; the walker is free for the next."""
        outcome, error = self._outcome, self._error
        self._outcome = self._error = None
        if error is not None:
            raise error
        return outcome

    def run(self) -> None:
        """Run what there is to run, for ever."""
        while True:
            work, self._work = cast("Callable[[], object]", self._work), None
            try:
                self._outcome = work()
            except GreenletExit:
                raise  # nobody accompanies this call any more: its loop is gone
            except BaseException as exc:  # noqa: BLE001 - it belongs to the caller, which re-raises it
                self._error = exc
            del work
            cast("greenlet", self.parent).switch(None)


class _Arrivals:
    """Wakes the calls of one event loop; all that are due before it gets to it cost one call into it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call = loop.call_soon_threadsafe
        self._call_later = loop.call_later
        self._create_future = loop.create_future
        self._waiting: set[asyncio.Future[None]] = set()
        self._due: deque[asyncio.Future[None]] = deque()
        self._called = False
        self._ticking = False

    async def wait(self, watch: Watch) -> None:
        """Wait until what is watched has come, or a tick of the clock later."""
        future = self._create_future()
        self._waiting.add(future)
        if not self._ticking:
            self._ticking = True
            self._call_later(TICK_SECONDS, self._tick)
        watch(lambda: self._add(future))
        try:
            await future
        finally:
            self._waiting.discard(future)

    def _add(self, future: asyncio.Future[None]) -> Rouse | None:
        """Note that whoever awaits the future is to be woken; from any thread."""
        self._due.append(future)
        if self._called:
            return None
        self._called = True
        return self._rouse

    def _rouse(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            self._call(self._wake)

    def _wake(self) -> None:
        self._called = False
        while self._due:
            _resolve(self._due.popleft())

    def _tick(self) -> None:
        """Let everybody look whether it is still worth waiting: cheaper than a timer for each."""
        self._ticking = False
        for future in self._waiting:
            _resolve(future)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class GreenletLane:
    """The lane for stores that step aside while they write, as those of this room do."""

    def __init__(self) -> None:
        self._mine = threading.local()  # walkers can only be switched to from the thread they began in
        self._arrivals: WeakKeyDictionary[asyncio.AbstractEventLoop, _Arrivals] = WeakKeyDictionary()

    async def run(self, work: Callable[[], T]) -> T:
        """See the port."""
        idle = self._idle()
        walker = idle.pop() if idle else _Walker()
        watch = walker.begin(work)
        if watch is not None:
            await self._accompany(walker, watch)
        if len(idle) < MAX_IDLE:
            idle.append(walker)
        return cast("T", walker.outcome())

    async def _accompany(self, walker: _Walker, watch: Watch | None) -> None:
        """Wait wherever the call does, until it is over."""
        loop = asyncio.get_running_loop()
        arrivals = self._arrivals.get(loop)
        if arrivals is None:
            arrivals = self._arrivals[loop] = _Arrivals(loop)
        cancelled: asyncio.CancelledError | None = None
        while watch is not None:
            try:
                await arrivals.wait(watch)
            except asyncio.CancelledError as exc:
                cancelled = exc  # what the call wrote is on its way all the same: see it through
            else:
                watch = walker.go_on()
        if cancelled is not None:
            raise cancelled

    def _idle(self) -> list[_Walker]:
        try:
            return self._mine.walkers  # type: ignore[no-any-return]
        except AttributeError:
            self._mine.walkers = []
            return self._idle()
