"""JSON Merge Patch (RFC 7396) on plain Python values."""

from collections.abc import Collection, Mapping
from typing import Any

from bodega.errors import Fault, InvalidError

MAX_DEPTH = 100
"""Levels of objects in objects: far above any document of ours, far below what the interpreter can follow."""


def merge_patch(target: Any, patch: Any, *, _depth: int = 0) -> Any:
    """Return the target changed by the patch; neither is modified. Source: RFC 7396, section 2.

    InvalidError for a patch deeper than MAX_DEPTH.

    >>> merge_patch({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": 3}})
    {'b': {'c': 2, 'd': 3}}
    """
    if not isinstance(patch, dict):
        return patch
    if _depth > MAX_DEPTH:
        raise InvalidError(f"a patch nests at most {MAX_DEPTH} deep")
    merged = dict(target) if isinstance(target, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), change, _depth=_depth + 1)
    return merged


def settable(document: Mapping[str, Any], current: Mapping[str, Any], read_only: Collection[str]) -> dict[str, Any]:
    """Return a document without the fields that its sender cannot set, so that what was read can be sent back.

    InvalidError for one of them that differs from what it is now.

    >>> settable({"id": "a", "name": "b"}, {"id": "a", "name": "c"}, {"id"})
    {'name': 'b'}
    """
    for name in read_only:
        if name in document and document[name] != current[name]:
            detail = f"{name} is {current[name]!r} and cannot be set"
            raise InvalidError(detail, [Fault(f"/{name}", "read_only", detail)])
    return {name: value for name, value in document.items() if name not in read_only}
