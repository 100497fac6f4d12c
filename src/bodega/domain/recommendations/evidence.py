"""Say what a model was learnt from and what its lists were worth, and refuse one that is worth less than popularity."""

import msgspec

from bodega.errors import ConflictError, InvalidError

ONE_MACHINE = "one machine"
"""The engine of what the shop learnt by itself."""
CHOSEN = "chosen"
"""The fact of a version in which stand the model and the parameters that tuning chose."""


class DataSize(msgspec.Struct, frozen=True):
    """How much there was to learn from; guests' orders count among the orders, not among the customers."""

    orders: int
    events: int
    customers: int
    products: int


class Judgement(msgspec.Struct, frozen=True):
    """What lists for some customers were worth before all data were learnt from: mean ndcg, beside popularity's."""

    customers: int
    k: int
    ndcg: float
    popularity_ndcg: float

    def __post_init__(self) -> None:
        if not (self.customers > 0 and 0 <= self.ndcg <= 1 and 0 <= self.popularity_ndcg <= 1):
            raise InvalidError("a judgement is of some customers, with two numbers from 0 to 1")


class NotWorthItError(ConflictError):
    """A model's lists are worth less than a list of what is popular, or nobody knows; nothing was published."""

    code = "not_worth_it"


def check_worth(judged: Judgement | None) -> None:
    """Raise NotWorthItError unless somebody judged the model and found it no worse than popularity."""
    if judged is None:
        raise NotWorthItError("nobody knows what this model's lists are worth: too few customers came again to judge")
    if judged.ndcg < judged.popularity_ndcg:
        raise NotWorthItError(
            f"this model's lists are worth less than what is popular: ndcg@{judged.k} {judged.ndcg:.4f}, "
            f"not {judged.popularity_ndcg:.4f}, for {judged.customers} customers"
        )
