"""Read order lines from Parquet and number their users, items and orders as training on one machine would."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812  # as everybody calls it

from bodega.domain.recommendations.evidence import DataSize
from bodega.errors import InvalidError
from bodega.recsys.interactions import MOST_INDICES

# As `bodega recommend export-events` writes them; `customer` is empty for guests.
COLUMNS = "order string, time timestamp, customer string, product string, quantity bigint"
_MICROSECONDS, _SECONDS_A_DAY = 1e6, 86400.0


class Lines(NamedTuple):
    """The lines of all orders.

    `frame` has columns user, item, order (int, dense), time (double, days since 1970) and quantity (double); lines that
    agree in all but the quantity are one. Item i is `product_ids[i]`, ascending. `start` and `end` are the first and
    the last time.
    """

    frame: DataFrame
    product_ids: list[str]
    n_users: int
    n_lines: int
    size: DataSize
    start: float
    end: float

    @property
    def n_items(self) -> int:
        """The number of items."""
        return len(self.product_ids)


def read_lines(spark: SparkSession, location: str) -> Lines:
    """Read every Parquet file below a location; InvalidError for none, or any that cannot be used."""
    bad = F.col("order").isNull() | F.col("time").isNull() | F.col("product").isNull()
    bad |= F.coalesce(F.col("quantity") <= 0, F.lit(True))  # noqa: FBT003  # a literal of Spark's
    try:
        # By schema, not by what a file says of itself: a day of guests only has no customers to learn a type from.
        raw = spark.read.schema(COLUMNS).option("recursiveFileLookup", "true").parquet(location)
        found = raw.agg(F.count("*").alias("lines"), F.count_if(bad).alias("bad")).collect()[0]
    except (PySparkException, Py4JJavaError) as exc:
        raise InvalidError(f"the events below {location} cannot be read: {str(exc).splitlines()[0]}") from exc
    if found["bad"]:
        raise InvalidError(f"{found['bad']} of {found['lines']} lines lack an order, a time, a product or a quantity")
    if not found["lines"]:
        raise InvalidError(f"there are no events below {location}")
    return _numbered_lines(spark, raw, int(found["lines"]))


def _numbered_lines(spark: SparkSession, raw: DataFrame, events: int) -> Lines:
    product_ids = sorted(row["product"] for row in raw.select("product").distinct().collect())
    guest = F.col("customer").isNull()
    known = raw.withColumn("guest", guest).withColumn("who", F.coalesce("customer", "order"))
    users, n_users = numbered(known.select("guest", "who").distinct(), ("guest", "who"), "user")
    orders, n_orders = numbered(raw.select("order").distinct(), ("order",), "basket")
    items = pa.table({"product": product_ids, "item": np.arange(len(product_ids), dtype=np.int32)})
    frame = (
        known.join(F.broadcast(spark.createDataFrame(items)), "product")
        .join(users, ["guest", "who"])
        .join(orders, "order")
        # As datetime.timestamp() / 86400 does it, to the last bit.
        .withColumn("time", F.unix_micros("time") / F.lit(_MICROSECONDS) / F.lit(_SECONDS_A_DAY))
        .groupBy("user", "item", "time", F.col("basket").alias("order"))
        .agg(F.sum("quantity").cast("double").alias("quantity"))
        .persist()
    )
    ends = F.min("time").alias("start"), F.max("time").alias("end")
    whole = frame.agg(*ends, F.count("*").alias("lines")).collect()[0]
    if whole["start"] == whole["end"]:
        raise InvalidError("all events are of one moment: there is nothing to learn from what came next")
    n_customers = users.where("not guest").count()
    return Lines(
        frame=frame,
        product_ids=product_ids,
        n_users=n_users,
        n_lines=int(whole["lines"]),
        size=DataSize(n_orders, events, n_customers, len(product_ids)),
        start=whole["start"],
        end=whole["end"],
    )


def numbered(frame: DataFrame, columns: tuple[str, ...], name: str) -> tuple[DataFrame, int]:
    """Return the frame with a column `name` that counts its rows from 0 in order of the columns, and their number.

    The rows are sorted in ranges, so that no machine needs to hold all of them.
    """
    ranged = frame.repartitionByRange(*columns).withColumn("range", F.spark_partition_id()).persist()
    sizes = {row["range"]: row["count"] for row in ranged.groupBy("range").count().collect()}
    total = sum(sizes.values())
    if total > MOST_INDICES:
        raise InvalidError(f"{total} are too many to number with 31 bits: {', '.join(columns)}")
    before, counted = [], 0
    for place in sorted(sizes):
        before.append((place, counted))
        counted += sizes[place]
    starts = frame.sparkSession.createDataFrame(before or [(0, 0)], "range int, before bigint")
    within = F.row_number().over(Window.partitionBy("range").orderBy(*columns)) - 1
    places = (F.col("before") + within).cast("int")
    return ranged.join(F.broadcast(starts), "range").select(*columns, places.alias(name)), total


def dense(frame: DataFrame, n_items: int, **kinds: Any) -> list[Any]:
    """Collect columns, named with their types, by item: each (n_items,) with 0 for items that are not in the frame."""
    table = frame.select("item", *kinds).toArrow()
    items = table["item"].to_numpy()
    columns = []
    for name, kind in kinds.items():
        values = np.zeros(n_items, dtype=kind)
        values[items] = table[name].to_numpy()
        columns.append(values)
    return columns
