"""Say what a model is worth before all data are learnt from: half of the customers teach it, the other half judge."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bodega.recsys.arrays import Indices
from bodega.recsys.evaluate import ndcg_of_each
from bodega.recsys.learn import Split, taught
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.counts import Counts
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import ItemTable, Repeat

PLACES = 20
REPEATS: tuple[Repeat, ...] = ("include", "exclude")


class Worth(NamedTuple):
    """What so many customers say: mean ndcg of lists of `k`, with bought items and without, beside popularity's."""

    customers: int
    k: int
    ndcg: float
    popularity_ndcg: float


def judge(model: Blend, table: ItemTable, split: Split, counts: Counts) -> Worth:
    """Return what lists of `model` are worth, its weights taught by the customers who do not judge.

    `table` holds the neighbours that were learnt from the split's earlier part, `counts` what that part counts.
    """
    tables = taught_by_half(model, table, split, counts), Popularity().joined(counts)
    ndcg = [mean_of(judged(one, split, k=PLACES, repeats=REPEATS)) for one in tables]
    return Worth(int(judges_of(split).size), PLACES, *ndcg)


def taught_by_half(model: Blend, table: ItemTable, split: Split, counts: Counts) -> ItemTable:
    """Return the table as it is served with the weights that half of the split's users teach."""
    blend = taught(model, table, split._replace(users=split.users[::2]), counts)
    return blend.joined(table.neighbours, table.weights, counts)


def judges_of(split: Split) -> Indices:
    """Return the users who teach nothing."""
    return split.users[1::2]


def judged(table: ItemTable, split: Split, *, k: int, repeats: Sequence[Repeat]) -> list[NDArray[np.float64]]:
    """Return for each question the ndcg of every judge whom it counts, in their order."""
    judges = judges_of(split)
    return [
        ndcg_of_each(table, split.learn, split.held, now=split.cut, k=k, repeat=repeat, users=judges)
        for repeat in repeats
    ]


def mean_of(ndcgs: Sequence[NDArray[np.float64]]) -> float:
    """Return the mean over questions of the mean over judges, 0 where a question has none."""
    return sum(float(one.mean()) if one.size else 0.0 for one in ndcgs) / len(ndcgs)
