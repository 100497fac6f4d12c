"""Choose what the shop trains from now on, and read what was chosen from a version. Imports the training side."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bodega.domain.recommendations.artifacts import LoadedModel
from bodega.domain.recommendations.evidence import CHOSEN, LEARNT, Judgement
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.base import Model
from bodega.recsys.models.blend import Blend
from bodega.recsys.training import TrainSettings
from bodega.recsys.tune import Tuned, blends, default_blend, tune

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
    served = _blend(current, LEARNT) or _blend(current, CHOSEN)
    others = [blend for blend in blends(interactions) if served is None or blend != served]
    start: list[Model] = [*([served] if served is not None else []), *others]
    tuned = tune(interactions, now=now, seconds_left=seconds_left, start=start, k=_K, seed=_SEED)
    model = tuned.model if isinstance(tuned.model, Blend) else None
    name = f"blend of {model.table.name}" if model is not None else tuned.model.name
    judged = _judged(tuned, served=served is not None)
    return Choice(TrainSettings(model=model), name, len(tuned.trials), judged, msgspec.to_builtins(tuned.model))


def settings_of(interactions: Interactions, current: LoadedModel | None, *, now: float) -> TrainSettings | None:
    """Return how to train without tuning: as was chosen, or by default; but as what is in service if that does better.

    None is the default. What is in service is tried only where it is learnt otherwise: it came from elsewhere, or from
    another version of the shop, or the catalogue outgrew it.
    """
    kept, served = _blend(current, CHOSEN), _blend(current, LEARNT)
    wanted = kept or default_blend(interactions)
    if served is not None and served != wanted and _outdoes(served, wanted, interactions, now=now):
        return TrainSettings(model=served)
    return TrainSettings(model=kept) if kept is not None else None


def _outdoes(served: Blend, wanted: Blend, interactions: Interactions, *, now: float) -> bool:
    both: list[Model] = [wanted, served]
    # There is time for both: no trial is said to have taken any.
    tuned = tune(interactions, now=now, seconds_left=lambda: 1.0, start=both, k=_K, seed=_SEED, vary=False)
    reached = [trial.ndcg for trial in tuned.trials if isinstance(trial.model, Blend)]
    return bool(reached) and reached[1] > reached[0]


def _judged(tuned: Tuned, *, served: bool) -> Judgement | None:
    """Return what the best blend reached; popularity was tried first, then what is in service, if anything is."""
    reached = [trial.ndcg for trial in tuned.trials if isinstance(trial.model, Blend)]
    if not reached:
        return None
    return Judgement(
        customers=tuned.customers,
        k=_K,
        ndcg=tuned.ndcg if isinstance(tuned.model, Blend) else max(reached),
        popularity_ndcg=tuned.popularity_ndcg,
        served_ndcg=reached[0] if served else None,
    )


def _blend(current: LoadedModel | None, fact: str) -> Blend | None:
    """Return the blend that a version's facts tell of; None as well for parameters of another version of the shop.

    Its weights are those that learning starts from: learnt ones are no better start, and would drift from day to day.
    """
    facts = current.manifest.facts.get(fact) if current is not None else None
    try:
        blend = msgspec.convert(facts, Blend) if facts else None
    except (msgspec.ValidationError, ValueError):
        return None
    return blend and Blend(table=blend.table, popular_half_life_days=blend.popular_half_life_days)
