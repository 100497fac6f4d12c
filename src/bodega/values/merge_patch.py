"""JSON Merge Patch (RFC 7396) on plain Python values."""

from typing import Any


def merge_patch(target: Any, patch: Any) -> Any:
    """Return the target changed by the patch; neither is modified. Source: RFC 7396, section 2.

    >>> merge_patch({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": 3}})
    {'b': {'c': 2, 'd': 3}}
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), change)
    return merged
