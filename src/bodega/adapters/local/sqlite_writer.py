"""Commit many callers' changes with one fsync: the writer thread and its groups."""

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import apsw

from bodega.adapters.local.lane import Rouse, Wake, step_aside, when_all_wait
from bodega.adapters.local.sqlite_batch import Batch
from bodega.adapters.local.sqlite_lock import FairLock
from bodega.errors import ShopError, UnavailableError

T = TypeVar("T")
Change = Callable[[apsw.Connection], T]
PlannedChange = Callable[[Batch], T]

PATIENCE_SECONDS = 10.0  # for other processes to let go of the database
MAX_GROUP = 512  # jobs; bounds how long the first caller of a group waits for the last
# What goes wrong with the machine and not with one change; nobody else in the group would fare better.
_GROUP_FAULTS = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError, apsw.NoMemError)


class Pending(Generic[T]):
    """A change on its way; `wait` returns what it returned once that is durable, or raises why it is not."""

    __slots__ = ("_begun", "_done", "_error", "_planned", "_result", "_wake", "change", "writer")

    def __init__(self, *, change: Change[T] | None = None, planned: PlannedChange[T] | None = None) -> None:
        self.change = change
        self._planned = planned
        self.writer: Writer | None = None
        # A bare lock costs a tenth of a Future with its condition variable.
        self._done = threading.Lock()
        self._done.acquire()
        self._begun = threading.Lock()  # held from when the change is run, or given up, whichever comes first
        self._wake: Wake | None = None
        self._result: Any = None
        self._error: BaseException | None = None

    def wait(self) -> T:
        """Block until the group is committed or refused, or let others go on meanwhile if this thread is shared.

        UnavailableError if the change has not begun and another process has held the database for so long that it
        must have been stopped; the change is then given up.
        """
        while not self._is_over():
            if self.writer is not None and self.writer.is_locked_out() and self.begin():
                raise UnavailableError("another process holds the database and does not move; nothing was written")
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[no-any-return]

    def begin(self) -> bool:
        """Claim the change, to run it or to give it up: only the first who asks gets it."""
        return self._begun.acquire(blocking=False)

    def _is_over(self) -> bool:
        """Wait for a while and tell whether there is nothing left to wait for."""
        if step_aside(self.watch):
            return not self._done.locked()
        if self._done.acquire(timeout=PATIENCE_SECONDS / 10):
            self._done.release()
            return True
        return False

    def watch(self, wake: Wake) -> None:
        """Call back, from any thread and perhaps twice, once there is nothing to wait for; the last one to ask is."""
        self._wake = wake
        if not self._done.locked():
            _rouse([wake()])

    def run(self, batch: Batch, *, writing: bool) -> bool:
        """Apply the change, and write it if told so; False if it failed half-way and all has to be undone.

        A change that is not planned may look anywhere: what waits in the batch must be written before.
        """
        self._result, self._error = None, None
        try:
            if self.change is not None:
                self._result = _isolated(batch.connection, self.change)
            elif self._planned is not None:
                self._result = self._planned(batch)
                if writing:
                    batch.write()
        except ShopError as refusal:
            self._error = refusal
        except _GROUP_FAULTS:
            raise
        except BaseException as fault:  # noqa: BLE001 - it belongs to the caller, whose thread re-raises it
            self._error = fault
            return batch.connection.in_transaction and self.change is not None
        return True

    def finish(self, error: BaseException | None = None) -> Rouse | None:
        """Let the caller go on; an error given here replaces whatever the change had come to.

        What is returned rouses callers who wait together, and has to be called.
        """
        if error is not None:
            self._error = error
        self._done.release()
        return self._wake() if self._wake is not None else None


def _rouse(calls: Iterable[Rouse | None]) -> None:
    for call in calls:
        if call is not None:
            call()


def _isolated(connection: apsw.Connection, change: Change[T]) -> T:
    """Run a change that may fail anywhere, taking back what it did if it does."""
    connection.execute("SAVEPOINT job")
    try:
        result = change(connection)
    except BaseException:
        if connection.in_transaction:  # disk full and the like have already undone everything
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
        raise
    connection.execute("RELEASE job")
    return result


