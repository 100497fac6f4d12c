"""Say what every model does: learn from interactions and become an item table."""

from abc import ABCMeta, abstractmethod

import msgspec

from bodega.errors import InvalidError
from bodega.recsys.interactions import Interactions
from bodega.recsys.serving import ItemTable

# Wider tables rank a little better and are served more slowly; beyond 200 the gain was within the error
# everywhere.
MOST_WIDTH = 200


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
