"""Count what events say of items one by one: each machine its customers, and the sums together."""

from collections.abc import Iterable, Iterator, Mapping
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
    days = {f"p{place}": half_life for place, half_life in enumerate(sorted(set(half_lives)))}
    sums = _summed(frame, now, days)
    buyers, again, *heard = dense(sums, n_items, buyers=np.int64, again=np.float64, **dict.fromkeys(days, np.float32))
    return Counts(dict(zip(days.values(), heard, strict=True)), rebuying_of(buyers, again))


def _summed(frame: DataFrame, now: float, days: Mapping[str, float]) -> DataFrame:
    """Return buyers, who of them came again, and a column of popularity for each named half-life, by item."""
    pairs = frame.groupBy("user", "item").agg(F.max("time").alias("latest"), F.count("*").alias("events"))
    schema = ", ".join(["item int", "again double", *(f"{name} double" for name in days)])
    decayed = pairs.select("item", "latest", "events").mapInArrow(partial(_decayed, now=now, days=days), schema)
    sums = [F.sum(name).alias(name) for name in ("again", *days)]
    return decayed.groupBy("item").agg(F.count("*").alias("buyers"), *sums)


def _decayed(batches: Iterable[pa.RecordBatch], *, now: float, days: Mapping[str, float]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        ages = now - batch["latest"].to_numpy()
        columns = {"item": batch["item"], "again": (batch["events"].to_numpy() > 1).astype(np.float64)}
        columns |= {name: decay(ages, half_life).astype(np.float64) for name, half_life in days.items()}
        yield pa.RecordBatch.from_pydict(columns)


def demand_of(frame: DataFrame, counts: Counts, *, now: float, n_items: int) -> Demand:
    """Return what `Demand.of` would of the same lines; `counts` are theirs, with NOW_DAYS and USUAL_DAYS among them."""
    before = F.lag("time").over(Window.partitionBy("user", "item").orderBy("time"))
    gaps = frame.select("item", (F.col("time") - before).alias("gap")).where(F.col("gap") >= SAME_DAYS)
    logs = gaps.select("item", F.log("gap").alias("log")).persist()
    median = logs.agg(F.percentile_approx("log", 0.5, _MEDIAN_ACCURACY).alias("median")).collect()[0]["median"]
    seen = logs.groupBy("item").agg(F.count("*").alias("number"), F.sum("log").alias("total"))
    number, total = dense(seen, n_items, number=np.int64, total=np.float64)
    units = frame.where(F.col("time") >= now - SELLING_DAYS).groupBy("item").agg(F.sum("quantity").alias("units"))
    return Demand(
        buyers=counts.popularity[0.0].astype(np.int32),
        gaps=np.zeros(n_items, np.float32) if median is None else gaps_of(number, total, median),
        trend=trends_of(counts.popularity[NOW_DAYS], counts.popularity[USUAL_DAYS]),
        units=dense(units, n_items, units=np.int64)[0],
    )
