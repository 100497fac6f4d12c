"""Count what events say of items one by one: each machine its customers, and the sums together."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from bodega.recsys.decay import decay
from bodega.recsys.demand import SELLING_DAYS, Demand
from bodega.recsys.models.base import rebuying_of
from bodega.recsys.models.counts import Counts
from bodega.recsys.rhythm import SAME_DAYS, gaps_of
from bodega.recsys.trends import NOW_DAYS, USUAL_DAYS, trends_of
from bodega.spark.lines import dense

# Of so many gaps the median is one of the two in the middle; of more, one within a millionth of their number.
_MEDIAN_ACCURACY = 1_000_000


def counts_of(frame: DataFrame, *, now: float, half_lives: Iterable[float], n_items: int) -> Counts:
    """Return what `Counts.of` would of the same lines; sums differ in the order of summing alone."""
    days = sorted(set(half_lives))
    sums = _summed(frame, now, days).toArrow()
    items = sums["item"].to_numpy()

    def spread(name: str) -> np.ndarray:
        values = np.zeros(n_items)
        values[items] = sums[name].to_numpy()
        return values

    popularity = {half_life: spread(f"p{place}").astype(np.float32) for place, half_life in enumerate(days)}
    return Counts(popularity, rebuying_of(spread("buyers").astype(np.int64), spread("again")))


def _summed(frame: DataFrame, now: float, days: Sequence[float]) -> DataFrame:
    pairs = frame.groupBy("user", "item").agg(F.max("time").alias("latest"), F.count("*").alias("events"))
    names = [f"p{place}" for place in range(len(days))]
    schema = ", ".join(["item int", "again double", *(f"{name} double" for name in names)])
    decayed = pairs.select("item", "latest", "events").mapInArrow(partial(_decayed, now=now, days=days), schema)
    sums = [F.sum(name).alias(name) for name in ("again", *names)]
    return decayed.groupBy("item").agg(F.count("*").alias("buyers"), *sums)


def _decayed(batches: Iterable[pa.RecordBatch], *, now: float, days: Sequence[float]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        ages = now - batch["latest"].to_numpy()
        columns = {"item": batch["item"], "again": (batch["events"].to_numpy() > 1).astype(np.float64)}
        columns |= {f"p{place}": decay(ages, half_life).astype(np.float64) for place, half_life in enumerate(days)}
        yield pa.RecordBatch.from_pydict(columns)


def demand_of(frame: DataFrame, counts: Counts, *, now: float, n_items: int) -> Demand:
    """Return what `Demand.of` would of the same lines; `counts` are theirs, with NOW_DAYS and USUAL_DAYS among them."""
    before = F.lag("time").over(Window.partitionBy("user", "item").orderBy("time"))
    gaps = frame.select("item", (F.col("time") - before).alias("gap")).where(F.col("gap") >= SAME_DAYS)
    logs = gaps.select("item", F.log("gap").alias("log")).persist()
    median = logs.agg(F.percentile_approx("log", 0.5, _MEDIAN_ACCURACY).alias("median")).collect()[0]["median"]
    seen = logs.groupBy("item").agg(F.count("*").alias("number"), F.sum("log").alias("total")).persist()
    units = frame.where(F.col("time") >= now - SELLING_DAYS).groupBy("item").agg(F.sum("quantity").alias("units"))
    return Demand(
        buyers=counts.popularity[0.0].astype(np.int32),
        gaps=np.zeros(n_items, np.float32)
        if median is None
        else gaps_of(dense(seen, "number", n_items, np.int64), dense(seen, "total", n_items, np.float64), median),
        trend=trends_of(counts.popularity[NOW_DAYS], counts.popularity[USUAL_DAYS]),
        units=dense(units, "units", n_items, np.int64),
    )
