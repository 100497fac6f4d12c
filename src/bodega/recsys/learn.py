"""Learn the weights of the blend as two logistic regressions, on a split inside the training data."""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.history import History
from bodega.recsys.interactions import Interactions
from bodega.recsys.models.blend import WINDOWS_DAYS, Blend, Lean, logs_of
from bodega.recsys.models.counts import Counts
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import ItemTable, Repeat

# The split for choosing: the last weeks, or as much of a shorter history; by chance where there are no times.
HELD_DAYS = 28.0
HELD_SHARE = 0.2
# Users asked: their candidates are 150,000 rows, enough for a dozen weights, and take about half a second.
ASKED = 1000
# In catalogues above this size so many do, who have more candidates to tell apart, and whose tables cost more.
LARGE_CATALOGUE, ASKED_OF_LARGE = 8_000, 200
# Of fewer items than this, HELD_SHARE is none.
FEWEST_TAKEN = 3
# Fewer than this teach nothing: the weights stay as they were.
FEWEST_ASKED = 20
CANDIDATES = 150
# How strongly the weights are held to where they started, in rows' worth of curvature a standard deviation.
HELD_TO_START = 3e-4
NEWTON_STEPS = 25
SHORTEST_STEP = 1e-3
# A step that makes the mean loss smaller by less than this is the last.
LEAST_GAIN = 1e-9
SMALLEST_SPREAD = 1e-6

Matrix = NDArray[np.float64]


def split_inside(
    interactions: Interactions, *, now: float, seed: int, most: int = ASKED
) -> tuple[Interactions, Interactions, float]:
    """Return what to learn from, what to measure on, and the time between.

    Without times it is by chance, and only of `most` users: what the others took teaches, as it will in earnest.
    """
    if not interactions.timed:
        lively = np.flatnonzero(np.diff(interactions.starts()) >= FEWEST_TAKEN)
        return *interactions.hold_out(HELD_SHARE, seed=seed, users=drawn(lively, seed=seed, most=most)), now
    end = min(interactions.end, now)
    held = min(HELD_DAYS, (end - float(interactions.time.min())) * HELD_SHARE)
    return *interactions.split_at(end - held), end - held


def most_asked(n_items: int) -> int:
    """Return how many users are asked in a catalogue of that size."""
    return ASKED if n_items <= LARGE_CATALOGUE else ASKED_OF_LARGE


def drawn(users: NDArray[np.integer], *, seed: int, most: int = ASKED) -> Indices:
    """Return up to `most` of the users, drawn by `seed`, ascending."""
    if users.size <= most:
        return users.astype(np.int32)
    return np.sort(np.random.default_rng(seed).choice(users, most, replace=False)).astype(np.int32)


class Split(NamedTuple):
    """What to learn from, what to measure on, the time between, and who is asked."""

    learn: Interactions
    held: Interactions
    cut: float
    users: Indices

    @classmethod
    def inside(cls, interactions: Interactions, *, now: float, seed: int, most: int = ASKED) -> "Split":
        """Split training data for choosing; nothing here has seen what the choice is measured with later."""
        learn, held, cut = split_inside(interactions, now=now, seed=seed, most=most)
        return cls(learn, held, cut, drawn(np.intersect1d(learn.user, held.user), seed=seed, most=most))

    def heard(self) -> Indices:
        """Return the items in the pasts of those who are asked."""
        who = np.zeros(self.learn.n_users, dtype=np.bool_)
        who[self.users] = True
        return np.unique(self.learn.item[who[self.learn.user]])


def learn_blend(model: Blend, interactions: Interactions, *, now: float, seed: int = 0) -> Blend:
    """Return the model with weights learnt on a split inside the data; as it was when there is too little of it.

    Only the weights of the blend are learnt, not the parameters of its table.
    """
    lesson = Lesson.prepared(model, interactions, now=now, seed=seed)
    return taught(*lesson) if lesson is not None else model


class Lesson(NamedTuple):
    """What a blend learns its weights from: its table and counts of the earlier part of a split, and the split."""

    model: Blend
    table: ItemTable
    split: Split
    counts: Counts

    @classmethod
    def prepared(cls, model: Blend, interactions: Interactions, *, now: float, seed: int) -> "Lesson | None":
        """Split the data and learn the table from the earlier part; None where too few customers came again."""
        split = Split.inside(interactions, now=now, seed=seed, most=most_asked(interactions.n_items))
        if split.users.size < FEWEST_ASKED:
            return None
        half_lives = {*model.half_lives, Popularity().half_life_days}
        counts = Counts.of(split.learn, now=split.cut, half_lives=half_lives)
        near, says = model.neighbours(split.learn, counts, now=split.cut, heard=split.heard())
        return cls(model, model.joined(near, says, counts), split, counts)


