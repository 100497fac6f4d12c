"""Keep objects as plain files: whole or absent, durable, and with one winner of every race."""

import errno
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bodega.adapters.local.object_names import file_path, key_entries
from bodega.adapters.system.files import DurableFolders, exclusive, sync_file, sync_folder
from bodega.errors import InvalidError, NotFoundError, UnavailableError
from bodega.ports.clock import Clock
from bodega.ports.objects import (
    Form,
    ObjectInfo,
    PreconditionFailedError,
    check_content_type,
    check_folder,
    check_key,
    content_type_of,
)
from bodega.values.times import format_time

_STRIPES = 64
_MS = 1_000_000  # nanoseconds
_TICK = 100  # nanoseconds: the coarsest file time of the systems we run on is that of NTFS
_ABANDONED_SECONDS = 24 * 3600
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FileObjectStore:
    """Objects in a folder, one file each, readable with any tool; see docs/decisions/0005 for the names.

    An etag is made of the file's time, size and number. Every write sets the time, always to a later one than
    that of the version it replaces, so etags differ even when two writes share a millisecond.
    """

    def __init__(self, root: Path, *, clock: Clock) -> None:
        self._clock = clock
        if os.name == "nt":
            root = Path("\\\\?\\" + str(root.resolve()))  # lifts Windows' limit of 260 characters
        self._longest_path = 32_000 if os.name == "nt" else os.pathconf("/", "PC_PATH_MAX")
        self._folders = DurableFolders(root)
        self._objects = root / "objects"
        self._unfinished = root / "unfinished"
        self._locks = root / "locks"
        for folder in (self._objects, self._unfinished, self._locks):
            self._folders.make(folder)
        self._sweep_abandoned()

    def put(
        self,
        key: str,
        data: bytes | Iterable[bytes],
        *,
        if_absent: bool = False,
        if_etag: str | None = None,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Store bytes, durable before returning; see the port."""
        check_content_type(key, content_type)
        if if_absent and if_etag is not None:
            raise InvalidError("if_absent and if_etag cannot both hold")
        path = self._path(key)
        unfinished = self._unfinished / secrets.token_hex(16)
        try:
            self._write(unfinished, data)
            with self._locked(key):
                self._check_version(key, if_absent=if_absent, if_etag=if_etag)
                self._publish(unfinished, path)
                return _info(key, path.stat())
        except OSError as exc:
            raise _explained(exc) from exc
        finally:
            unfinished.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NotFoundError("object", key) from None

    def stream(self, key: str, *, start: int = 0, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        """Yield the object's bytes from `start` in chunks, all of one version."""
        if start < 0 or chunk_bytes < 1:
            raise InvalidError("a stream starts at byte 0 or later, in chunks of at least one byte")
        return self._chunks(key, start, chunk_bytes)

    def find(self, key: str) -> ObjectInfo | None:
        """Return what is known of the object, or None."""
        try:
            return _info(key, self._path(key).stat())
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield objects whose keys start with the prefix, in key order."""
        if prefix:
            check_key(prefix + "x")  # it may end in a slash, or inside a segment
        for key, path in key_entries(self._objects, prefix):
            try:
                yield _info(key, path.stat())
            except FileNotFoundError:
                continue  # deleted since its folder was read

    def delete(self, key: str) -> None:
        """Remove the object; its folders stay, because a put may be about to use them."""
        path = self._path(key)
        with self._locked(key):
            try:
                path.unlink()
            except FileNotFoundError:
                return
            sync_folder(path.parent)

    def fetch(self, key: str) -> Path:
        """Return the object's own file."""
        path = self._path(key)
        if not path.exists():
            raise NotFoundError("object", key)
        return path

    def form(self, key: str, *, max_bytes: int, expires_at: datetime) -> Form | None:  # noqa: ARG002 - see below
        """Return None: files have no door but the shop's own; see the port."""
        check_key(key)
        return None

    def link(self, key: str, *, lifetime: timedelta) -> str | None:  # noqa: ARG002 - as above
        """Return None; see the port."""
        check_key(key)
        return None

    def location(self, prefix: str) -> str:
        """Return the folder of the files; see the port. Other programs do not know URIs' escapes for files."""
        check_folder(prefix)
        return f"file://{self._path(f'{prefix}x').resolve().parent.as_posix()}/"

    def _path(self, key: str) -> Path:
        check_key(key)
        path = file_path(self._objects, key)
        if len(os.fsencode(path)) >= self._longest_path:
            raise InvalidError(f"the key {key[:80]!r}… is too long for this file system")
        return path

    def _locked(self, key: str) -> AbstractContextManager[None]:
        return exclusive(self._locks / f"{zlib.crc32(key.encode()) % _STRIPES:02x}")

    def _chunks(self, key: str, start: int, chunk_bytes: int) -> Iterator[bytes]:
        try:
            handle = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFoundError("object", key) from None
        with handle:
            handle.seek(start)
            while chunk := handle.read(chunk_bytes):
                yield chunk

    def _write(self, unfinished: Path, data: bytes | Iterable[bytes]) -> None:
        with unfinished.open("xb") as handle:
            if isinstance(data, bytes):
                handle.write(data)
            else:
                handle.writelines(data)
            handle.flush()
            now_ms = int(self._clock.now().timestamp() * 1000)
            # Chance below the millisecond keeps a deleted and newly made object from looking like the old
            # one.
            _set_time(unfinished, now_ms * _MS + secrets.randbelow(_MS // _TICK) * _TICK)
            sync_file(handle)

    def _check_version(self, key: str, *, if_absent: bool, if_etag: str | None) -> None:
        if not if_absent and if_etag is None:
            return
        current = self.find(key)
        if if_absent and current is not None:
            raise PreconditionFailedError(f"there is already an object {key!r}")
        if if_etag is not None and (current is None or current.etag != if_etag):
            raise PreconditionFailedError(f"object {key!r} is not the version {if_etag!r} any more")

    def _publish(self, unfinished: Path, path: Path) -> None:
        self._folders.make(path.parent)
        try:
            replaced_ns = path.stat().st_mtime_ns
        except FileNotFoundError:
            replaced_ns = 0
        if unfinished.stat().st_mtime_ns <= replaced_ns:
            _set_time(unfinished, replaced_ns + _TICK)
        unfinished.replace(path)
        sync_folder(path.parent)

    def _sweep_abandoned(self) -> None:
        """Remove what killed writers left; a day is far longer than any put takes."""
        oldest = self._clock.now().timestamp() - _ABANDONED_SECONDS
        for path in self._unfinished.iterdir():
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue  # another process swept it first


def _explained(exc: OSError) -> Exception:
    if exc.errno in _NO_ROOM:
        return UnavailableError("there is no room left on the disk of the object store", retry_after_seconds=60)
    if os.name == "nt" and isinstance(exc, PermissionError):
        return UnavailableError("another program has the object open, and Windows does not replace such files")
    return exc


def _set_time(path: Path, moment_ns: int) -> None:
    os.utime(path, ns=(moment_ns, moment_ns))


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size_bytes=status.st_size,
        etag=f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}",
        modified_at=format_time(datetime.fromtimestamp(status.st_mtime_ns // _MS / 1000, UTC)),
        content_type=content_type_of(key),
    )
