"""Learn the weights of the blend from what customers took next, on a split inside the training data."""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.history import History
from bodega.recsys.interactions import Interactions
from bodega.recsys.listwise import Lists, intercept, learnt
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
# How many customers' lists hold the learnt weights to the defaults; those are rounded from shops' sales, which have
# times, and know little of anything else.
HELD_TO_START, HELD_WITHOUT_TIMES = 1.0, 0.03

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
        near, says = model.table.learn(split.learn, now=split.cut, heard=split.heard())
        return cls(model, model.joined(near, says, counts), split, counts)


def taught(model: Blend, table: ItemTable, split: Split, counts: Counts) -> Blend:
    """Return the model with the weights that explain best what the split's users took next, seen with `table`.

    The split need hold no events but those of the users who are asked; `counts` are those of all. What is learnt from
    the candidates of one choice knows nothing of what other weights would choose: so those choose, too. Of half of the
    users is enough for that; a third round finds nothing new.
    """
    teacher = _Teacher(split, counts)
    teacher.ask(table, split.users)
    first = teacher.taught(model)
    teacher.ask(first.joined(table.neighbours, table.weights, counts), split.users[::2])
    return teacher.taught(model)


class _Teacher:
    """Ask a table for candidates and look up which of them were taken next."""

    def __init__(self, split: Split, counts: Counts) -> None:
        self._split = split
        self._held = HELD_TO_START if split.learn.timed else HELD_WITHOUT_TIMES
        self._popular = logs_of(counts)
        # Without times nothing held out was taken before, so that nothing can tell what repeats are worth.
        self._rebuying = counts.rebuying if split.learn.timed else None
        self._rows: dict[Repeat, list[_Rows]] = {"exclude": [], "include": []}

    def ask(self, table: ItemTable, users: Indices) -> None:
        """Look at what the table would show to users now, beside what it was asked for before."""
        self._rows["exclude"].append(self._asked(table, users, "exclude"))
        if self._rebuying is not None:
            self._rows["include"].append(self._asked(table, users, "include"))

    def taught(self, model: Blend) -> Blend:
        """Return the model with weights learnt from all that was asked for."""
        model = _with_new_items(model, self._lists("exclude"), self._held)
        if self._rebuying is not None:
            return _with_repeats(model, self._lists("include"), self._held)
        shared = msgspec.structs.replace(model.include, table=model.exclude.table)
        return msgspec.structs.replace(model, include=shared, lean_include=model.lean_exclude)

    def _asked(self, table: ItemTable, users: Indices, repeat: Repeat) -> "_Rows":
        learn, held, cut, _ = self._split
        past, future = learn.starts(), held.starts()
        wanted = np.zeros(learn.n_items, dtype=np.bool_)
        of, chosen, found, taken = [], [], [], []
        for user in users:
            known = slice(past[user], past[user + 1])
            before = learn.item[known]
            items, parts = table.parts(History(before, cut - learn.time[known]), k=CANDIDATES, repeat=repeat)
            next_items = held.item[future[user] : future[user + 1]]
            wanted[next_items] = True
            of.append(np.full(items.size, user))
            chosen.append(items)
            found.append(parts)
            taken.append(wanted[items])
            wanted[next_items] = False
        who, which, parts, were_taken = (np.concatenate(column) for column in (of, chosen, found, taken))
        return _Rows(who, which, self._features(which, parts, repeat), were_taken)

    def _features(self, items: Indices, parts: Weights, repeat: Repeat) -> Matrix:
        columns = [parts[:, :1], self._popular[items]]
        if repeat == "include" and self._rebuying is not None:
            columns += [parts[:, 1:], parts[:, 1:2] * self._rebuying[items][:, None]]
        return np.concatenate(columns, axis=1).astype(np.float64)

    def _lists(self, repeat: Repeat) -> Lists:
        """Return each candidate once, in whichever round it came."""
        user, item, features, taken = (np.concatenate(column) for column in zip(*self._rows[repeat], strict=True))
        _, once = np.unique(user.astype(np.int64) * self._split.learn.n_items + item, return_index=True)
        return Lists(features[once], taken[once], user[once])


class _Rows(NamedTuple):
    """Candidates, one a row: (rows,) of whom, which item, (rows, columns) what speaks for it, (rows,) was it taken."""

    of: Indices
    item: Indices
    features: Matrix
    taken: NDArray[np.bool_]


def _with_new_items(model: Blend, lists: Lists, held: float) -> Blend:
    found, shift = _weights(lists, [model.exclude.table, *model.lean_exclude], held)
    mix = msgspec.structs.replace(model.exclude, table=max(found[0], 0.0), intercept=shift)
    return msgspec.structs.replace(model, exclude=mix, lean_exclude=_lean(found))


def _with_repeats(model: Blend, lists: Lists, held: float) -> Blend:
    was = model.include
    start = [was.table, *model.lean_include, was.own, was.own_table, was.own_count, was.own_recency, model.habit]
    found, shift = _weights(lists, start, held)
    own = dict(zip(("own", "own_table", "own_count", "own_recency"), found[5:9], strict=True))
    mix = msgspec.structs.replace(was, table=max(found[0], 0.0), intercept=shift, **own)
    return msgspec.structs.replace(model, include=mix, lean_include=_lean(found), habit=max(found[9], 0.0))


def _weights(lists: Lists, start: list[float], held: float) -> tuple[list[float], float]:
    """Return the weights of the columns, and what makes chances of scores."""
    found = learnt(lists, np.array(start), held=held)
    return [float(value) for value in found], intercept(lists.features @ found, lists.taken)


def _lean(found: list[float]) -> Lean:
    short, middle, long, all_time = found[1 : 1 + len(WINDOWS_DAYS)]
    return short, middle, long, all_time
