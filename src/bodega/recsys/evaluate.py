"""Measure lists against what customers took next, by the definitions of the LightGCN evaluation."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices
from bodega.recsys.history import History
from bodega.recsys.interactions import Interactions
from bodega.recsys.serving import ItemTable, Mix, Repeat

Z_95 = 1.959963984540054
Lists = Callable[[int, History], Indices]


class Estimate(msgspec.Struct, frozen=True):
    """A mean over users with its standard error; `low` and `high` bound the 95 % interval."""

    mean: float
    error: float

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.mean - Z_95 * self.error

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.mean + Z_95 * self.error


class Scores(msgspec.Struct, frozen=True):
    """How good the lists were.

    `coverage` is the share of the items that stand in any list, `novelty` the mean over list places of
    -log2(share of the training users who took the item): 0 is what everybody has.
    """

    k: int
    users: int
    recall: Estimate
    ndcg: Estimate
    hit_rate: Estimate
    coverage: float
    novelty: float


def recall_at(hits: NDArray[np.bool_], relevant: int) -> float:
    """Return hits / relevant: the share of the items taken next that stand in the list.

    >>> recall_at(np.array([True, False, True]), 4)
    0.5
    """
    return float(hits.sum()) / relevant


def ndcg_at(hits: NDArray[np.bool_], relevant: int, k: int) -> float:
    """Return DCG / ideal DCG: a hit at place p (from 1) is worth 1 / log2(p + 1).

    The ideal has min(k, relevant) hits, at the first places. Two items taken next; a list of three has
    one of them, at place 2: (1 / log2 3) / (1 / log2 2 + 1 / log2 3).

    >>> round(ndcg_at(np.array([False, True, False]), 2, 3), 4)
    0.3869
    """
    gains = 1.0 / np.log2(np.arange(2, max(hits.size, min(k, relevant)) + 2))
    return float(gains[: hits.size][hits].sum() / gains[: min(k, relevant)].sum())


def evaluate(
    table: ItemTable,
    train: Interactions,
    test: Interactions,
    *,
    now: float,
    k: int = 20,
    repeat: Repeat = "include",
    mix: Mix | None = None,
    users: Indices | None = None,
) -> Scores:
    """Rank all items for every user with at least one item in the test, by the very code that serves them.

    `repeat` "include" lets lists and test contain what the user took before; "exclude" asks for new items
    only: known items leave the lists and the test, and users without a new item in the test do not count.
    `train` gives the histories, `now` is the time of asking. `users` limits who is asked.
    """
    return evaluate_lists(_served(table, k, repeat, mix), train, test, now=now, k=k, repeat=repeat, users=users)


def evaluate_lists(
    lists: Lists,
    train: Interactions,
    test: Interactions,
    *,
    now: float,
    k: int = 20,
    repeat: Repeat = "include",
    users: Indices | None = None,
) -> Scores:
    """Measure any source of lists: `lists(user, history)` returns up to k distinct items, best first."""
    return _scores(*_asked(lists, train, test, now, k, repeat, users), train, k)


def ndcg_of_each(
    table: ItemTable,
    train: Interactions,
    test: Interactions,
    *,
    now: float,
    k: int = 20,
    repeat: Repeat = "include",
    users: Indices | None = None,
) -> NDArray[np.float64]:
    """Return the ndcg of every user that `evaluate` would count, in their order: of two tables, for the same users."""
    return _asked(_served(table, k, repeat, None), train, test, now, k, repeat, users)[0][:, 1]


def _served(table: ItemTable, k: int, repeat: Repeat, mix: Mix | None) -> Lists:
    def lists(user: int, history: History) -> Indices:
        del user
        return table.recommend(history, k=k, repeat=repeat, mix=mix, reasons=False).items

    return lists


def _asked(
    lists: Lists,
    train: Interactions,
    test: Interactions,
    now: float,
    k: int,
    repeat: Repeat,
    users: Indices | None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return recall, ndcg and whether there was a hit (users, 3), and how often each item was shown (n_items,)."""
    if k < 1:
        raise InvalidError(f"k is {k}; a list has at least one place")
    if (train.n_users, train.n_items) != (test.n_users, test.n_items):
        raise InvalidError("train and test count different users or items")
    past, future = train.starts(), test.starts()
    rows: list[tuple[float, float, bool]] = []
    shown = np.zeros(train.n_items, dtype=np.int64)
    for user in np.unique(test.user) if users is None else users:
        known = slice(past[user], past[user + 1])
        items = train.item[known]
        wanted = np.unique(test.item[future[user] : future[user + 1]])
        if repeat == "exclude":
            wanted = np.setdiff1d(wanted, items)
        if not wanted.size:
            continue
        listed = lists(int(user), History(items, now - train.time[known]))[:k]
        hits = np.isin(listed, wanted)
        rows.append((recall_at(hits, wanted.size), ndcg_at(hits, wanted.size, k), bool(hits.any())))
        shown[listed] += 1
    return np.array(rows, dtype=np.float64).reshape(-1, 3), shown


def _scores(rows: NDArray[np.float64], shown: NDArray[np.int64], train: Interactions, k: int) -> Scores:
    owners = np.bincount(train.matrix().indices, minlength=train.n_items)
    rarity = -np.log2(np.maximum(owners, 1) / max(int(np.unique(train.user).size), 1))
    places = int(shown.sum())
    return Scores(
        k=k,
        users=rows.shape[0],
        recall=_estimate(rows[:, 0]),
        ndcg=_estimate(rows[:, 1]),
        hit_rate=_estimate(rows[:, 2]),
        coverage=float((shown > 0).mean()) if shown.size else 0.0,
        novelty=float((shown * rarity).sum() / places) if places else 0.0,
    )


def _estimate(values: NDArray[np.float64]) -> Estimate:
    if not values.size:
        return Estimate(0.0, 0.0)
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return Estimate(float(values.mean()), spread / math.sqrt(values.size))
