"""Say what a model was learnt from and what its lists were worth, and refuse one that is worth less than others."""

import msgspec

from bodega.errors import ConflictError, InvalidError

ONE_MACHINE = "one machine"
"""The engine of what the shop learnt by itself."""
CHOSEN = "chosen"
"""The fact of a version in which stand the model and the parameters that tuning chose."""


LEARNT = "learnt"
"""The fact of a version in which stands the blend that it was trained as, with the weights that were learnt."""


class DataSize(msgspec.Struct, frozen=True):
    """How much there was to learn from; guests' orders count among the orders, not among the customers."""

    orders: int
    events: int
    customers: int
    products: int


class Judgement(msgspec.Struct, frozen=True):
    """What lists for some customers were worth before all data were learnt from: mean ndcg, beside popularity's.

    `served_ndcg` is what the lists of the model in service were worth to them, trained on the same data; None if that
    is the same model, or if nobody asked.
    """

    customers: int
    k: int
    ndcg: float
    popularity_ndcg: float
    served_ndcg: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.ndcg, self.popularity_ndcg, self.served_ndcg or 0.0)
        if not (self.customers > 0 and all(0 <= number <= 1 for number in numbers)):
            raise InvalidError("a judgement is of some customers, with numbers from 0 to 1")


class NotWorthItError(ConflictError):
    """A model's lists are worth less than what is popular or in service, or nobody knows; nothing was published."""

    code = "not_worth_it"


def check_worth(judged: Judgement | None) -> None:
    """Raise NotWorthItError unless somebody judged the model and found it no worse than popularity or what serves."""
    if judged is None:
        raise NotWorthItError("nobody knows what this model's lists are worth: too few customers came again to judge")
    rivals = {"what is popular": judged.popularity_ndcg, "those of the model in service": judged.served_ndcg}
    for rival, ndcg in rivals.items():
        if ndcg is not None and judged.ndcg < ndcg:
            raise NotWorthItError(
                f"this model's lists are worth less than {rival}: ndcg@{judged.k} {judged.ndcg:.4f}, "
                f"not {ndcg:.4f}, for {judged.customers} customers"
            )