class Writer:
    """Owns the one connection of this process that writes, and the thread that uses it."""

    def __init__(self, connection: apsw.Connection, lock: FairLock) -> None:
        self._connection = connection
        self._lock = lock
        self._jobs: SimpleQueue[Pending[Any] | None] = SimpleQueue()
        self._accepting = threading.Lock()
        self._closed = False
        self._ending = False  # the mark behind the last job was met
        self._locked_out_since: float | None = None
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Pending[T]) -> Pending[T]:
        """Queue a change for the next group."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a change must not wait for another change: the writer thread would wait for itself")
        job.writer = self
        # One that comes alone would have a commit of its own, and take Python's lock from those who come behind it.
        if not when_all_wait(partial(self._take, job)):
            self._take(job)
        return job

    def _take(self, job: Pending[Any]) -> None:
        with self._accepting:
            if not self._closed:
                self._jobs.put(job)
                return
        _rouse([job.finish(UnavailableError("the store is closed"))])

    def is_locked_out(self) -> bool:
        """Tell whether some other process has kept this one waiting beyond all patience."""
        since = self._locked_out_since
        return since is not None and time.monotonic() - since >= PATIENCE_SECONDS

    def close(self) -> None:
        """Commit what was accepted and end the thread; the second call does nothing."""
        with self._accepting:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while not self._ending:
            job = self._jobs.get()
            if job is None:
                break
            self._commit(job)

    def _commit(self, first: Pending[Any]) -> None:
        group = [first]
        self._locked_out_since = time.monotonic()
        try:
            with self._lock:
                self._locked_out_since = None
                if first.begin():
                    self._gather_and_commit(group)
                else:
                    group.clear()
        except BaseException as fault:  # noqa: BLE001 - every waiting caller must hear of it, or it would wait forever
            _rouse([job.finish(_translated(fault)) for job in group])
        else:
            _rouse([job.finish() for job in group])

    def _gather_and_commit(self, group: list[Pending[Any]]) -> None:
        """Run the group and whoever arrives meanwhile, and commit; spoilers are undone, told and left out."""
        connection = self._connection
        one_by_one = False
        try:
            while True:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    spoiler = self._run(group, one_by_one=one_by_one)
                except _GROUP_FAULTS:
                    raise
                except apsw.Error:
                    if one_by_one:
                        raise
                    one_by_one = True  # somebody's rows were refused: written singly, it shows whose
                else:
                    if spoiler is None:
                        break
                    group.remove(spoiler)
                    _rouse([spoiler.finish()])
                self._undo()
            connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _run(self, group: list[Pending[Any]], *, one_by_one: bool) -> Pending[Any] | None:
        """Run the group and whoever arrives meanwhile; return who spoiled the transaction, if somebody did."""
        batch = Batch(self._connection)
        position = 0
        while position < len(group):
            job = group[position]
            position += 1
            if job.change is not None:
                batch.write()
            if not job.run(batch, writing=one_by_one):
                return job
            if position == len(group) and not self._admit(group):
                batch.write()
                self._admit(group)
        return None

    def _admit(self, group: list[Pending[Any]]) -> bool:
        """Let those into the group who arrived, while there is room; False if nobody did."""
        before = len(group)
        while len(group) < MAX_GROUP and not self._ending and not self._jobs.empty():
            newcomer = self._jobs.get()
            if newcomer is None:
                self._ending = True
            elif newcomer.begin():
                group.append(newcomer)
        return len(group) > before

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _translated(fault: BaseException) -> BaseException:
    """Return what a caller is told when the whole group failed; each caller gets an exception of its own."""
    if not isinstance(fault, apsw.Error):
        return UnavailableError(f"the writer failed: {fault!r}")
    if isinstance(fault, apsw.FullError):
        message = "the disk is full; nothing was written. Free some space and try again"
    elif isinstance(fault, apsw.BusyError):
        message = "another program holds the database; nothing was written. Close it and try again"
    elif isinstance(fault, apsw.ReadOnlyError):
        message = "the database cannot be written; check the permissions of its file and folder"
    else:
        message = f"the database failed and nothing was written: {fault}"
    refusal = UnavailableError(message)
    refusal.__cause__ = fault
    return refusal
