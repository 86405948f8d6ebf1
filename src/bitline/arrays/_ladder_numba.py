"""CPU kernel of `ladder_products`.

All input bits of a row are handled while its conductances are in the first-level cache: each bit keeps (p, q, s) of
every line of a block and the place where it last met an active row.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

BLOCK = 128
"""Lines walked at once: three numbers for each of 8 bits and 128 lines stay in the first-level cache."""
LARGE = 1e24
"""Bound of q at which it is divided out, far below the largest float32."""


@njit(parallel=True, cache=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
def ladder(  # type: ignore[no-untyped-def]
    codes, offset, base, given, loading, segment, foot, start_s, start_q, largest, bits, result
):
    """See `_ladder.ladder_products`; a line starts as s = start_s, q = start_q. Writes into `result`."""
    samples, positions, rows, lines = codes.shape[0], base.shape[0], given.shape[0], given.shape[1]
    kind = given.dtype.type
    blocks = (lines + BLOCK - 1) // BLOCK
    for task in prange(samples * positions):
        sample, position = task // positions, task % positions
        origin = base[position]
        p = np.empty((bits, BLOCK), given.dtype)
        q = np.empty((bits, BLOCK), given.dtype)
        s = np.empty((bits, BLOCK), given.dtype)
        met = np.empty(bits, np.int64)
        bound = np.empty(bits, np.float64)
        active = np.empty(bits, np.float64)
        for block in range(blocks):
            first = block * BLOCK
            width = min(BLOCK, lines - first)
            for bit in range(bits):
                met[bit] = 0
                bound[bit] = 1.0
                active[bit] = start_s / (start_q * max(largest, 1e-30))
                for j in range(width):
                    p[bit, j] = kind(0)
                    q[bit, j] = kind(start_q)
                    s[bit, j] = kind(start_s)
            for row in range(rows):
                code = np.int64(codes[sample, origin + offset[row]])
                sign = kind(1) if code > 0 else kind(-1)
                left = abs(code)
                bit = 0
                while left != 0:
                    if left & 1:
                        resistance = segment * (row - met[bit])
                        met[bit] = row
                        bound[bit] *= 1.0 + resistance * active[bit] * largest
                        active[bit] += 1.0
                        if bound[bit] > LARGE:
                            bound[bit] = 1.0 + resistance * active[bit] * largest
                            for j in range(width):
                                p[bit, j] /= q[bit, j]
                                s[bit, j] /= q[bit, j]
                                q[bit, j] = kind(1)
                        wire = kind(resistance)
                        for j in range(width):
                            grown = q[bit, j] + wire * s[bit, j]
                            q[bit, j] = grown
                            p[bit, j] += sign * given[row, first + j] * grown
                            s[bit, j] += loading[row, first + j] * grown
                    left >>= 1
                    bit += 1
            for j in range(width):
                total = kind(0)
                weight = kind(1)
                for bit in range(bits):
                    wire = kind(segment * (rows - met[bit]) + foot)
                    total += weight * p[bit, j] / (q[bit, j] + wire * s[bit, j])
                    weight *= kind(2)
                result[sample, first + j, position] = total
