"""Multiply sparse matrices and keep the best cells of each row, compiled: the inner loop of large catalogues.

Importing this costs a fifth of a second and 40 MB, and the first call on a machine compiles for a second or two: only
for products that are large enough (`tables.top_of_product` decides).
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import float32, uint32, uint64
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
_Function = TypeVar("_Function", bound=Callable[..., object])


def _compiled(function: _Function) -> _Function:
    """Compile without the interpreter's lock; kept beside the source, or in the user's cache, where one may write."""
    with contextlib.suppress(RuntimeError):  # no place to keep it: compile in every process
        return cast("_Function", numba.njit(nogil=True, cache=True)(function))
    return cast("_Function", numba.njit(nogil=True)(function))


@_compiled
def best_keys(
    owners: NDArray[np.int32],
    left_starts: NDArray[np.int64],
    left_columns: NDArray[np.int32],
    left_cells: NDArray[np.float32],
    right_starts: NDArray[np.int64],
    right_columns: NDArray[np.int32],
    right_cells: NDArray[np.float32],
    keys: Keys,
    n_columns: int,
) -> None:
    """Fill `keys` (rows, width) with the largest cells > 0 of each row of left @ right, unordered.

    `owners` (rows,) names for each row the column that is left out.

    A key is the cell's bits and, below them, the complement of its column: as numbers keys order by cell, ties by
    the lower column, and 0 is no cell. The order of summing is that of `left`'s cells, so that scipy's product is the
    same to the last bit.
    """
    width = keys.shape[1]
    sums = np.zeros(n_columns, np.float32)
    bits = sums.view(np.uint32)
    touched = np.empty(n_columns + 1, np.int32)
    heap = np.empty(max(8 * width, 512), np.uint64)
    for row in range(owners.size):
        count = 0
        for at in range(left_starts[row], left_starts[row + 1]):
            inner, cell = left_columns[at], left_cells[at]
            for other in range(right_starts[inner], right_starts[inner + 1]):
                column = right_columns[other]
                before = sums[column]
                # No branch: which columns are new is as good as chance, and a wrong guess costs more than the write.
                touched[count] = column
                count += before == float32(0)
                sums[column] = before + cell * right_cells[other]
        sums[owners[row]] = 0
        kept, least = 0, uint64(0)
        for at in range(count):
            column = touched[at]
            key = (uint64(bits[column]) << uint64(32)) | uint64(uint32(0xFFFFFFFF) - uint32(column))
            sums[column] = 0
            heap[kept] = key
            kept += key > least
            if kept == heap.size:
                least = _largest_first(heap, kept, width)
                kept = width
        if kept > width:
            _largest_first(heap, kept, width)
            kept = width
        keys[row, :kept] = heap[:kept]


@_compiled
def _largest_first(keys: Keys, count: int, width: int) -> Any:
    """Bring the `width` largest of the first `count` keys to the front (Hoare's selection); return their least."""
    low, high = 0, count - 1
    while low < high:
        pivot = keys[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while keys[left] > pivot:
                left += 1
            while keys[right] < pivot:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                left += 1
                right -= 1
        if width - 1 <= right:
            high = right
        elif width - 1 >= left:
            low = left
        else:
            break
    return keys[width - 1]
