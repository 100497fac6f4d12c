"""Recognise pictures by their first bytes and read their size: PNG, JPEG, GIF and WebP, and nothing that can act."""

from collections.abc import Mapping

from bodega.api.errors import HttpError

CONTENT_TYPES: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}
HEAD_BYTES = 262_144
"""How much of a picture is looked at for its size: a JPEG may carry a large preview before it."""

_LARGEST = 20_000
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def recognise(head: bytes) -> str | None:
    """Return the suffix of the kind of picture that begins with these bytes (12 are enough), or None.

    Sources: PNG 3rd edition 5.2, ITU T.81 B.1.1, GIF89a 17, RFC 9649 2.4.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return None


def require(head: bytes, suffix: str) -> None:
    """Refuse what does not begin as a picture of its kind does."""
    if recognise(head) != suffix:
        raise HttpError(
            415, "not_this_picture", f"the bytes are not a {suffix.upper()} picture; PNG, JPEG, GIF and WebP are taken"
        )


def dimensions(head: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, None where they cannot be told or are absurd."""
    try:
        size = _READERS[recognise(head) or ""](head)
    except (KeyError, IndexError):
        return None
    if size is None or not (1 <= size[0] <= _LARGEST and 1 <= size[1] <= _LARGEST):
        return None
    return size


def _png(head: bytes) -> tuple[int, int] | None:
    return (_big(head, 16, 4), _big(head, 20, 4)) if head[12:16] == b"IHDR" else None


def _gif(head: bytes) -> tuple[int, int] | None:
    return _little(head, 6, 2), _little(head, 8, 2)


def _jpg(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:  # noqa: PLR2004
        marker = head[at + 1]
        if marker in _START_OF_FRAME:
            return _big(head, at + 7, 2), _big(head, at + 5, 2)
        # A marker without contents is two bytes long; any other says its length, which counts itself.
        at += 2 if marker in _STANDALONE else 2 + max(2, _big(head, at + 2, 2))
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return _little(head, 24, 3) + 1, _little(head, 27, 3) + 1
    if kind == b"VP8L":
        bits = _little(head, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return _little(head, 26, 2) & 0x3FFF, _little(head, 28, 2) & 0x3FFF
    return None


_READERS = {"png": _png, "jpg": _jpg, "gif": _gif, "webp": _webp}


def _big(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(_part(head, at, size), "big")


def _little(head: bytes, at: int, size: int) -> int:
    return int.from_bytes(_part(head, at, size), "little")


def _part(head: bytes, at: int, size: int) -> bytes:
    if at + size > len(head):
        raise IndexError(at)
    return head[at : at + size]
