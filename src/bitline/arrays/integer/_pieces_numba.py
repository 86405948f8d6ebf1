"""CPU kernel of `laid_out_pieces`: whole numbers cut into bytes on their way to where kernels have them."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange
from bitline.numerics.transposed_numba import transpose_all, transpose_eights

ROWS = 64
"""Rows whose bytes stay in cache until they lie by lines."""


@njit(parallel=True, cache=True)
def cut_and_lay_out(weights, shift, offset, laid_out):  # type: ignore[no-untyped-def]
    """Bytes (weights + offset) >> shift of int32 (matrices, rows, lines), into int8 (matrices, lines, rows).

    Returns:
        Whether any is not 0.
    """
    matrices, rows, lines = weights.shape
    is_even = rows % 8 == 0 and lines % 8 == 0
    blocks, some = (rows + ROWS - 1) // ROWS, 0
    for task in prange(matrices * blocks):
        matrix, first = task // blocks, task % blocks * ROWS
        count = min(ROWS, rows - first)
        cut, any_bits = np.empty((count, lines), np.int8), np.int8(0)
        for row in range(count):
            own, room = weights[matrix, first + row], cut[row]
            for line in range(lines):
                byte = np.int8((own[line] + offset) >> shift)
                room[line] = byte
                any_bits |= byte
        some += any_bits != 0
        if is_even:
            eights = laid_out[matrix].view(np.uint64)
            transpose_eights(cut.view(np.uint64), eights[:, first >> 3 : (first + count) >> 3])
        else:
            transpose_all(cut, laid_out[matrix][:, first : first + count])
    return some != 0
