"""Decide by entity tags (RFC 9110, section 13): what a reader already has, and what a writer decided on."""

from collections.abc import Callable

from bodega.api.call import Call
from bodega.api.errors import HttpError
from bodega.errors import StaleVersionError

_MAX_TAGS = 20


def not_modified(if_none_match: str, etag: str) -> bool:
    """Tell whether the reader already has the representation with this tag; weak comparison, as the standard asks."""
    if if_none_match in {etag, "*"}:
        return True
    return etag in (tag.removeprefix("W/") for tag in _tags(if_none_match))


def expected_version(call: Call, current: Callable[[], int], *, must_exist: bool = True) -> int | None:
    """Return the version that If-Match names, None for `*`; 428 without one.

    `current` is only asked where several tags are given or none can be a version: 412 unless it is among them; and for
    `*`, which means that there must be something, unless `must_exist` is False because the change finds out by itself.
    """
    sent = call.header(b"if-match")
    if sent is None:
        raise HttpError(
            428, "precondition_required", "send If-Match with the ETag that this change was decided on, or * for any"
        )
    if sent == "*" and not must_exist:
        return None
    return version_in(sent, current)


def version_in(if_match: str, current: Callable[[], int]) -> int | None:
    """Return the version that an If-Match header names."""
    if if_match == "*":
        current()  # `*` means that there must be something: NotFoundError otherwise
        return None
    versions = [_version(tag) for tag in _tags(if_match)]
    if len(versions) == 1 and versions[0] is not None:
        return versions[0]
    now = current()
    if now in versions:
        return now
    raise StaleVersionError("record", "of this address", current=now)


def _tags(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")[:_MAX_TAGS]]


def _version(tag: str) -> int | None:
    digits = tag[1:-1]
    if len(tag) > 2 and tag[0] == tag[-1] == '"' and digits.isascii() and digits.isdigit() and len(digits) <= 18:  # noqa: PLR2004
        return int(digits)
    return None  # weak tags and foreign ones match no version