def taught(model: Blend, table: ItemTable, split: Split, counts: Counts | None = None) -> Blend:
    """Return the model with the weights that explain best what the split's users took next, seen with `table`.

    With `counts` the split need hold no events but those of the users who are asked.
    """
    teacher = _Teacher(table, split, counts)
    model = _with_new_items(model, teacher)
    if split.learn.timed and teacher.rebuying is not None:
        return _with_repeats(model, teacher)
    # Nothing held out was taken before, so the split cannot tell what repeats are worth; the rest it can.
    shared = msgspec.structs.replace(model.include, table=model.exclude.table)
    return msgspec.structs.replace(model, include=shared, lean_include=model.lean_exclude)


class _Rows(NamedTuple):
    """What is learnt from: a row a candidate, `taken` 1 or 0, `weight` so that no user outweighs the others."""

    features: Matrix
    taken: NDArray[np.float64]
    weight: NDArray[np.float64]


class _Teacher:
    """Ask the trained table for candidates and look up which of them were taken next."""

    def __init__(self, table: ItemTable, split: Split, counts: Counts | None) -> None:
        self.table = table
        self.learn, self.held, self.cut, self.users = split
        known = counts or Counts.of(self.learn, now=self.cut, half_lives=WINDOWS_DAYS)
        self.popular, self.rebuying = logs_of(known), known.rebuying

    def rows(self, repeat: Repeat) -> _Rows:
        past, future = self.learn.starts(), self.held.starts()
        features, taken, weight = [], [], []
        wanted = np.zeros(self.learn.n_items, dtype=np.bool_)
        for user in self.users:
            known = slice(past[user], past[user + 1])
            before = self.learn.item[known]
            history = History(before, self.cut - self.learn.time[known])
            items, parts = self.table.parts(history, k=CANDIDATES, repeat=repeat)
            next_items = self.held.item[future[user] : future[user + 1]]
            wanted[next_items] = True
            if repeat == "exclude":
                wanted[before] = False
            number = int(np.count_nonzero(wanted))
            features.append(self._features(items, parts, repeat))
            taken.append(wanted[items])
            weight.append(np.full(items.size, 1 / np.sqrt(number) if number else 0.0))
            wanted[next_items] = False
        return _Rows(np.concatenate(features), np.concatenate(taken).astype(np.float64), np.concatenate(weight))

    def _features(self, items: Indices, parts: Weights, repeat: Repeat) -> Matrix:
        columns = [parts[:, :1], self.popular[items]]
        if repeat == "include" and self.rebuying is not None:
            columns += [parts[:, 1:], parts[:, 1:2] * self.rebuying[items][:, None]]
        return np.concatenate(columns, axis=1).astype(np.float64)


def _with_new_items(model: Blend, teacher: _Teacher) -> Blend:
    found = _logistic(teacher.rows("exclude"), np.array([model.exclude.table, *model.lean_exclude]))
    mix = msgspec.structs.replace(model.exclude, table=max(found[0], 0.0), intercept=found[-1])
    return msgspec.structs.replace(model, exclude=mix, lean_exclude=_lean(found))


def _with_repeats(model: Blend, teacher: _Teacher) -> Blend:
    was = model.include
    start = [was.table, *model.lean_include, was.own, was.own_table, was.own_count, was.own_recency, model.habit]
    found = _logistic(teacher.rows("include"), np.array(start))
    own = dict(zip(("own", "own_table", "own_count", "own_recency"), found[5:9], strict=True))
    mix = msgspec.structs.replace(was, table=max(found[0], 0.0), intercept=found[-1], **own)
    return msgspec.structs.replace(model, include=mix, lean_include=_lean(found), habit=max(found[9], 0.0))


def _lean(found: list[float]) -> Lean:
    short, middle, long, all_time = found[1 : 1 + len(WINDOWS_DAYS)]
    return short, middle, long, all_time


def _logistic(rows: _Rows, start: NDArray[np.float64]) -> list[float]:
    """Return weights and, last, the intercept of a logistic regression held to `start`.

    Newton's method on standardised columns with the step halved until the loss falls; the loss is convex.
    """
    spread = np.maximum(rows.features.std(axis=0), SMALLEST_SPREAD)
    design = np.concatenate((rows.features / spread, np.ones((rows.taken.size, 1))), axis=1)
    weight = rows.weight / max(float(rows.weight.sum()), SMALLEST_SPREAD)
    prior = np.append(start * spread, 0.0)
    pull = np.append(np.full(start.size, 2 * HELD_TO_START), 1e-9)

    def loss(found: NDArray[np.float64]) -> float:
        score = design @ found
        return float(weight @ (np.logaddexp(0, score) - rows.taken * score) + pull @ (found - prior) ** 2 / 2)

    found, reached = prior, loss(prior)
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ found, -50, 50)))
        slope = design.T @ (weight * (chance - rows.taken)) + pull * (found - prior)
        bend = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(pull)
        step, size = np.linalg.solve(bend, slope), 1.0
        while size > SHORTEST_STEP and not loss(found - size * step) < reached:
            size /= 2
        if size <= SHORTEST_STEP:
            break
        found, before = found - size * step, reached
        reached = loss(found)
        if before - reached < LEAST_GAIN:
            break
    return [float(value) for value in found / np.append(spread, 1.0)]
