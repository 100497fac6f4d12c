"""Learn the co-purchase table by blocks of items, each where the histories of all who took them come together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.decay import decay
from bodega.recsys.models.base import MOST_TAUGHT, TableModel
from bodega.recsys.models.copurchase import CoPurchase
from bodega.recsys.tables import blocks_of
from bodega.spark.lines import dense

_ROWS = "item int, near array<int>, says array<float>"


def neighbours(
    model: CoPurchase, frame: DataFrame, *, n_items: int, now: float, at_once: int
) -> tuple[Indices, Weights]:
    """Return what `model.learn` would of the same lines.

    A block's rows are computed by the very code of one machine, from whole histories in order of their users, so that
    even the order of summing is the same. Only with `half_life_days` the degrees of items are sums of fractions, which
    are made in another order.

    A history goes to every block with an item for which it speaks; a block has at most `at_once` products to sum, or is
    one item, for which at most `asked` histories speak.
    """
    cells = taken(model, frame, now=now)
    degrees = cells.groupBy("item").agg(F.sum(F.col("cell").cast("double")).alias("sum"))
    by_item = dense(degrees, n_items, sum=np.float32)[0]
    pairs = F.sort_array(F.collect_list(F.struct("item", "cell"))).alias("pairs")
    histories = (
        cells.groupBy("user")
        .agg(pairs)
        .select("user", F.col("pairs.item").alias("items"), F.col("pairs.cell").alias("cells"))
        .persist()
    )
    speaking = _speaking(histories, asked=model.asked).persist()
    terms = dense(speaking.groupBy("item").agg(F.sum("size").alias("terms")), n_items, terms=np.int64)[0]
    blocks = blocks_of(terms, at_once)
    spark = frame.sparkSession
    places = pa.table({"item": np.arange(n_items, dtype=np.int32), "block": _block_of(blocks)})
    sent = speaking.join(F.broadcast(spark.createDataFrame(places)), "item").select("user", "block").distinct()
    near, says = model.room(n_items)
    rows = _rows(model, spark.sparkContext.broadcast((blocks, by_item)), near.shape[1])
    found = sent.join(histories, "user").groupBy("block").applyInArrow(rows, _ROWS).toArrow()
    items = found["item"].to_numpy()
    near[items] = _flat(found["near"]).reshape(items.size, -1)
    says[items] = _flat(found["says"]).reshape(items.size, -1)
    speaking.unpersist()
    histories.unpersist()
    return near, says


def _speaking(histories: DataFrame, *, asked: int) -> DataFrame:
    """Return item, user and size of history of those whom `CoPurchase.rows` lets speak for each item."""
    sizes = histories.select(F.explode("items").alias("item"), "user", F.size("items").alias("size"))
    lightest = F.row_number().over(Window.partitionBy("item").orderBy("size", "user"))
    return sizes.withColumn("place", lightest).where(F.col("place") <= asked).drop("place")


def _block_of(blocks: Sequence[tuple[int, int]]) -> Indices:
    return np.repeat(np.arange(len(blocks), dtype=np.int32), [end - start for start, end in blocks])


def taken(model: TableModel, frame: DataFrame, *, now: float) -> DataFrame:
    """Return user, item and cell (float): what `model.taken` would of the same lines."""
    newest = Window.partitionBy("user").orderBy(F.desc("time"), F.desc("item"), F.desc("order"))
    heard = frame.withColumn("place", F.row_number().over(newest)).where(F.col("place") <= MOST_TAUGHT)
    pairs = heard.groupBy("user", "item").agg(F.max("time").alias("latest"))
    if model.half_life_days <= 0:
        return pairs.select("user", "item", F.lit(1.0).cast("float").alias("cell"))
    half_life_days = model.half_life_days

    def decayed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            cells = decay(now - batch["latest"].to_numpy(), half_life_days)
            yield pa.RecordBatch.from_pydict({"user": batch["user"], "item": batch["item"], "cell": cells})

    return pairs.mapInArrow(decayed, "user int, item int, cell float")


def _rows(model: CoPurchase, shared: Any, width: int) -> Callable[[pa.Table], pa.Table]:
    """Return what computes the table's rows of one block from the histories that were sent to it."""

    def rows(histories: pa.Table) -> pa.Table:
        blocks, by_item = shared.value
        start, end = blocks[histories["block"][0].as_py()]
        ordered = histories.take(pc.sort_indices(histories, [("user", "ascending")]))
        sizes = pc.list_value_length(ordered["items"]).to_numpy()
        parts = _flat(ordered["cells"]), _flat(ordered["items"]), np.r_[0, np.cumsum(sizes)]
        taken = sparse.csr_array(parts, shape=(sizes.size, by_item.size))
        near, says = model.rows(
            sparse.csr_array(taken.T)[start:end],
            model.weighed(taken, by_item),
            items=np.arange(start, end, dtype=np.int32),
            by_item=by_item,
            width=width,
        )
        columns = [np.arange(start, end, dtype=np.int32), _lists(near), _lists(says)]
        return pa.table(columns, names=["item", "near", "says"])

    return rows


def _flat(lists: pa.ChunkedArray) -> Any:
    return pc.list_flatten(lists).to_numpy()


def _lists(matrix: Any) -> pa.ListArray:
    offsets = np.arange(0, matrix.size + 1, matrix.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(matrix.ravel()))
