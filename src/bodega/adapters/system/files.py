"""Write files so that they survive a power cut, appear whole or not at all, and have one writer at a time."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bodega.errors import InvalidError

_MAX_KNOWN_FOLDERS = 10_000

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:
                continue  # LK_LOCK itself waits ten seconds, then gives up; we do not
            return

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # flock belongs to the open file, so it also keeps apart threads that opened the file separately.
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold the lock named by a file against all threads and processes of this machine; a dead holder lets go.

    The file stays behind on purpose: removing it would let two holders lock two files of one name.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def sync_file(handle: BinaryIO) -> None:
    """Force what was written, and the file's size and times, to the disk."""
    handle.flush()
    os.fsync(handle.fileno())


def sync_folder(folder: Path) -> None:
    """Force names that appeared in, or vanished from, a folder to the disk."""
    if os.name == "nt":  # Windows opens no folders and journals names by itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DurableFolders:
    """Makes folders below a root that are on the disk when it returns; they must stay. Thread-safe."""

    def __init__(self, root: Path) -> None:
        _make_folder(root)
        self._root = root
        self._known = {root}

    def make(self, folder: Path) -> None:
        """Make a folder inside the root, and its missing parents."""
        if folder in self._known:
            return
        self.make(folder.parent)
        folder.mkdir(exist_ok=True)
        # Also when the folder was there: whoever made it may not have come to this line yet.
        sync_folder(folder.parent)
        if len(self._known) >= _MAX_KNOWN_FOLDERS:
            self._known = {self._root}
        self._known.add(folder)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes its name, durably and over what was there, only if the block ends well."""
    if path.exists() and not path.is_file():
        # A device or a folder of that name is somebody's: taking its place would be worse than refusing.
        raise InvalidError(f"{path} is there and is no ordinary file: name another")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with unfinished.open("xb") as handle:
            yield handle
            sync_file(handle)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
