"""Learn item factors by Spark's own alternating least squares, which spreads both sides over the cluster."""

from collections.abc import Iterable, Iterator
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from bodega.recsys.arrays import Indices, Weights
from bodega.recsys.models.als import SEED, Als
from bodega.spark.tables import taken

# What a step was made of is forgotten every so many steps: Java recurses through all of it.
_CHECKPOINT_STEPS = 4


def factored(model: Als, frame: DataFrame, *, n_items: int, now: float) -> tuple[Indices, Weights]:
    """Return what `model.learn` would of the same lines, nearly: the objective has many equally good minima.

    Spark multiplies the penalty of each user and item by how many pairs it has a part in. Factors may be scaled against
    each other for free, so that what counts is the product of both sides' penalties; the parameter is chosen for that
    to be, on average, what `model` says, and the scale of the items is then set as equal penalties would set it.
    """
    cells = taken(model, frame, now=now).persist()
    size = cells.agg(F.count("*").alias("pairs"), F.countDistinct("user").alias("users")).collect()[0]
    rank = model.rank_of(n_items)
    # Ten blocks, which is what Spark takes for granted, are many for one machine and few for a cluster.
    blocks = int(frame.sparkSession.conf.get("spark.sql.shuffle.partitions"))
    solver = ALS(
        rank=rank,
        maxIter=int(model.iterations),
        regParam=model.regularization * sqrt(size["users"] * n_items) / max(size["pairs"], 1),
        alpha=max(model.confidence - 1, 0.0),
        implicitPrefs=True,
        userCol="user",
        itemCol="item",
        ratingCol="cell",
        seed=SEED,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        checkpointInterval=_CHECKPOINT_STEPS,
    )
    solved = solver.fit(cells)
    cells.unpersist()
    found = solved.itemFactors.toArrow()
    items = np.zeros((n_items, rank))
    items[found["id"].to_numpy()] = _matrix(found["features"], rank)
    return model.table_of(balanced(items, _gram(solved.userFactors, rank)).astype(np.float32))


def balanced(items: NDArray[np.float64], gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return item factors that say the same beside user factors of the same size: with Y Y' = X' X.

    `items` (n_items, k) are Y, and `gram` (k, k) is X'X. Of all factors with the product X Y' those have the least
    |X|^2 + |Y|^2; they are V S^1/2 of its singular value decomposition U S V'.
    """
    values, vectors = np.linalg.eigh(gram)
    root = vectors * np.sqrt(np.maximum(values, 0))  # root root' = X'X
    turned, sizes, _ = np.linalg.svd(items @ root, full_matrices=False)
    factors: NDArray[np.float64] = turned * np.sqrt(sizes)
    return factors


def _gram(factors: DataFrame, rank: int) -> NDArray[np.float64]:
    """Return (rank, rank) X'X, of which each machine sums its part."""

    def part(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total = np.zeros((rank, rank))
        for batch in batches:
            rows = batch["features"].flatten().to_numpy().reshape(-1, rank).astype(np.float64)
            total += rows.T @ rows
        yield pa.RecordBatch.from_pydict({"total": [total.ravel()]})

    parts = factors.mapInArrow(part, "total array<double>").toArrow()
    gram: NDArray[np.float64] = _matrix(parts["total"], rank * rank).sum(axis=0).reshape(rank, rank)
    return gram


def _matrix(lists: pa.ChunkedArray, width: int) -> Any:
    return pc.list_flatten(lists).to_numpy().reshape(-1, width)
