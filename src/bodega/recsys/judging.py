"""Say what a blend is worth before all data are learnt from: half of the customers teach it, the other half judge."""

from typing import NamedTuple

from bodega.recsys.evaluate import evaluate
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
    half = taught(model, table, split._replace(users=split.users[::2]), counts)
    judges = split.users[1::2]
    ndcg = [
        sum(
            evaluate(one, split.learn, split.held, now=split.cut, k=PLACES, repeat=repeat, users=judges).ndcg.mean
            for repeat in REPEATS
        )
        / len(REPEATS)
        for one in (half.joined(table.neighbours, table.weights, counts), Popularity().joined(counts))
    ]
    return Worth(int(judges.size), PLACES, *ndcg)
