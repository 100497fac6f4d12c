"""Choose a model and its parameters by a split inside the training data, within a time budget."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Indices
from bodega.recsys.interactions import Interactions
from bodega.recsys.judging import judged, judges_of, mean_of, taught_by_half
from bodega.recsys.learn import FEWEST_ASKED, Split
from bodega.recsys.models.als import Als
from bodega.recsys.models.base import MOST_WIDTH, Model, TableModel
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.counts import Counts
from bodega.recsys.models.ease import Ease
from bodega.recsys.models.personal import Personal
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.models.spectral import Spectral
from bodega.recsys.serving import Repeat

# Above this many items the closed form's square matrices no longer fit a small machine.
MOST_DENSE_ITEMS = 8_000
# Wider tables of co-purchase made no better lists, and a served model of 100,000 items is to fit into 150 MB.
LARGE_WIDTH = 64
# On real sales and likes a power above 1 made better lists than none, or as good ones: what is said by few is noise.
LARGE = CoPurchase(width=LARGE_WIDTH, power=1.4)
# In a large catalogue so many times the seconds of co-purchase: what is written out from factors, an inverse, and many
# rounds over all events.
SLOWNESS: dict[type, float] = {Spectral: 8.0, Ease: 15.0, Als: 15.0}
# So many standard errors of the difference. Of twenty trials that are no better one reaches two every other time; what
# reached them on Online Retail made worse lists afterwards.
SURE = 3.0
# Half of the users teach the weights of a blend, the other half judge it.
ASKED = 2000

# What is tried for each parameter, in this order, each while the others stay at the best known.
GRIDS: dict[type, dict[str, tuple[float, ...]]] = {
    Popularity: {"half_life_days": (7, 14, 56, 0)},
    Personal: {"half_life_days": (30, 60, 240, 0)},
    Ease: {"ridge": (50, 100, 400, 800, 1600), "half_life_days": (60, 240, 0), "width": (128, 200)},
    CoPurchase: {
        "listener": (0.3, 0.4, 0.6, 0.7),
        "speaker": (0.3, 0.4, 0.6, 0.7),
        "customer": (0.2, 0.4, 0.8, 1.0),
        "power": (0.7, 1.0, 1.4, 2.0),
        "asked": (64, 128, 1024),
        "half_life_days": (60, 240),
        "width": (128, 200),
    },
    Als: {
        "regularization": (1.0, 20.0, 50.0, 200.0),
        "confidence": (1.0, 5.0, 20.0),
        "factors": (64, 256),
        "width": (128, 200),
    },
    Spectral: {"strength": (0.1, 1.0), "rank": (64, 256), "customer": (0.3, 0.7), "width": (128, 200)},
}


Table = Ease | CoPurchase | Spectral | Als


class Trial(msgspec.Struct, frozen=True):
    """A model that was tried, and the ndcg of its lists on the held-out part: the mean, and those by question."""

    model: Model
    ndcg: float
    ndcgs: Sequence[NDArray[np.float64]] = ()

    def beats(self, other: "Trial", *, sure: float) -> bool:
        """Tell whether the gain for the same customers is more than so many standard errors.

        Of many trials one is the best by chance: what is not surely better stays what it was.
        """
        gains = [own - others for own, others in zip(self.ndcgs, other.ndcgs, strict=True)]
        error = math.sqrt(sum(float(gain.var()) / max(gain.size, 1) for gain in gains)) / max(len(gains), 1)
        return self.ndcg - other.ndcg > sure * error


class Tuned(msgspec.Struct, frozen=True):
    """The best of the trials; no trials when there was too little data to choose by.

    The weights of a blend are as they were before it was tried: what half of the customers of a part of the data taught
    is no better start for learning from all of them than the defaults are, and made worse lists.
    `ndcg` is what it reached for `customers` on the held-out part, and `popularity_ndcg` what popularity did; the model
    is popularity itself where nothing was better.
    """

    model: Model
    trials: Sequence[Trial]
    customers: int = 0
    ndcg: float = 0.0
    popularity_ndcg: float = 0.0


class _Search(NamedTuple):
    split: Split
    counts: Counts
    heard: Indices
    repeats: tuple[Repeat, ...]
    k: int
    trials: list[Trial]

    def tried(self, model: Model) -> Trial:
        """Fit, teach with half of the users, judge with the other half."""
        split, counts = self.split, self.counts
        if isinstance(model, Blend):
            near, says = model.table.learn(split.learn, now=split.cut, heard=self.heard)
            table = taught_by_half(model, model.joined(near, says, counts), split, counts)
        else:
            table = model.fit(split.learn, now=split.cut)
        reached = judged(table, split, k=self.k, repeats=self.repeats)
        trial = Trial(model, mean_of(reached), reached)
        self.trials.append(trial)
        return trial


def default_blend(interactions: Interactions) -> Blend:
    """Return the blend that suits the size of the catalogue, before anything is tuned."""
    if interactions.n_items <= MOST_DENSE_ITEMS:
        return Blend()
    return Blend(table=LARGE)


def tune(
    interactions: Interactions,
    *,
    now: float,
    seconds_left: Callable[[], float],
    start: Sequence[Model] = (),
    repeats: tuple[Repeat, ...] = ("include", "exclude"),
    k: int = 20,
    seed: int = 0,
    vary: bool = True,
) -> Tuned:
    """Try popularity and the models of `start` (by default blends of every table that fits), then `vary` the best one.

    The first model is always tried; another one only if `seconds_left()` is likely to be enough for it,
    judged by the first. The best so far gives way to what surely beats it; without times, where no model is known to
    suit, one of `start` to whatever beats it. The trials and their order depend on the data and `seed` only.
    """
    models = list(start) or blends(interactions)
    split = Split.inside(interactions, now=now, seed=seed, most=ASKED)
    if split.users.size < FEWEST_ASKED:
        return Tuned(models[0], [])
    search = _Search(
        split, Counts.of(split.learn, now=split.cut, half_lives=Blend().half_lives), split.heard(), repeats, k, []
    )
    popular = search.tried(Popularity())
    before = seconds_left()
    best = search.tried(models[0])
    cost = before - seconds_left()
    for model in models[1:]:
        if seconds_left() > cost * _slowness(model, interactions):
            best = _better(best, search.tried(model), sure=SURE if interactions.timed else 0.0)
    cost *= _slowness(best.model, interactions)
    for name, value in _steps(best.model) if vary else ():
        varied = _with(best.model, name, value)
        if seconds_left() > cost and varied != best.model:
            best = _better(best, search.tried(varied), sure=SURE)
    best = popular if popular.ndcg > best.ndcg else best
    return Tuned(best.model, search.trials, judges_of(split).size, best.ndcg, popular.ndcg)


def _better(best: Trial, other: Trial, *, sure: float) -> Trial:
    return other if other.beats(best, sure=sure) else best


def _slowness(model: Model, interactions: Interactions) -> float:
    """Return about how many times the seconds of the default a model needs."""
    table = model.table if isinstance(model, Blend) else model
    return SLOWNESS.get(type(table), 1.0) if interactions.n_items > MOST_DENSE_ITEMS else 1.0


def blends(interactions: Interactions) -> list[Blend]:
    """Return blends of every table that fits, the default first."""
    if interactions.timed:
        slow: list[Table] = [Spectral(width=128), Ease(half_life_days=120.0, width=128), Als(width=128)]
        tables = [CoPurchase(customer=1.0, width=128), *slow]
    else:
        factors = [Als(width=MOST_WIDTH), Als(confidence=1.0, regularization=20.0, width=MOST_WIDTH)]
        tables = [*_quick(interactions), Spectral(width=MOST_WIDTH), *factors, Ease(width=MOST_WIDTH)]
    return [default_blend(interactions), *(Blend(table=table) for table in dict.fromkeys(tables))]


def suiting(interactions: Interactions, *, now: float, repeats: tuple[Repeat, ...], k: int, seed: int) -> Tuned:
    """Return the default; where there are no times, the best on a split by chance of a few blends that train as fast.

    Shops' sales have times, and what suits them is known; what was taken without a time may be anything.
    """
    default = default_blend(interactions)
    if interactions.timed:
        return Tuned(default, [])
    return tune(
        interactions,
        now=now,
        seconds_left=lambda: 1.0,  # all of them: no trial is said to have taken any of it
        start=[default, *(Blend(table=table) for table in _quick(interactions))],
        repeats=repeats,
        k=k,
        seed=seed,
        vary=False,
    )


def _quick(interactions: Interactions) -> list[Table]:
    """Return tables for what has no times, which train about as fast as the default's."""
    tables: list[Table] = [CoPurchase(customer=1.0, asked=asked, width=MOST_WIDTH) for asked in (64, 1024)]
    tables += [CoPurchase(power=power, width=MOST_WIDTH) for power in (1.0, 2.0)]
    return [*tables, Ease(width=MOST_WIDTH)] if interactions.n_items <= MOST_DENSE_ITEMS else tables


def _steps(model: Model) -> Iterator[tuple[str, float]]:
    varied = model.table if isinstance(model, Blend) else model
    for name, values in GRIDS[type(varied)].items():
        for value in values:
            yield name, value


def _with(model: Model, name: str, value: float) -> Model:
    if isinstance(model, Blend):
        table: Any = _with(model.table, name, value)
        return msgspec.structs.replace(model, table=table)
    fitting: Any = int(value) if isinstance(getattr(model, name), int) else float(value)
    return msgspec.structs.replace(model, **{name: fitting})


def models_by_name(interactions: Interactions) -> dict[str, Model]:
    """Return every model under its name, with the defaults that suit the data."""
    plain: list[TableModel] = [CoPurchase(width=128), Ease(width=128), Spectral(width=128), Als(width=128)]
    models = [default_blend(interactions), Popularity(), Personal(), *plain]
    return {model.name: model for model in models}
