"""JSON Merge Patch (RFC 7396) on plain Python values."""

from typing import Any

from bodega.errors import InvalidError

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
