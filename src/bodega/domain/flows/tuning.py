"""Choose what the shop trains from now on, and read what was chosen from a version. Imports the training side."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bodega.domain.recommendations.artifacts import LoadedModel
from bodega.domain.recommendations.evidence import CHOSEN, Judgement
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model
from bodega.recsys.models.blend import Blend
from bodega.recsys.training import TrainSettings
from bodega.recsys.tune import blends, tune

_K = 20
_SEED = 0


class Choice(msgspec.Struct, frozen=True):
    """What was chosen, with weights still to be learnt from all data; `judged` is None for want of customers."""

    settings: TrainSettings
    name: str
    trials: int
    judged: Judgement | None
    kept: Mapping[str, Any]


def chosen(
    interactions: Interactions, current: LoadedModel | None, *, now: float, seconds_left: Callable[[], float]
) -> Choice:
    """Try the model in service, blends of every table that fits, and what is near the best of them."""
    served = _kept(current)
    start: list[Model] = [*([served] if served else []), *blends(interactions)]
    tuned = tune(interactions, now=now, seconds_left=seconds_left, start=start, k=_K, seed=_SEED)
    model = tuned.model if isinstance(tuned.model, Blend) else None
    judged = None
    if tuned.trials:
        reached = max(trial.ndcg for trial in tuned.trials if isinstance(trial.model, Blend))
        judged = Judgement(customers=tuned.customers, k=_K, ndcg=reached, popularity_ndcg=tuned.popularity_ndcg)
    name = f"blend of {model.table.name}" if model is not None else tuned.model.name
    return Choice(TrainSettings(model=model), name, len(tuned.trials), judged, msgspec.to_builtins(tuned.model))


def kept_settings(current: LoadedModel | None) -> TrainSettings | None:
    """Return how the version in service was chosen to be trained; None where nobody chose."""
    model = _kept(current)
    return TrainSettings(model=model) if model is not None else None


def _kept(current: LoadedModel | None) -> Blend | None:
    """Return what tuning chose; None as well for parameters of another version of the shop."""
    facts = current.manifest.facts.get(CHOSEN) if current is not None else None
    try:
        return msgspec.convert(facts, Blend) if facts else None
    except (msgspec.ValidationError, ValueError):
        return None
