"""Carry an answer from a handler to the wire."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

JSON = b"application/json"
encode = msgspec.json.Encoder().encode


class Reply(msgspec.Struct, frozen=True):
    """An answer: either `body` or `chunks`. `etag` is quoted and strong."""

    status: int = 200
    body: bytes = b""
    etag: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = JSON
    chunks: Iterator[bytes] | None = None


def etag_of_version(version: int) -> str:
    """Return the strong entity tag of a record's version."""
    return f'"{version}"'


def etag_of_bytes(body: bytes) -> str:
    """Return the strong entity tag of what has no version of its own: a list, a tree, a document."""
    # Of what is strong enough the quickest where the processor helps, which those of servers do.
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def replied(value: Any, *, status: int = 200, etag: str | None = None, location: str | None = None) -> Reply:
    """Return a JSON answer of a value."""
    headers = ((b"location", location.encode("ascii")),) if location is not None else ()
    return Reply(status, encode(value), etag=etag, headers=headers)


def joined(documents: list[bytes], rest: bytes = b"}") -> bytes:
    """Return `{"data":[…]` of documents that are JSON already, and what follows."""
    return b'{"data":[' + b",".join(documents) + b"]" + rest
