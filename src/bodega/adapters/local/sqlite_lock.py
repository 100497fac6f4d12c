"""Let one process at a time write to a database, in turn and without polling."""

import os
import sys
from pathlib import Path
from types import TracebackType

if sys.platform != "win32":
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

else:  # SQLite's own busy timeout has to do there

    def _lock(file: int) -> None:
        pass

    def _unlock(file: int) -> None:
        pass


class FairLock:
    """A lock between processes on two side files; one instance must not be entered by two threads at once.

    SQLite makes waiting writers sleep and try again, so that under load the process that just wrote wins
    again and the others starve. Here a waiter blocks in the kernel, and it does so while holding the
    turnstile (`-turn`): whoever leaves has to queue behind it. The kernel drops both locks when their holder
    dies, however it dies.
    """

    def __init__(self, database: Path) -> None:
        self._turnstile = _open(database.with_name(database.name + "-turn"))
        self._room = _open(database.with_name(database.name + "-lock"))

    def __enter__(self) -> None:
        _lock(self._turnstile)
        try:
            _lock(self._room)
        finally:
            _unlock(self._turnstile)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _unlock(self._room)

    def close(self) -> None:
        """Release the files; the lock must not be held."""
        os.close(self._turnstile)
        os.close(self._room)


def _open(path: Path) -> int:
    # The files stay: deleting one while another process waits on it would let two in.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
