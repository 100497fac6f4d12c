"""Train what the shop serves: the blend, a table of what is bought together, and the facts about both."""

from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.errors import InvalidError
from bodega.recsys.interactions import Interactions
from bodega.recsys.judging import Worth, judge
from bodega.recsys.learn import Lesson, taught
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.serving import ItemTable, Mix, Repeat
from bodega.recsys.tune import default_blend

# What the arrays mean; a reader refuses any other number rather than misread them.
FORMAT = 1


class TrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to train: without `model` the catalogue's size decides; `learn_weights` learns its weights."""

    model: Blend | None = None
    learn_weights: bool = True
    together_width: int = 50
    seed: int = 0


class Metadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The facts that travel with the arrays, as JSON."""

    format: int
    model: Blend
    n_users: int
    n_items: int
    n_events: int
    trained_at_days: float
    seed: int


class TrainedModel(msgspec.Struct, frozen=True):
    """What training hands over: `recommender` for lists, `together` for what shares a basket, and facts."""

    recommender: ItemTable
    together: ItemTable
    metadata: Metadata

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array by name, to be saved as one .npy file each; `metadata` is JSON beside them."""
        arrays = self.recommender.to_arrays()
        arrays["together_neighbours"] = self.together.neighbours
        arrays["together_weights"] = self.together.weights
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], metadata: bytes) -> Self:
        """Read back `to_arrays` and the metadata's JSON; raises InvalidError for anything else."""
        try:
            facts = msgspec.json.decode(metadata, type=Metadata)
        except msgspec.MsgspecError as exc:
            raise InvalidError(f"this is no metadata of a recommender: {exc}") from None
        if facts.format != FORMAT:
            raise InvalidError(f"this recommender has format {facts.format}; this version reads {FORMAT}")
        mixes: dict[Repeat, Mix] = {"include": facts.model.include, "exclude": facts.model.exclude}
        recommender = ItemTable.from_arrays(arrays, mixes)
        if recommender.n_items != facts.n_items:
            raise InvalidError(f"the arrays have {recommender.n_items} items, the metadata {facts.n_items}")
        together = dict(recommender.to_arrays())
        for name in ("neighbours", "weights"):
            if f"together_{name}" not in arrays:
                raise InvalidError(f"these arrays are no recommender: together_{name} is missing")
            together[name] = arrays[f"together_{name}"]
        return cls(recommender, ItemTable.from_arrays(together, mixes), facts)


def together_model(settings: TrainSettings) -> CoPurchase:
    """Return the model of what shares a basket, which learns from orders as if each were a customer."""
    return CoPurchase(speaker=0.5, listener=0.5, customer=0.5, width=settings.together_width)


def train(interactions: Interactions, *, now: float, settings: TrainSettings | None = None) -> TrainedModel:
    """Learn what the shop serves from its orders; an empty shop gets a model that is empty and valid.

    `now` is in the days of the interactions. The same input gives the same arrays.
    """
    wanted = settings or TrainSettings()
    model, lesson = _prepared(wanted, interactions, now=now)
    return _trained(taught(*lesson) if lesson is not None else model, wanted, interactions, now=now)


def train_and_judge(
    interactions: Interactions, *, now: float, settings: TrainSettings | None = None
) -> tuple[TrainedModel, Worth | None]:
    """Learn what `train` learns, and let customers of the last weeks say what it is worth; None if they are too few."""
    wanted = settings or TrainSettings()
    model, lesson = _prepared(wanted, interactions, now=now)
    if lesson is None:
        return _trained(model, wanted, interactions, now=now), None
    return _trained(taught(*lesson), wanted, interactions, now=now), judge(*lesson)


def _prepared(wanted: TrainSettings, interactions: Interactions, *, now: float) -> tuple[Blend, Lesson | None]:
    """Return the blend to train, and what it can learn its weights from, if it is to and there is enough."""
    if not np.isfinite(now):
        raise InvalidError("now is not a number of days")
    model = wanted.model or default_blend(interactions)
    if not wanted.learn_weights:
        return model, None
    return model, Lesson.prepared(model, interactions, now=now, seed=wanted.seed)


def _trained(model: Blend, wanted: TrainSettings, interactions: Interactions, *, now: float) -> TrainedModel:
    together = together_model(wanted)
    facts = Metadata(
        format=FORMAT,
        model=model,
        n_users=interactions.n_users,
        n_items=interactions.n_items,
        n_events=len(interactions),
        trained_at_days=now,
        seed=wanted.seed,
    )
    return TrainedModel(model.fit(interactions, now=now), together.fit(interactions.by_order(), now=now), facts)
