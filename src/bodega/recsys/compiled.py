"""Multiply sparse matrices and keep the best cells of each row, compiled: the inner loop of large catalogues.

Importing this costs a fifth of a second and 40 MB, and the first call on a machine compiles for a second or two: only
for products that are large enough (`tables.top_of_product` decides).
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import float32, int64, uint32, uint64
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
# Floats are counted by their bits without these: 2,048 bins, eight for each power of two. The sign is the highest bit.
LOW_BITS = np.uint32(20)
BINS = 2048
NEGATIVE = np.uint32(1 << 31)
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
    right_columns: NDArray[np.uint32],
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
    touched = np.empty(n_columns + 1, np.uint32)
    bits = np.empty(n_columns + 1, np.uint32)
    good = np.empty(n_columns + 1, np.uint64)
    bins = np.zeros(BINS, np.int64)
    for row in range(owners.size):
        count = uint64(0)  # unsigned, here and in the loops: a place that might be negative costs a test a term
        for at in range(left_starts[row], left_starts[row + 1]):
            inner, cell = left_columns[at], left_cells[at]
            for other in range(uint64(right_starts[inner]), uint64(right_starts[inner + 1])):
                column = right_columns[other]
                before = sums[column]
                # No branch: which columns are new is as good as chance, and a wrong guess costs more than the write.
                touched[count] = column
                count += uint64(before == float32(0))
                sums[column] = before + cell * right_cells[other]
        sums[owners[row]] = 0
        least = _taken_out(sums, touched, bits, count, bins, width)
        kept = uint64(0)
        for at in range(count):
            good[kept] = (uint64(bits[at]) << uint64(32)) | uint64(uint32(0xFFFFFFFF) - touched[at])
            kept += uint64(bits[at] >= least)
        if kept > width:
            _bring_largest_first(good, int64(kept), width)
        for at in range(min(kept, width)):
            keys[row, at] = good[at]


@_compiled
def _taken_out(
    sums: NDArray[np.float32],
    touched: NDArray[np.uint32],
    bits: NDArray[np.uint32],
    count: np.uint64,
    bins: NDArray[np.int64],
    width: int,
) -> Any:
    """Move the sums of the `touched` columns into `bits`, leaving zeros; return bits that about `width` of them reach.

    Floats >= 0 order as their bits do, so that counting them by exponent and first digits tells, without comparing any
    two, below which of them none of the `width` largest lies. `bins` (BINS,) are zeros before and after.
    """
    sums_as_bits = sums.view(np.uint32)
    highest = uint32(0)
    for at in range(count):
        column = touched[at]
        cell = sums_as_bits[column]
        sums[column] = 0
        if cell >= NEGATIVE:
            cell = uint32(0)
        bits[at] = cell
        bins[cell >> LOW_BITS] += 1
        highest = max(highest, cell)
    place, wanted = int64(highest >> LOW_BITS), width
    while place > 0 and wanted > bins[place]:
        wanted -= bins[place]
        bins[place] = 0
        place -= 1
    bins[: place + 1] = 0
    return max(uint32(place << LOW_BITS), uint32(1))


@_compiled
def _bring_largest_first(keys: Keys, count: np.int64, width: int) -> None:
    """Bring the `width` largest of the first `count` keys to the front (Hoare's selection)."""
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
