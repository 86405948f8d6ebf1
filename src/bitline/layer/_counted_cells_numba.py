"""CPU kernels of `counted_cells`: one pass over cells, in pieces that stay in cache, from codes to whole numbers."""

from __future__ import annotations

import numpy as np

from bitline.numerics.normals_numba import take_normals
from bitline.numerics.threads import njit, prange
from bitline.numerics.transposed_numba import transpose_all, transpose_eights

PIECE = 2048
"""Cells that are drawn and counted at once."""
SURE = 0.499999
"""Distance from a whole number below which a product with 1 / step rounds as the quotient does."""
ROWS = 64
"""Rows of a matrix that are written at once."""


@njit(parallel=True, cache=True)
def stored_places(codes, top, columns, by_eight, places):  # type: ignore[no-untyped-def]
    """Places in a table -top .. top of codes (groups * columns, rows), as they lie on arrays.

    Writes `places` (groups, rows, columns + unit columns), uint8 or uint16; unit columns hold the code 0.
    """
    groups, rows = places.shape[0], places.shape[1]
    blocks = (rows + ROWS - 1) // ROWS
    for task in prange(groups * blocks):
        group, first = task // blocks, task % blocks * ROWS
        last = min(rows, first + ROWS)
        own = codes[group * columns : (group + 1) * columns]
        if by_eight:
            eights, room = own.view(np.uint64), places[group].view(np.uint64)
            transpose_eights(eights[:, first >> 3 : last >> 3], room[first:last])
        else:
            transpose_all(own[:, first:last], places[group, first:last, :columns])
            places[group, first:last, columns:] = 0
        for row in range(first, last):
            line = places[group, row]
            for column in range(len(line)):
                line[column] += top


@njit(inline="always")
def _relative(numbers, places, target, spread, cells):  # type: ignore[no-untyped-def]
    """G = target (1 + spread n), with one spread for all."""
    own = spread[0]
    for cell in range(len(cells)):
        cells[cell] = (numbers[cell] * own + np.float32(1)) * target[places[cell]]


@njit(inline="always")
def _absolute(numbers, places, target, spread, cells):  # type: ignore[no-untyped-def]
    """G = target + spread n."""
    for cell in range(len(cells)):
        cells[cell] = numbers[cell] * spread[places[cell]] + target[places[cell]]


@njit(inline="always")
def _steps(cells, step, whole):  # type: ignore[no-untyped-def]
    """The nearest multiples of a step as `whole_steps` rounds them: where it is not sure, quotients are formed."""
    inverse, doubts = 1.0 / step, 0
    for cell in range(len(cells)):
        quotient = np.float64(cells[cell]) * inverse
        rounded = np.rint(quotient)
        doubts += not abs(quotient - rounded) < SURE
        whole[cell] = np.int32(rounded)
    if doubts:
        for cell in range(len(cells)):
            whole[cell] = np.int32(np.rint(np.float64(cells[cell]) / step))


@njit(cache=True)
def count_cells(places, target, spread, is_relative, window, step, weights, are_first, counts, stream, met):  # type: ignore[no-untyped-def]
    """Draw the cells of one line and slice, and add what they count to readings.

    Args:
        places: of the cells' codes in tables, (cells,).
        target, spread: G/G_max by code, (codes,) float32; `spread` (1,), a share of the target, if `is_relative`.
        window: where conductances end, float32.
        step: of the grid.
        weights: (readings,) int32, what the line counts in each.
        are_first: (readings,) whether it is the first line of each.
        counts: (readings, cells) int32, added to; written by the first line.
        stream: buffers of a `NormalStream`.
        met: (3,) whether a cell missed its target, the least and the largest number of steps; updated.
    """
    low, high = window
    numbers, cells, whole = np.empty(PIECE, np.float32), np.empty(PIECE, np.float32), np.empty(PIECE, np.int32)
    missed, least, largest = 0, met[1], met[2]
    for first in range(0, len(places), PIECE):
        own = places[first : first + PIECE]
        count = len(own)
        drawn, held, found = numbers[:count], cells[:count], whole[:count]
        take_normals(*stream, drawn)
        if is_relative:
            _relative(drawn, own, target, spread, held)
        else:
            _absolute(drawn, own, target, spread, held)
        for cell in range(count):
            held[cell] = min(max(held[cell], low), high)
        if not missed:
            for cell in range(count):
                missed |= held[cell] != target[own[cell]]
        _steps(held, step, found)
        for cell in range(count):
            least, largest = min(least, found[cell]), max(largest, found[cell])
        for reading in range(len(weights)):
            weight, sums = weights[reading], counts[reading, first : first + count]
            if weight != 0 and are_first[reading]:
                for cell in range(count):
                    sums[cell] = weight * found[cell]
            elif weight != 0:
                for cell in range(count):
                    sums[cell] += weight * found[cell]
    met[0] |= missed
    met[1], met[2] = least, largest
