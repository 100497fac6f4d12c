"""Train what the shop serves on a Spark cluster; what comes of it is what `recsys.training` gives on one machine."""

from collections.abc import Callable
from time import monotonic

import numpy as np
from pyspark import __version__ as spark_version
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from bodega.domain.recommendations.handover import FORMAT, Facts, Handover
from bodega.errors import InvalidError
from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.models.als import Als
from bodega.recsys.models.base import TableModel
from bodega.recsys.models.blend import Blend
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.models.counts import Counts
from bodega.recsys.models.popularity import Popularity
from bodega.recsys.serving import ItemTable
from bodega.recsys.tables import TERMS_AT_ONCE
from bodega.recsys.training import FORMAT as MODEL_FORMAT
from bodega.recsys.training import Metadata, TrainedModel, TrainSettings, together_model
from bodega.recsys.trends import NOW_DAYS, USUAL_DAYS
from bodega.recsys.tune import LARGE
from bodega.spark.als import factored
from bodega.spark.counting import counts_of, demand_of
from bodega.spark.learning import cut_of, learnt, sampled
from bodega.spark.lines import Lines
from bodega.spark.tables import neighbours

Learner = Callable[[TableModel, DataFrame, float], tuple[Indices, Weights]]


def train(lines: Lines, *, now: float | None = None, settings: TrainSettings, at_once: int = TERMS_AT_ONCE) -> Handover:
    """Learn from all lines; `now` in days since 1970 is the time of the last one if it is not given.

    InvalidError for a model that is not learnt here.
    """
    started = monotonic()
    as_of = lines.end if now is None else now
    if not np.isfinite(as_of):
        raise InvalidError("now is not a number of days")
    model, judged = settings.model or Blend(table=LARGE), None

    def learn(table: TableModel, frame: DataFrame, moment: float) -> tuple[Indices, Weights]:
        if isinstance(table, CoPurchase):
            return neighbours(table, frame, n_items=lines.n_items, now=moment, at_once=at_once)
        if isinstance(table, Als):
            return factored(table, frame, n_items=lines.n_items, now=moment)
        raise InvalidError(f"{table.name} is not learnt on Spark")

    if settings.learn_weights:
        cut = cut_of(lines, now=as_of)
        earlier = lines.frame.where(F.col("time") < cut)
        table, counts = _assembled(model, earlier, lines.n_items, cut, learn)
        model, judged = learnt(model, table, sampled(lines, cut=cut, seed=settings.seed), counts)
    recommender, counts = _assembled(model, lines.frame, lines.n_items, as_of, learn)
    trained = TrainedModel(
        recommender,
        _together(lines, as_of, settings, recommender, learn),
        Metadata(
            format=MODEL_FORMAT,
            model=model,
            n_users=lines.n_users,
            n_items=lines.n_items,
            n_events=lines.n_lines,
            trained_at_days=as_of,
            seed=settings.seed,
        ),
    )
    demand = demand_of(lines.frame, counts, now=as_of, n_items=lines.n_items)
    seconds = monotonic() - started
    engine = f"Spark {spark_version}"
    facts = Facts(format=FORMAT, engine=engine, as_of_days=as_of, seconds=seconds, size=lines.size, judged=judged)
    return Handover(trained, demand, lines.product_ids, facts)


def _assembled(model: Blend, frame: DataFrame, n_items: int, now: float, learn: Learner) -> tuple[ItemTable, Counts]:
    half_lives = {*model.half_lives, Popularity().half_life_days, NOW_DAYS, USUAL_DAYS, 0.0}
    counts = counts_of(frame, now=now, half_lives=half_lives, n_items=n_items)
    return model.joined(*learn(model.table, frame, now), counts), counts


def _together(lines: Lines, now: float, settings: TrainSettings, recommender: ItemTable, learn: Learner) -> ItemTable:
    """Return what shares a basket: the table of orders, each as a user of its own."""
    baskets = lines.frame.withColumn("user", F.col("order"))
    near, says = learn(together_model(settings), baskets, now)
    return ItemTable.from_arrays(recommender.to_arrays() | {"neighbours": near, "weights": says}, recommender.mixes)
