"""Learn the weights of the blend from some customers, who fit on one machine, and judge what it is worth by others."""

from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from bodega.domain.recommendations.evidence import Judgement
from bodega.recsys.interactions import Interactions
from bodega.recsys.judging import judge
from bodega.recsys.learn import FEWEST_ASKED, HELD_DAYS, HELD_SHARE, Split, most_asked, taught
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.counts import Counts
from bodega.recsys.serving import ItemTable
from bodega.spark.lines import Lines, numbered


def cut_of(lines: Lines, *, now: float) -> float:
    """Return the time from which on events are held out, as `learn.split_inside` has it."""
    end = min(lines.end, now)
    return end - min(HELD_DAYS, (end - lines.start) * HELD_SHARE)


def sampled(lines: Lines, *, cut: float, seed: int) -> Split:
    """Return the events of those whom training on one machine would ask, numbered anew from 0.

    The split holds nobody else, so `taught` needs the counts of all.
    """
    users = _asked(lines.frame, cut, seed, most_asked(lines.n_items))
    table = lines.frame.join(F.broadcast(users), "user").toArrow()
    columns = {name: table[name].to_numpy() for name in table.column_names}
    names, numbers = np.unique(columns["user"], return_inverse=True)
    everything = Interactions.of(
        numbers.astype(np.int32),
        columns["item"],
        time=columns["time"],
        quantity=columns["quantity"],
        order=columns["order"],
        n_users=names.size,
        n_items=lines.n_items,
    )
    return Split(*everything.split_at(cut), cut, np.arange(names.size, dtype=np.int32))


def _asked(frame: DataFrame, cut: float, seed: int, most: int) -> DataFrame:
    before = frame.where(F.col("time") < cut).select("user").distinct()
    after = frame.where(F.col("time") >= cut).select("user").distinct()
    both, size = numbered(before.join(after, "user"), ("user",), "place")
    if size <= most:
        return both.select("user")
    drawn: Any = np.random.default_rng(seed).choice(size, most, replace=False)
    return both.where(F.col("place").isin(drawn.tolist())).select("user")


def learnt(model: Blend, table: ItemTable, split: Split, counts: Counts) -> tuple[Blend, Judgement | None]:
    """Return the model with its weights learnt, and what half of the customers say of what the other half taught.

    As it was, and unjudged, if there are too few of them.
    """
    if split.users.size < FEWEST_ASKED:
        return model, None
    worth = judge(model, table, split, counts)
    return taught(model, table, split, counts), Judgement(**worth._asdict())
