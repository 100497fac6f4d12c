"""Cut item-by-item matrices to the best few cells a row, as they are served: given dense or sparse, or as a product."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bodega.recsys.arrays import Indices, Weights

# The package of a function has no room for a compiler.
HAS_COMPILER = find_spec("numba") is not None
# From so many terms on, compiled code pays for the time it takes to load; by scipy they take about a second.
FEWEST_COMPILED = 20_000_000
# Terms summed at once: bounds the memory of a block, whatever the size of the catalogue.
TERMS_AT_ONCE = 4_000_000
# The least number that is one: cells below it are none.
LEAST = np.finfo(np.float32).tiny
SAMPLED = 8
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def top_of_dense(matrix: Weights, width: int) -> tuple[Indices, Weights]:
    """Return (n, width) columns and cells of the best positive cells a row, padded with -1 and 0.

    Best first, ties by column. Cells <= 0 are never kept: what speaks against an item is left unsaid.
    """
    rows, columns = matrix.shape
    width = max(1, min(width, columns))
    above = matrix >= np.maximum(_least_kept(matrix, width), LEAST)
    near = np.full((rows, width), -1, dtype=np.int32)
    cells = np.zeros((rows, width), dtype=np.float32)
    row, column = np.nonzero(above)
    rank = np.lexsort((column, -matrix[row, column], row))
    row, column = row[rank], column[rank]
    place = np.arange(row.size) - np.searchsorted(row, np.arange(rows))[row]
    kept = place < width  # ties at the least cell are cut by column
    near[row[kept], place[kept]] = column[kept]
    cells[row[kept], place[kept]] = matrix[row[kept], column[kept]]
    return near, cells


def _least_kept(cells: Weights, width: int) -> Weights:
    """Return (n, 1) a cell that at least `width` of each row reach, and not many more.

    It is guessed from one column in SAMPLED; rows that it leaves too few of are looked at whole.
    """
    sample = cells[:, ::SAMPLED]
    place = sample.shape[1] - 2 * width // SAMPLED - 2
    if place < 0:
        return np.partition(cells, cells.shape[1] - width, axis=1)[:, cells.shape[1] - width, None]
    least: Weights = np.partition(sample, place, axis=1)[:, place, None]
    short = np.flatnonzero(np.count_nonzero(cells >= least, axis=1) < width)
    least[short] = np.partition(cells[short], cells.shape[1] - width, axis=1)[:, cells.shape[1] - width, None]
    return least


def top_of_sparse(matrix: sparse.csr_array, width: int) -> tuple[Indices, Weights]:
    """Return the same for a sparse matrix; cells that are not stored count as 0."""
    return _read(_keys(matrix, max(1, min(width, matrix.shape[1]))))


def top_of_product(
    left: sparse.csr_array, right: sparse.csr_array, width: int, owners: Indices
) -> tuple[Indices, Weights]:
    """Return the same for left @ right, (n, inner) @ (inner, columns) float32, of which only the best cells are kept.

    `owners` (n,) names for each row the column that is left out. Small products are scipy's, large ones compiled,
    over all cores, where there is a compiler; both give the same to the last bit.
    """
    width = max(1, min(width, right.shape[1]))
    near = np.full((owners.size, width), -1, dtype=np.int32)
    says = np.zeros((owners.size, width), dtype=np.float32)
    terms = terms_of(left, right)
    large = HAS_COMPILER and int(terms.sum(dtype=np.int64)) >= FEWEST_COMPILED
    multiply = _by_compiled(left, right, owners) if large else _by_scipy(left, right, owners)

    def fill(start: int, end: int) -> None:
        near[start:end], says[start:end] = _read(multiply(slice(start, end), width))

    with ThreadPoolExecutor(None if large else 1) as pool:
        for done in [pool.submit(fill, *block) for block in blocks_of(terms)]:
            done.result()
    return near, says


def terms_of(left: sparse.csr_array, right: sparse.csr_array) -> NDArray[np.int64]:
    """Return (n,) for each row of left @ right how many terms are summed in it."""
    ends = np.r_[0, np.cumsum(np.diff(right.indptr)[left.indices], dtype=np.int64)][left.indptr]
    terms: NDArray[np.int64] = np.diff(ends)
    return terms


def blocks_of(terms: NDArray[np.integer], at_once: int | None = None) -> list[tuple[int, int]]:
    """Cut rows into runs with at most `at_once` terms (TERMS_AT_ONCE), or of one row.

    >>> blocks_of(np.array([3, 3, 9, 1]), at_once=6)
    [(0, 2), (2, 3), (3, 4)]
    """
    most = TERMS_AT_ONCE if at_once is None else at_once
    ends = np.r_[0, np.cumsum(terms, dtype=np.int64)]
    bounds = [0]
    while bounds[-1] < terms.size:
        end = int(np.searchsorted(ends, ends[bounds[-1]] + most, side="right")) - 1
        bounds.append(min(max(end, bounds[-1] + 1), terms.size))
    return list(itertools.pairwise(bounds))


def scaled(
    matrix: sparse.csr_array, *, rows: Weights | None = None, columns: Weights | None = None
) -> sparse.csr_array:
    """Return the matrix with each row and each column times a number."""
    cells = matrix.data.astype(np.float32)
    if rows is not None:
        cells *= np.repeat(rows, np.diff(matrix.indptr))
    if columns is not None:
        cells *= columns[matrix.indices]
    return sparse.csr_array((cells, matrix.indices, matrix.indptr), shape=matrix.shape)


Multiply = Callable[[slice, int], NDArray[np.uint64]]


def _by_scipy(left: sparse.csr_array, right: sparse.csr_array, owners: Indices) -> Multiply:
    def multiply(rows: slice, width: int) -> NDArray[np.uint64]:
        block = sparse.csr_array(left[rows] @ right)
        block.data[block.indices == np.repeat(owners[rows], np.diff(block.indptr))] = 0
        return _keys(block, width)

    return multiply


def _by_compiled(left: sparse.csr_array, right: sparse.csr_array, owners: Indices) -> Multiply:
    from bodega.recsys.compiled import best_keys  # noqa: PLC0415  # what small shops never need costs 40 MB

    own, other = (
        (side.indptr.astype(np.int64, copy=False), side.indices.astype(np.int32, copy=False), side.data)
        for side in (left, right)
    )

    def multiply(rows: slice, width: int) -> NDArray[np.uint64]:
        keys = np.zeros((rows.stop - rows.start, width), dtype=np.uint64)
        starts = own[0][rows.start : rows.stop + 1]
        best_keys(owners[rows], starts, *own[1:], other[0], other[1].view(np.uint32), other[2], keys, right.shape[1])
        return keys

    multiply(slice(0, 0), 1)  # compiled before threads start: each of them would compile it
    return multiply


def _keys(matrix: sparse.csr_array, width: int) -> NDArray[np.uint64]:
    """Return (n, width) the largest cells > 0 of each row as keys, unordered.

    A key is the bits of a cell and, below them, the complement of its column: keys order as the cells do, ties by the
    lower column. 0 is no cell.
    """
    keys = np.zeros((matrix.shape[0], width), dtype=np.uint64)
    starts = matrix.indptr
    bits = np.maximum(matrix.data, 0).astype(np.float32).view(np.uint32).astype(np.uint64)
    packed = (bits << _HALF) | (_LOW - matrix.indices.astype(np.uint64))
    for row in range(keys.shape[0]):
        found = packed[starts[row] : starts[row + 1]]
        if found.size > width:
            found = np.partition(found, found.size - width)[found.size - width :]
        keys[row, : found.size] = found
    return keys


def _read(keys: NDArray[np.uint64]) -> tuple[Indices, Weights]:
    """Sort keys in place, best first, and return their columns and cells."""
    keys.sort(axis=1)
    ordered = keys[:, ::-1]
    cells = (ordered >> _HALF).astype(np.uint32).view(np.float32)
    columns = (_LOW - (ordered & _LOW)).astype(np.uint32).view(np.int32)
    columns[cells <= 0] = -1
    return columns, cells
