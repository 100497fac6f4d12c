"""Cut item-by-item matrices, dense or sparse, to the largest few cells a row, as they are served."""

import numpy as np
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights


def top_of_dense(matrix: Weights, width: int) -> tuple[Indices, Weights]:
    """Return (n, width) columns and cells of the largest positive cells a row, padded with -1 and 0.

    Descending; ties go to the lower column. Cells <= 0 are never kept: what speaks against an item is
    left unsaid.
    """
    rows, columns = matrix.shape
    width = max(1, min(width, columns))
    if columns > width:
        kept = np.argpartition(matrix, columns - width, axis=1)[:, columns - width :]
        kept.sort(axis=1)
    else:
        kept = np.broadcast_to(np.arange(columns), (rows, columns))
    cells = np.take_along_axis(matrix, kept, axis=1)
    rank = np.argsort(-cells, axis=1, kind="stable")
    cells = np.take_along_axis(cells, rank, axis=1).astype(np.float32)
    near = np.take_along_axis(kept, rank, axis=1).astype(np.int32)
    near[cells <= 0] = -1
    cells[cells <= 0] = 0
    return near, cells


def top_of_sparse(matrix: sparse.csr_array, width: int) -> tuple[Indices, Weights]:
    """Return the same for a sparse matrix; cells that are not stored count as 0."""
    rows, columns = matrix.shape
    width = max(1, min(width, columns))
    near = np.full((rows, width), -1, dtype=np.int32)
    cells = np.zeros((rows, width), dtype=np.float32)
    indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    for row in range(rows):
        start, end = indptr[row], indptr[row + 1]
        values = data[start:end]
        if values.size > width:
            kept = np.argpartition(values, values.size - width)[values.size - width :]
            values, found = values[kept], indices[start:end][kept]
        else:
            found = indices[start:end]
        rank = np.lexsort((found, -values))
        near[row, : rank.size], cells[row, : rank.size] = found[rank], values[rank]
    near[cells <= 0] = -1
    cells[cells <= 0] = 0
    return near, cells
