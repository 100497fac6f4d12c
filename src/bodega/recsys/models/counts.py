"""Hold what events say of items one by one: popularity at several half-lives, and how readily each is bought again."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from bodega.recsys.arrays import Weights
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Popularities, log_rebuying


class Counts(NamedTuple):
    """All that a model needs to know of events beside its table; however many events there were, it is small.

    Shape: `popularity` (n_items,) float32 for each half-life in days (0: all time); `rebuying` (n_items,) as
    `log_rebuying` has it, None where nobody ever took anything twice.
    """

    popularity: Mapping[float, Weights]
    rebuying: Weights | None

    @classmethod
    def of(cls, interactions: Interactions, *, now: float, half_lives: Iterable[float]) -> Self:
        """Count the events that this machine holds."""
        counted = Popularities(interactions, now=now)
        return cls({days: counted(days) for days in half_lives}, log_rebuying(interactions))
