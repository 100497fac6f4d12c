"""Move committed pages from the log into the database, beside the writer and not in its way."""

import threading

import apsw

from bodega.adapters.local.sqlite_lock import FairLock


class Checkpointer:
    """A thread with a connection of its own that empties the write-ahead log when it has grown.

    Most of the work is a passive checkpoint, which nobody waits for. What was committed meanwhile is little, and is
    moved with writers kept out, so that the next of them starts the log over and it cannot grow without bound.
    """

    def __init__(self, connection: apsw.Connection, lock: FairLock, *, after_pages: int) -> None:
        self._connection = connection
        self._lock = lock
        self._after_pages = after_pages
        self._due_at = after_pages
        self._due = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="sqlite-checkpointer", daemon=True)
        self._thread.start()

    def committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """Note the length of the log after a commit: the writer's hook."""
        if pages < self._after_pages:
            self._due_at = self._after_pages  # the log started over
        elif pages >= self._due_at:
            # Not again before it grew as much once more: a reader may be in the way for long.
            self._due_at = pages + self._after_pages
            self._due.set()
        return apsw.SQLITE_OK

    def close(self) -> None:
        """End the thread; the second call does nothing."""
        self._closing = True
        self._due.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._closing:
                return
            try:
                self._checkpoint()
            except (apsw.BusyError, apsw.LockedError):
                continue  # another process is at it, or a reader is in the way; a longer log asks again
            except (apsw.FullError, apsw.IOError):
                continue  # nothing is lost: the log keeps it, and the writer tells its callers what is wrong

    def _checkpoint(self) -> None:
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        # It reports itself complete as of when it began; only with writers kept out is there nothing behind that.
        with self._lock:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
