"""Keep objects in S3, or in any server that speaks its API, through obstore.

obstore costs a fraction of boto3's CPU a call: signing and transfer are Rust. It repeats what it may by itself.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from bodega.adapters.aws.forms import SignedForms
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

_PART_BYTES = 8 * 1024 * 1024  # of a multipart upload; S3 takes 10,000 of at least 5 MB
_COPIES_BYTES = 6 * 1024**3  # the largest import and several models
_CONDITIONED_BYTES = 64 * 1024 * 1024  # conditions and parts do not go together, so these are put in one piece


class S3ObjectStore:
    """Objects in a bucket. Thread-safe. `folder` keeps copies that are to be memory-mapped."""

    def __init__(
        self,
        store: S3Store,
        *,
        folder: Path,
        clock: Clock,
        forms: SignedForms | None = None,
        copies_bytes: int = _COPIES_BYTES,
    ) -> None:
        """Take a store of obstore's with its credentials; whoever made it chose bucket, prefix and endpoint.

        `forms` signs forms for the same bucket, where somebody is to be given any. Copies in the folder have
        `copies_bytes` together, but for one that is larger alone.
        """
        self._copies_bytes = copies_bytes
        self._store = store
        self._forms = forms
        self._clock = clock
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(
        self,
        key: str,
        data: bytes | Iterable[bytes],
        *,
        if_absent: bool = False,
        if_etag: str | None = None,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Store bytes; see the port."""
        check_key(key)
        check_content_type(key, content_type)
        if if_absent and if_etag is not None:
            raise InvalidError("if_absent and if_etag cannot both hold")
        conditioned = if_absent or if_etag is not None
        mode: Any = "create" if if_absent else {"e_tag": if_etag} if if_etag is not None else "overwrite"
        whole, rest = _beginning(data, _CONDITIONED_BYTES if conditioned else _PART_BYTES)
        if conditioned and rest is not None:
            raise InvalidError(f"an object that is put under a condition has at most {_CONDITIONED_BYTES} bytes")
        attributes: Any = {"Content-Type": content_type_of(key)}
        try:
            if rest is None:
                made = obstore.put(self._store, key, whole, mode=mode, attributes=attributes, use_multipart=False)
            else:
                parts = chain([whole], rest)
                made = obstore.put(self._store, key, parts, attributes=attributes, chunk_size=_PART_BYTES)
        except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
            if not conditioned:
                _translate(error, key)
            raise PreconditionFailedError(f"object {key[:80]!r} is not, or no longer, the one expected") from error
        except BaseError as error:
            _translate(error, key)
        return self._told(key, str(made["e_tag"]).strip('"'), len(whole))

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        check_key(key)
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, FileNotFoundError) as error:
            _translate(error, key)

    def stream(self, key: str, *, start: int = 0, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        """Yield the object's bytes from `start` in chunks, all of one version."""
        if start < 0 or chunk_bytes < 1:
            raise InvalidError("a stream starts at byte 0 or later, in chunks of at least one byte")
        check_key(key)
        return self._chunks(key, start, chunk_bytes)

    def find(self, key: str) -> ObjectInfo | None:
        """Return what is known of the object, or None."""
        check_key(key)
        try:
            return _info(obstore.head(self._store, key))
        except FileNotFoundError:
            return None
        except BaseError as error:
            _translate(error, key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield objects whose keys start with the prefix, in key order."""
        if prefix:
            check_key(prefix + "x")  # it may end in a slash, or inside a segment
        # obstore lists folders, the port any prefix: what is asked for is the folder, and the rest is left out here.
        folder = prefix.rpartition("/")[0]
        for metas in obstore.list(self._store, f"{folder}/" if folder else None):
            for meta in metas:
                if meta["path"].startswith(prefix):
                    yield _info(meta)

    def delete(self, key: str) -> None:
        """Remove the object; removing nothing is no error."""
        check_key(key)
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            _translate(error, key)

    def form(self, key: str, *, max_bytes: int, expires_at: datetime) -> Form | None:
        """Return a signed form; see the port. None in a process that was given none to sign."""
        check_key(key)
        return self._forms.form(key, max_bytes=max_bytes, expires_at=expires_at) if self._forms is not None else None

    def link(self, key: str, *, lifetime: timedelta) -> str | None:
        """Return a signed address; see the port."""
        check_key(key)
        try:
            return str(obstore.sign(self._store, "GET", key, lifetime))
        except BaseError as error:
            _translate(error, key)

    def location(self, prefix: str) -> str:
        """Return the objects' address in the bucket; see the port."""
        check_folder(prefix)
        return f"s3://{self._store.config['bucket']}/{prefix}"

    def fetch(self, key: str) -> Path:
        """Return a copy of the current version, made once a version."""
        found = self.find(key)
        if found is None:
            raise NotFoundError("object", key)
        name = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        version = hashlib.blake2b(found.etag.encode(), digest_size=8).hexdigest()
        path = self._folder / f"{name}.{version}"
        try:
            os.utime(path)  # which is how it stays longer than what nobody asks for
        except FileNotFoundError:
            self._make_room(found.size_bytes)
            unfinished = self._folder / f"{secrets.token_hex(8)}.unfinished"
            try:
                with unfinished.open("xb") as file:
                    file.writelines(self.stream(key))
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            for other in self._folder.glob(f"{name}.*"):
                if other != path:
                    other.unlink(missing_ok=True)
        return path

    def _make_room(self, size_bytes: int) -> None:
        """Remove copies that were asked for longest ago until another of this size fits within what all may have.

        Whoever has one open goes on reading it. What a killed process had not finished is such a copy, too.
        """
        copies = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                copies.append((path.stat(), path))
        left = sum(status.st_size for status, _ in copies) + size_bytes - self._copies_bytes
        for status, path in sorted(copies, key=lambda copy: copy[0].st_mtime_ns):
            if left <= 0:
                return
            with contextlib.suppress(OSError):  # elsewhere open files cannot be removed
                path.unlink()
                left -= status.st_size

    def _told(self, key: str, etag: str, size_bytes: int) -> ObjectInfo:
        """Return what is known of the version just put, although another may have taken its place already."""
        found = self.find(key)
        if found is not None and found.etag == etag:
            return found
        modified_at = format_time(self._clock.now()) if found is None else found.modified_at
        return ObjectInfo(key, size_bytes, etag, modified_at, content_type_of(key))

    def _chunks(self, key: str, start: int, chunk_bytes: int) -> Iterator[bytes]:
        options: Any = {"range": {"offset": start}} if start else None
        if start:
            found = self.find(key)
            if found is None:
                raise NotFoundError("object", key)
            if start >= found.size_bytes:
                return
            options["if_match"] = f'"{found.etag}"'
        try:
            for chunk in obstore.get(self._store, key, options=options).stream(min_chunk_size=chunk_bytes):
                yield bytes(chunk)
        except (BaseError, FileNotFoundError) as error:
            _translate(error, key)


def _beginning(data: bytes | Iterable[bytes], most_bytes: int) -> tuple[bytes, Iterator[bytes] | None]:
    """Return all bytes, if they are few enough, or the first and an iterator of the rest."""
    if isinstance(data, bytes):
        return data, None
    parts: list[bytes] = []
    size = 0
    rest = iter(data)
    for part in rest:
        parts.append(part)
        size += len(part)
        if size > most_bytes:
            return b"".join(parts), rest
    return b"".join(parts), None


def _info(meta: Any) -> ObjectInfo:
    return ObjectInfo(
        key=meta["path"],
        size_bytes=meta["size"],
        etag=str(meta["e_tag"]).strip('"'),
        modified_at=format_time(meta["last_modified"].replace(microsecond=0)),  # listings know more than heads
        content_type=content_type_of(meta["path"]),
    )


def _translate(error: Exception, key: str) -> NoReturn:
    if isinstance(error, FileNotFoundError):
        if "NoSuchBucket" in str(error):
            raise UnavailableError("the bucket is missing: check the region and the stage, or deploy first") from error
        raise NotFoundError("object", key) from error
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        raise UnavailableError("S3 refused: check the credentials and what they may do with this bucket") from error
    raise UnavailableError(f"S3 cannot be reached or did not answer as it should: {str(error)[:200]}") from error
