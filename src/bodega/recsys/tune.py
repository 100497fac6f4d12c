"""Choose parameters on a split inside the training data, never on what they are measured with."""

from collections.abc import Iterable

import msgspec
import numpy as np

from bodega.recsys.arrays import Indices
from bodega.recsys.evaluate import evaluate
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.blend import Blend
from bodega.recsys.serving import ItemTable, Mix, Repeat

# The split for choosing: the last weeks, or as much of a shorter history; by chance where there are no times.
HELD_DAYS = 28.0
HELD_SHARE = 0.2
# Users asked when parameters are compared: the error of ndcg is then about .01 and a step costs a tenth
# of a second.
ASKED = 600
# Fewer than this teach nothing: the parameters stand as given.
FEWEST_ASKED = 20

# What is tried for each weight of a mix, one after the other, twice around.
STEPS: dict[Repeat, dict[str, tuple[float, ...]]] = {
    "include": {
        "table": (0.0, 0.2, 0.4, 0.6, 1.0, 2.0),
        "popular": (0.0, 0.1, 0.2, 0.4),
        "own_half_life_days": (45.0, 90.0, 180.0),
        "table_half_life_days": (30.0, 60.0, 120.0),
    },
    "exclude": {
        "popular": (0.0, 0.1, 0.3, 0.6, 1.0),
        "table_half_life_days": (30.0, 60.0, 120.0, 0.0),
    },
}


def split_inside(
    interactions: Interactions, *, now: float, seed: int
) -> tuple[Interactions, Interactions, float]:
    """Return what to learn from, what to measure on, and the time between; without times by chance."""
    if not interactions.timed:
        return *interactions.hold_out(HELD_SHARE, seed=seed), now
    held = min(HELD_DAYS, (interactions.end - float(interactions.time.min())) * HELD_SHARE)
    cut = interactions.end - held
    return *interactions.split_at(cut), cut


def asked(learn: Interactions, held: Interactions, *, seed: int, most: int = ASKED) -> Indices:
    """Return up to `most` users, drawn by `seed`, who have both a past and something held out."""
    both = np.intersect1d(learn.user, held.user).astype(np.int32)
    if both.size <= most:
        return both
    drawn: Indices = np.sort(np.random.default_rng(seed).choice(both, most, replace=False))
    return drawn


def learn_mixes(model: Blend, interactions: Interactions, *, now: float, seed: int) -> Blend:
    """Return the model with the mixes that served best on a split inside the data, if there is enough."""
    learn, held, cut = split_inside(interactions, now=now, seed=seed)
    users = asked(learn, held, seed=seed)
    if users.size < FEWEST_ASKED:
        return model
    table = model.fit(learn, now=cut)
    found: dict[Repeat, Mix] = {}
    for repeat in STEPS:
        if repeat == "include" and not interactions.timed:
            continue  # by chance no held item was taken before: the split cannot tell what repeats are worth
        found[repeat] = _climb(table, learn, held, cut, repeat, users)
    return msgspec.structs.replace(model, **found)


def _climb(
    table: ItemTable, learn: Interactions, held: Interactions, cut: float, repeat: Repeat, users: Indices
) -> Mix:
    best = table.mixes[repeat]
    score = evaluate(table, learn, held, now=cut, repeat=repeat, mix=best, users=users).ndcg.mean
    for mix in _neighbours(best, repeat):
        tried = msgspec.structs.replace(best, **mix)
        if tried == best:
            continue
        reached = evaluate(table, learn, held, now=cut, repeat=repeat, mix=tried, users=users).ndcg.mean
        if reached > score:
            best, score = tried, reached
    return best


def _neighbours(best: Mix, repeat: Repeat) -> Iterable[dict[str, float]]:
    del best
    for name, values in STEPS[repeat].items():
        for value in values:
            yield {name: value}
