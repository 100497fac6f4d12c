"""Say what every model does: learn from interactions and become an item table."""

from abc import ABCMeta, abstractmethod

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.decay import decay
from bodega.recsys.history import HalfLives
from bodega.recsys.interactions import Interactions
from bodega.recsys.serving import ItemTable, Mix, Repeat

# Wider tables rank a little better and are served more slowly; beyond 200 the gain was within the error
# everywhere.
MOST_WIDTH = 200
# Events a user teaches with: customers with more are wholesalers or robots.
MOST_TAUGHT = 500

# What an own item adds in a shop where nobody ever took anything twice: it comes after everything else.
NEVER_AGAIN = -200.0
# Customers of average habits that every item is given, so that two buyers do not make a habit.
PRIOR_BUYERS = 10.0

# The mix of a model that is its table and nothing else.
TABLE_ALONE = Mix(table=1, own=0, own_table=0, own_count=0, own_recency=0, half_lives=HalfLives(table_days=60))


class _AbstractStruct(msgspec.StructMeta, ABCMeta):
    """Let a struct have abstract methods."""


class Model(msgspec.Struct, metaclass=_AbstractStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model before it has learnt: parameters as fields, to be checked, compared and stored as JSON.

    The same interactions, `now` and parameters give the same table. `now` is in the days of the
    interactions; events after it count as happening at it. Without times (`interactions.timed` False)
    every half-life is passed over.
    """

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if isinstance(value, int | float) and not 0 <= value < float("inf"):
                raise InvalidError(f"{field} of {self.name} is {value}; it must be a number >= 0")

    @property
    def name(self) -> str:
        """The model's name on command lines and in stored parameters."""
        return str(self.__struct_config__.tag)

    @abstractmethod
    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn an item table; no events or no items give a silent or empty table, never an error."""


class TableModel(Model, frozen=True, kw_only=True):
    """A model that is a table of neighbours: it can stand alone or be the table of a blend.

    `half_life_days` makes an older purchase teach less; 0 lets all teach alike.
    """

    width: int = 50
    half_life_days: float = 0.0
    popular_half_life_days: float = 28.0

    def fit(self, interactions: Interactions, *, now: float) -> ItemTable:
        """Learn the table, and popularity for strangers and ties."""
        near, says = self.learn(interactions, now=now)
        heard = popularity(interactions, now=now, half_life_days=self.popular_half_life_days)
        habit = never_again(interactions.n_items) if log_rebuying(interactions) is None else None
        mixes: dict[Repeat, Mix] = {"include": TABLE_ALONE, "exclude": TABLE_ALONE}
        return ItemTable.of(near, says, heard, habit=habit, mixes=mixes)

    @abstractmethod
    def learn(
        self,
        interactions: Interactions,
        *,
        now: float,
        heard: Indices | None = None,
    ) -> tuple[Indices, Weights]:
        """Return (n_items, width) neighbours and weights.

        `heard` names the items whose rows will be looked at: a model may leave the others empty.
        """

    def taken(self, interactions: Interactions, *, now: float) -> sparse.csr_array:
        """Return users x items with what each pair teaches: 1, or the decay of its latest event.

        Of users with very many events MOST_TAUGHT teach, the newest, or spread evenly where there are no times: the
        cost of a product grows with their square.
        """
        heard = interactions.lighter(MOST_TAUGHT)
        if not interactions.timed or self.half_life_days <= 0:
            return heard.matrix()
        return heard.matrix(decay(now - heard.time, self.half_life_days))

    def room(self, n_items: int) -> tuple[Indices, Weights]:
        """Return empty neighbours and weights of the right size."""
        width = max(1, min(self.width, MOST_WIDTH, n_items))
        return np.full((n_items, width), -1, dtype=np.int32), np.zeros((n_items, width), dtype=np.float32)


class Popularities:
    """Count the customers who took each item, for one half-life after another; events are walked through once.

    A customer counts once an item, with the weight of the latest purchase, so that no bulk buyer can push
    one.

    >>> bought = Interactions.of([0, 0, 1], [0, 0, 1], time=[0, 28, 0], quantity=[999, 1, 1])
    >>> Popularities(bought, now=28.0)(28.0)
    array([1. , 0.5], dtype=float32)
    """

    def __init__(self, interactions: Interactions, *, now: float) -> None:
        self._n_items = interactions.n_items
        # The latest event of a pair is the one that is least long ago.
        latest = interactions.matrix((interactions.time - now).astype(np.float32) if interactions.timed else None)
        self._items = latest.indices
        self._ages = -latest.data if interactions.timed else None
        self._customers: Weights = np.bincount(self._items, minlength=self._n_items).astype(np.float32)

    def __call__(self, half_life_days: float) -> Weights:
        """Return (n_items,) float32: the decayed number of customers; without times, or with 0, all count as one."""
        if self._ages is None or half_life_days <= 0:
            return self._customers
        return np.bincount(self._items, decay(self._ages, half_life_days), self._n_items).astype(np.float32)


def popularity(interactions: Interactions, *, now: float, half_life_days: float) -> Weights:
    """Return (n_items,) float32: the decayed number of customers who took each item, as `Popularities` counts."""
    return Popularities(interactions, now=now)(half_life_days)


def log_rebuying(interactions: Interactions) -> Weights | None:
    """Return (n_items,) ln(share of an item's buyers who took it again / share in the shop); None if nobody ever did.

    >>> twice = Interactions.of([0, 0, 1], [0, 0, 1], time=[0, 1, 0])
    >>> log_rebuying(twice).round(2)
    array([ 0.09, -0.1 ], dtype=float32)
    """
    taken = interactions.matrix(np.ones(len(interactions), np.float32), reduce="sum")
    buyers = np.bincount(taken.indices, minlength=interactions.n_items)
    again = np.bincount(taken.indices, taken.data > 1, interactions.n_items)
    return rebuying_of(buyers, again)


def rebuying_of(buyers: NDArray[np.integer], again: NDArray[np.number]) -> Weights | None:
    """Return `log_rebuying` from (n_items,) counts: customers who took an item, and who took it more than once."""
    if not again.sum():
        return None
    usual = again.sum() / buyers.sum()
    rates = (again + usual * PRIOR_BUYERS) / (buyers + PRIOR_BUYERS)
    logs: Weights = np.log(rates / usual).astype(np.float32)
    return logs


def never_again(n_items: int) -> Weights:
    """Return (n_items,) the habit of a shop where nobody ever took anything twice."""
    return np.full(n_items, NEVER_AGAIN, dtype=np.float32)
