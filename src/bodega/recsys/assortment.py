"""Hold what is known of items beside their sales, as arrays: where they stand, what they cost, what they resemble."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Mask, Weights
from bodega.recsys.sketches import BUCKETS, DIMENSIONS, Sketches

# Name, type and dimensions of each array.
ARRAYS: Mapping[str, tuple[type, int]] = {
    "on_show": (np.bool_, 1),
    "prices": (np.int64, 1),
    "buyers": (np.int32, 1),
    "aisles": (np.int32, 1),
    "category_starts": (np.int64, 1),
    "category_of": (np.int32, 1),
    "twins": (np.int32, 1),
    "gaps": (np.float32, 1),
    "trend": (np.float32, 1),
    "trend_order": (np.int32, 1),
    "sketches": (np.int8, 2),
    "rarity": (np.float32, 1),
    "alike": (np.int32, 2),
    "alike_says": (np.float32, 2),
}
_MASKS_KEPT = 256


class Assortment:
    """What a model's items are: immutable, shared by threads, its arrays perhaps memory-mapped.

    Shape, n items: `on_show` (n,) whether it could be bought when this was made; `prices` (n,) minor units, -1 for
    none; `buyers` (n,) customers who ever took it; `aisles` (n,) its first category, -1 for none; the categories of
    item i, ancestors included, are `category_of[category_starts[i]:category_starts[i + 1]]`; `twins` (n,) equal for
    items that are nearly the same; `gaps` (n,) days that customers leave between two purchases, 0 for unknown; `trend`
    (n,) and its order, see `trends`; `sketches` (n, DIMENSIONS) and `rarity` (BUCKETS,), see `sketches`; `alike` (n,
    width) and `alike_says` the items that read most alike, best first, -1 and 0 where there are fewer.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.on_show: Mask = arrays["on_show"]
        self.prices: NDArray[np.int64] = arrays["prices"]
        self.buyers: Indices = arrays["buyers"]
        self.aisles: Indices = arrays["aisles"]
        self.category_starts: NDArray[np.int64] = arrays["category_starts"]
        self.category_of: Indices = arrays["category_of"]
        self.twins: Indices = arrays["twins"]
        self.gaps: Weights = arrays["gaps"]
        self.trend: Weights = arrays["trend"]
        self.trend_order: Indices = arrays["trend_order"]
        self.sketches: Sketches = arrays["sketches"]
        self.rarity: Weights = arrays["rarity"]
        self.alike: Indices = arrays["alike"]
        self.alike_says: Weights = arrays["alike_says"]
        self.n_items = int(self.prices.size)
        self._masks: dict[int, Mask] = {}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, n_items: int, n_categories: int) -> Self:
        """Build from `to_arrays`, memory-mapped or not; InvalidError for any other arrays.

        Every value is looked at once, so that serving need not check.
        """
        fault = _wrong_type(arrays) or _wrong_shape(arrays, n_items) or _wrong_value(arrays, n_items, n_categories)
        if fault:
            raise InvalidError(f"these arrays are no assortment: {fault}")
        return cls(arrays)

    @classmethod
    def empty(cls) -> Self:
        """Return the assortment of a shop that has nothing."""
        arrays: dict[str, NDArray[Any]] = {
            name: np.zeros((0, 1) if dimensions > 1 else 0, dtype=kind) for name, (kind, dimensions) in ARRAYS.items()
        }
        arrays |= {"category_starts": np.zeros(1, dtype=np.int64), "rarity": np.ones(BUCKETS, dtype=np.float32)}
        arrays["sketches"] = np.zeros((0, DIMENSIONS), dtype=np.int8)
        return cls.from_arrays(arrays, n_items=0, n_categories=0)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, each to be saved as one .npy file."""
        return {name: getattr(self, name) for name in ARRAYS}

    def in_category(self, category: int) -> Mask:
        """Return (n_items,) which items stand in a category or beneath it; kept, because filters repeat."""
        mask = self._masks.get(category)
        if mask is None:
            mask = np.zeros(self.n_items, dtype=np.bool_)
            at = np.flatnonzero(self.category_of == category)
            mask[np.searchsorted(self.category_starts, at, side="right") - 1] = True
            if len(self._masks) >= _MASKS_KEPT:
                self._masks.clear()
            self._masks[category] = mask
        return mask

    def priced(self, low: int | None, high: int | None) -> Mask:
        """Return (n_items,) which items have a price within bounds, both inclusive, in minor units; None is open."""
        mask: Mask = self.prices >= max(low or 0, 0)
        return mask if high is None else mask & (self.prices <= high)


def _wrong_type(arrays: Mapping[str, NDArray[Any]]) -> str:
    for name, (kind, dimensions) in ARRAYS.items():
        if name not in arrays:
            return f"{name} is missing"
        if arrays[name].dtype != kind or arrays[name].ndim != dimensions:
            return f"{name} is {arrays[name].dtype} with {arrays[name].ndim} dimensions"
    return ""


def _wrong_shape(arrays: Mapping[str, NDArray[Any]], n: int) -> str:
    width = arrays["alike"].shape[1]
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(
        ("on_show", "prices", "buyers", "aisles", "twins", "gaps", "trend", "trend_order"), (n,)
    )
    shapes |= {"category_starts": (n + 1,), "rarity": (BUCKETS,), "sketches": (n, DIMENSIONS)}
    shapes |= {"alike": (n, width), "alike_says": (n, width)}
    wrong = [name for name, shape in shapes.items() if arrays[name].shape != shape]
    return f"{wrong[0]} has shape {arrays[wrong[0]].shape}, not {shapes[wrong[0]]}" if wrong else ""


def _wrong_value(arrays: Mapping[str, NDArray[Any]], n: int, n_categories: int) -> str:
    starts, of = arrays["category_starts"], arrays["category_of"]
    if starts[0] != 0 or starts[-1] != of.size or (np.diff(starts) < 0).any():
        return "category_starts are no offsets"
    for name, low, high in (
        ("category_of", 0, n_categories),
        ("aisles", -1, n_categories),
        ("alike", -1, n),
        ("twins", 0, n),
    ):
        values = arrays[name]
        if values.size and not low <= int(values.min()) <= int(values.max()) < high:
            return f"{name} is out of range"
    if not np.array_equal(np.sort(arrays["trend_order"]), np.arange(n)):
        return "trend_order is no order of the items"
    if not all(np.isfinite(arrays[name]).all() for name in ("gaps", "trend", "rarity", "alike_says")):
        return "a number is NaN or infinite"
    return ""
