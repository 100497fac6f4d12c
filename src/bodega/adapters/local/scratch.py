"""Answer the scratch port with temporary folders, and with SQLite's external sort in them."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from bodega.adapters.system.files import exclusive
from bodega.errors import UnavailableError

if sys.platform != "win32":
    import fcntl

    def _seize(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

else:
    import msvcrt

    def _seize(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True


_CACHE_KIB = 16 * 1024
_LOCK = "in-use"
_PREFIX = "scratch-"


class LocalScratch:
    """Folders below a root on this machine's disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """See the port."""
        self._root.mkdir(parents=True, exist_ok=True)
        with exclusive(self._root / ".sweeping"):  # or a new folder could be swept before its owner holds its lock
            self._sweep()
            place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._root))
            lock = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            _seize(lock)
        try:
            inside = place / "room"
            inside.mkdir()
            yield inside
        finally:
            os.close(lock)
            shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def grouper(self) -> Iterator["SqliteGrouper"]:
        """See the port."""
        with self.folder() as place:
            grouper = SqliteGrouper(place)
            try:
                yield grouper
            finally:
                grouper.close()

    def _sweep(self) -> None:
        """Remove the folders of processes that died; a living owner holds the lock in its folder."""
        for place in self._root.glob(f"{_PREFIX}*"):
            try:
                lock = os.open(place / _LOCK, os.O_RDWR)
            except OSError:
                continue  # just being removed, or not ours to look at
            try:
                dead = _seize(lock)
            finally:
                os.close(lock)
            if dead:
                shutil.rmtree(place, ignore_errors=True)


class SqliteGrouper:
    """Records in a table that is sorted when it is read: appending is cheap, and SQLite's sorter spills to disk."""

    def __init__(self, place: Path) -> None:
        self._connection = apsw.Connection(str(place / "groups.db"))
        for setting in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
            "temp_store = FILE",
            f"cache_size = -{_CACHE_KIB}",
        ):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute("CREATE TABLE records (position INTEGER PRIMARY KEY, grp TEXT, body BLOB)")

    def add(self, records: Iterable[tuple[str, bytes]]) -> None:
        """See the port."""
        try:
            with self._connection:
                self._connection.executemany("INSERT INTO records (grp, body) VALUES (?, ?)", records)
        except (apsw.FullError, apsw.IOError) as error:
            raise UnavailableError(f"no room for intermediate results ({error}); free some disk space") from error

    def read(self, *, after: str = "") -> Iterator[tuple[str, bytes]]:
        """See the port."""
        sql = "SELECT grp, body FROM records WHERE grp > ? ORDER BY grp, position"
        try:
            yield from self._connection.execute(sql, (after,))
        except (apsw.FullError, apsw.IOError) as error:
            raise UnavailableError(f"no room for intermediate results ({error}); free some disk space") from error

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
