"""Say how each item sells: to how many customers, how often to the same one, whether to ever more, and how much."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.rhythm import usual_gaps
from bodega.recsys.trends import trends

# Best sellers are counted over so many days.
SELLING_DAYS = 90.0


class Demand(NamedTuple):
    """What a shop shows of items beside lists, an entry an item.

    Shape: all (n_items,): `buyers` int32, customers who ever took it; `gaps` float32, the days that customers usually
    leave between two purchases; `trend` float32, as `trends` has it; `units` int64, sold in the last SELLING_DAYS.
    """

    buyers: Indices
    gaps: Weights
    trend: Weights
    units: NDArray[np.int64]

    @classmethod
    def of(cls, interactions: Interactions, *, now: float) -> Self:
        """Count the events that this machine holds."""
        recent = interactions.time >= now - SELLING_DAYS
        size = interactions.n_items
        units = np.bincount(interactions.item[recent], interactions.quantity[recent], minlength=size)
        return cls(
            np.bincount(interactions.matrix().indices, minlength=size).astype(np.int32),
            usual_gaps(interactions.user, interactions.item, interactions.time, size),
            trends(interactions, now=now),
            units.astype(np.int64),
        )

    @classmethod
    def fault_in(cls, arrays: Mapping[str, NDArray[Any]], n_items: int) -> str:
        """Say what is wrong with arrays that should be a demand's fields; nothing when they are sound."""
        kinds = {"buyers": np.int32, "gaps": np.float32, "trend": np.float32, "units": np.int64}
        for name, kind in kinds.items():
            array = arrays.get(name)
            if array is None or array.dtype != kind or array.shape != (n_items,):
                return f"{name} is missing, or not {n_items} of {np.dtype(kind)}"
            if not np.isfinite(array).all():
                return f"{name} has a number that is NaN or infinite"
            if name != "trend" and array.size and array.min() < 0:
                return f"{name} has a negative number"
        return ""
