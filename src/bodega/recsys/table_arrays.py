"""Say what the arrays of an item table must look like, so that a damaged or foreign one is refused before it serves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Name, type and dimensions of each array.
ARRAYS: Mapping[str, tuple[type, int]] = {
    "neighbours": (np.int32, 2),
    "weights": (np.float32, 2),
    "popularity": (np.float32, 2),
    "popular_order": (np.int32, 2),
    "habit": (np.float32, 1),
}


def fault_in(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Say what is wrong with the arrays of a table; nothing when they are sound. Looks at every value once."""
    return _wrong_type(arrays) or _wrong_shape(arrays) or _wrong_value(arrays)


def _wrong_type(arrays: Mapping[str, NDArray[Any]]) -> str:
    for name, (kind, dimensions) in ARRAYS.items():
        if name not in arrays:
            return f"{name} is missing"
        if arrays[name].dtype != kind or arrays[name].ndim != dimensions:
            return f"{name} is {arrays[name].dtype} with {arrays[name].ndim} dimensions"
    return ""


def _wrong_shape(arrays: Mapping[str, NDArray[Any]]) -> str:
    n_items, width = arrays["habit"].size, arrays["neighbours"].shape[1]
    shapes = {"neighbours": (n_items, width), "weights": (n_items, width)}
    shapes |= {"popularity": (3, n_items), "popular_order": (3, n_items)}
    wrong = [name for name, shape in shapes.items() if arrays[name].shape != shape]
    return f"{wrong[0]} has shape {arrays[wrong[0]].shape}, not {shapes[wrong[0]]}" if wrong else ""


def _wrong_value(arrays: Mapping[str, NDArray[Any]]) -> str:
    n_items, near = arrays["habit"].size, arrays["neighbours"]
    if near.size and not -1 <= int(near.min()) <= int(near.max()) < n_items:
        return "a neighbour is out of range"
    if not np.array_equal(np.sort(arrays["popular_order"], axis=1), np.tile(np.arange(n_items), (3, 1))):
        return "popular_order is no order of the items"
    if not all(np.isfinite(arrays[name]).all() for name in ("weights", "popularity", "habit")):
        return "a number is NaN or infinite"
    return ""
