"""Ask for objects: bytes under a key, in S3's shape."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from bodega.errors import ConflictError, InvalidError

MAX_KEY_BYTES = 1024

UNKNOWN_CONTENT_TYPE = "application/octet-stream"
CONTENT_TYPES = {
    "avif": "image/avif",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "gif": "image/gif",
    "gz": "application/gzip",
    "html": "text/html; charset=utf-8",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown; charset=utf-8",
    "npz": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "webp": "image/webp",
    "zip": "application/zip",
}
"""What each suffix of a key means, for every adapter: a type that only one of them remembers helps nobody."""


class ObjectInfo(msgspec.Struct, frozen=True):
    """What is known of an object without reading it; `etag` changes whenever the bytes do."""

    key: str
    size_bytes: int
    etag: str
    modified_at: str
    content_type: str = UNKNOWN_CONTENT_TYPE


class Form(msgspec.Struct, frozen=True):
    """A form for one file: POST these fields as multipart/form-data to `url`, and the file behind them as `file`."""

    url: str
    fields: dict[str, str]


class PreconditionFailedError(ConflictError):
    """The object is not, or no longer, the one the caller expected; nothing was written."""

    code = "precondition_failed"


class ObjectStore(Protocol):
    """Objects under keys such as `media/prod_1/2.svg`. Thread-safe, and safe between processes.

    Keys are 1 to 1024 bytes of printable text in segments joined by `/`; empty, `.` and `..` segments are
    refused with InvalidError. Keys differ if their code points do, whatever the file system thinks of case,
    and `a` and `a/b` may both exist. Reads see the newest completed write. A put is atomic: readers see the
    old bytes or the new.
    """

    def put(
        self,
        key: str,
        data: bytes | Iterable[bytes],
        *,
        if_absent: bool = False,
        if_etag: str | None = None,
        content_type: str | None = None,
    ) -> ObjectInfo:
        """Store bytes (streamed if an iterable), durable before returning.

        `if_absent` writes only where nothing is, `if_etag` only over that version; PreconditionFailedError
        otherwise, InvalidError if both are given. Both are decided atomically when the bytes are complete: of
        many racers one wins. The same bytes put again may get another etag. The content type follows from the
        key's suffix (`CONTENT_TYPES`); a `content_type` that contradicts it is refused with InvalidError. If
        the iterable raises, that is raised and nothing was written.
        """
        ...

    def get(self, key: str) -> bytes:
        """Return the whole object; NotFoundError if there is none."""
        ...

    def stream(self, key: str, *, start: int = 0, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        """Yield the object's bytes from `start` in chunks; NotFoundError at the first step if there is none.

        All chunks are of the version that was current at the first step; behind the end there are none.
        """
        ...

    def find(self, key: str) -> ObjectInfo | None:
        """Return what is known of the object, or None."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield objects whose keys start with the prefix, in order of their UTF-8 bytes; all, however many.

        The prefix may end inside a segment; the empty one lists everything. Objects put or deleted meanwhile
        may be there or not.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object, durably; removing nothing is no error."""
        ...

    def fetch(self, key: str) -> Path:
        """Return a local file with the object's bytes, to be memory-mapped read-only.

        NotFoundError if there is none. It must not be changed, and should be opened at once: a later put or
        delete under the key takes the path away, but never the bytes from whoever has them open.
        """
        ...

    def form(self, key: str, *, max_bytes: int, expires_at: datetime) -> Form | None:
        """Return a form by which whoever holds it may put this object, past the shop, until it expires.

        None where there is no way past the shop, whose own door has to take the file. The store itself holds senders to
        the key, to 1 to `max_bytes` bytes and to the time, and to nothing else: what arrived is to be looked at. The
        form may be sent more than once, and the last file stays.
        """
        ...

    def link(self, key: str, *, lifetime: timedelta) -> str | None:
        """Return an address (URL) by which whoever holds it may read this object, past the shop, for so long.

        None where there is no way past the shop. Nothing is looked up: what is not there is not found by whoever reads.
        """
        ...

    def location(self, prefix: str) -> str:
        """Return where programs beside the shop find objects whose keys start with a prefix that ends in `/`.

        `s3://bucket/prefix/`, or `file:///folder/` where the files are; InvalidError for another prefix.
        """
        ...


def check_key(key: str) -> None:
    """Raise InvalidError unless the key keeps the rules that every store shares."""
    if not key.isprintable():
        raise InvalidError("an object key must not contain control characters or broken Unicode")
    if not 1 <= len(key.encode()) <= MAX_KEY_BYTES:
        raise InvalidError(f"an object key has 1 to {MAX_KEY_BYTES} bytes")
    if any(segment in {"", ".", ".."} for segment in key.split("/")):
        raise InvalidError(f"an object key has no empty, '.' or '..' segment, as {key[:80]!r} has")


def check_folder(prefix: str) -> None:
    """Raise InvalidError unless the prefix is some whole segments, each with a slash behind it."""
    if not prefix.endswith("/"):
        raise InvalidError(f"{prefix[:80]!r} does not end in a slash")
    check_key(prefix[:-1])


def content_type_of(key: str) -> str:
    """Return the content type that the key's suffix means, `application/octet-stream` for an unknown one."""
    _, dot, suffix = key.rpartition("/")[2].rpartition(".")
    return CONTENT_TYPES.get(suffix.lower(), UNKNOWN_CONTENT_TYPE) if dot else UNKNOWN_CONTENT_TYPE


def check_content_type(key: str, content_type: str | None) -> None:
    """Raise InvalidError for a content type that contradicts the key's suffix."""
    if content_type is None:
        return
    meant = content_type_of(key)
    if content_type.partition(";")[0].strip().lower() != meant.partition(";")[0]:
        raise InvalidError(f"{key[:80]!r} is {meant} by its suffix, not {content_type[:80]!r}")
