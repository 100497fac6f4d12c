"""Cut item-by-item matrices, dense or sparse, to the best few cells a row, as they are served."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights


def top_of_dense(matrix: Weights, width: int, worth: Weights | None = None) -> tuple[Indices, Weights]:
    """Return (n, width) columns and cells of the best positive cells a row, padded with -1 and 0.

    Best is the largest cell times `worth` of its column; the cells come back as they were, best first,
    ties by column. Cells <= 0 are never kept: what speaks against an item is left unsaid.
    """
    rows, columns = matrix.shape
    width = max(1, min(width, columns))
    weighed = matrix if worth is None else matrix * worth[None, :]
    if columns > width:
        kept = np.argpartition(weighed, columns - width, axis=1)[:, columns - width :]
        kept.sort(axis=1)
    else:
        kept = np.broadcast_to(np.arange(columns), (rows, columns))
    rank = np.argsort(-np.take_along_axis(weighed, kept, axis=1), axis=1, kind="stable")
    near = np.take_along_axis(kept, rank, axis=1)
    return _padded(near, np.take_along_axis(matrix, near, axis=1))


def top_of_sparse(matrix: sparse.csr_array, width: int, worth: Weights | None = None) -> tuple[Indices, Weights]:
    """Return the same for a sparse matrix; cells that are not stored count as 0."""
    rows, columns = matrix.shape
    width = max(1, min(width, columns))
    near = np.full((rows, width), -1, dtype=np.int32)
    cells = np.zeros((rows, width), dtype=np.float32)
    indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    weighed = data if worth is None else data * worth[indices]
    for row in range(rows):
        start, end = indptr[row], indptr[row + 1]
        values, found = weighed[start:end], indices[start:end]
        if values.size > width:
            kept = np.argpartition(values, values.size - width)[values.size - width :]
        else:
            kept = np.arange(values.size)
        kept = kept[np.lexsort((found[kept], -values[kept]))]
        near[row, : kept.size], cells[row, : kept.size] = found[kept], data[start:end][kept]
    return _padded(near, cells)


def _padded(near: NDArray[np.integer], cells: NDArray[np.floating]) -> tuple[Indices, Weights]:
    said = cells > 0
    return np.where(said, near, -1).astype(np.int32), np.where(said, cells, 0).astype(np.float32)
