"""CPU kernels of `ladder_products`.

All input bits of a row are handled while its conductances are in the first-level cache: each bit keeps (p, q, s) of
every line of a bundle and the place where it last met an active row. A table of the set bits of a byte takes the place
of tests that the processor could not predict. Kernels are made for fixed widths of the bundles, so that the compiler
can unroll; for wires that let q grow far, which is divided out then; and for lines that rows drive and load alike. If
then all voltages of a vector have one sign and the far end is open, p is s with that sign, and only s and q are kept.
The steps of a walk are functions of their own, which numba puts in place of their calls: the compiled kernel is the
same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bitline.numerics.threads import njit, prange

WIDTHS = (16, 32, 64, 128)
"""Lines walked at once; three numbers for each of 8 bits and 128 lines stay in the first-level cache."""
LARGE = 1e24
"""Bound of q at which it is divided out, far below the largest float32."""

BITS_SET = np.array([value.bit_count() for value in range(256)], dtype=np.int64)
PLACES = np.array(
    [[bit for bit in range(8) if value >> bit & 1] + [0] * (8 - value.bit_count()) for value in range(256)]
)


def width_for(lines: int) -> int:
    """The width of bundles that wastes least for so many lines."""
    return next((width for width in WIDTHS if width >= lines), WIDTHS[-1])


@njit(inline="always")
def _begin(state, met, bound, active, start_s, start_q, largest, width):  # type: ignore[no-untyped-def]
    """Every bit at the far end of the lines."""
    kind = state.dtype.type
    for bit in range(len(met)):
        met[bit] = 0
        bound[bit] = 1.0
        active[bit] = start_s / (start_q * max(largest, 1e-30))
        for j in range(width):
            state[bit, 0, j] = kind(0)
            state[bit, 1, j] = kind(start_q)
            state[bit, 2, j] = kind(start_s)


@njit(inline="always")
def _divide_out(state, bit, wire, bound, active, largest, width):  # type: ignore[no-untyped-def]
    """Keep q inside its range, on wires that let it grow far."""
    kind = state.dtype.type
    bound[bit] *= 1.0 + wire * active[bit] * largest
    active[bit] += 1.0
    if bound[bit] > LARGE:
        bound[bit] = 1.0 + wire * active[bit] * largest
        for j in range(width):
            state[bit, 0, j] /= state[bit, 1, j]
            state[bit, 2, j] /= state[bit, 1, j]
            state[bit, 1, j] = kind(1)


@njit(inline="always")
def _is_negative(codes, sample, first, offset):  # type: ignore[no-untyped-def]
    """Whether a row of a vector has a negative voltage."""
    negative = False
    for row in range(len(offset)):
        negative |= codes[sample, first + offset[row]] < 0
    return negative


@njit(inline="always")
def _add_cells_rising(state, bit, wire, given, bundle, row, width):  # type: ignore[no-untyped-def]
    """The wire before a row, and its cells, where p = s."""
    for j in range(width):
        grown = state[bit, 1, j] + wire * state[bit, 2, j]
        state[bit, 1, j] = grown
        state[bit, 2, j] += given[bundle, row, j] * grown


@njit(inline="always")
def _add_cells_alike(state, bit, wire, sign, given, bundle, row, width):  # type: ignore[no-untyped-def]
    """The wire before a row, and its cells, which drive and load the lines alike."""
    for j in range(width):
        grown = state[bit, 1, j] + wire * state[bit, 2, j]
        more = given[bundle, row, j] * grown
        state[bit, 1, j] = grown
        state[bit, 0, j] += sign * more
        state[bit, 2, j] += more


@njit(inline="always")
def _add_cells(state, bit, wire, sign, given, loading, bundle, row, width):  # type: ignore[no-untyped-def]
    """The wire before a row, and its cells."""
    for j in range(width):
        grown = state[bit, 1, j] + wire * state[bit, 2, j]
        state[bit, 1, j] = grown
        state[bit, 0, j] += sign * given[bundle, row, j] * grown
        state[bit, 2, j] += loading[bundle, row, j] * grown


@njit(inline="always")
def _foot_current(state, drive, j, met, rows, segment, foot):  # type: ignore[no-untyped-def]
    """Sum over bits k of 2^k times the current at the foot of a line; `drive` is where p is."""
    kind = state.dtype.type
    total = kind(0)
    weight = kind(1)
    for bit in range(len(met)):
        wire = kind(segment * (rows - met[bit]) + foot)
        total += weight * state[bit, drive, j] / (state[bit, 1, j] + wire * state[bit, 2, j])
        weight *= kind(2)
    return total


@cache
def ladder_kernel(width: int, careful: bool, alike: bool) -> Callable[..., Any]:
    """The kernel for bundles of `width` lines; compiled on first use and kept on disk.

    Its arguments are codes (samples, elements), offset (rows,), base (positions,), given and loading (bundles, rows,
    width), the resistances of a segment and the foot, s and q at the start of a line, the largest conductance, the
    input bits, and the result (samples, lines, positions) that it writes into.
    """

    @njit(parallel=True, cache=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
    def ladder(  # type: ignore[no-untyped-def]
        codes, offset, base, given, loading, segment, foot, start_s, start_q, largest, bits, result
    ):
        samples, positions = codes.shape[0], base.shape[0]
        bundles, rows, lines = given.shape[0], given.shape[1], result.shape[1]
        kind = given.dtype.type
        for task in prange(samples * positions):
            sample, position = task // positions, task % positions
            rising = alike and start_s == 0 and not _is_negative(codes, sample, base[position], offset)
            drive = 2 if rising else 0
            state = np.empty((bits, 3, width), given.dtype)
            met, bound, active = np.empty(bits, np.int64), np.empty(bits, np.float64), np.empty(bits, np.float64)
            for bundle in range(bundles):
                _begin(state, met, bound, active, start_s, start_q, largest, width)
                for row in range(rows):
                    code = np.int64(codes[sample, base[position] + offset[row]])
                    sign = kind(1) if code > 0 else kind(-1)
                    left, first = abs(code), 0
                    while left != 0:
                        byte = left & 255
                        for place in range(BITS_SET[byte]):
                            bit = first + PLACES[byte, place]
                            wire = kind(segment * (row - met[bit]))
                            met[bit] = row
                            if careful:
                                _divide_out(state, bit, wire, bound, active, largest, width)
                            if rising:
                                _add_cells_rising(state, bit, wire, given, bundle, row, width)
                            elif alike:
                                _add_cells_alike(state, bit, wire, sign, given, bundle, row, width)
                            else:
                                _add_cells(state, bit, wire, sign, given, loading, bundle, row, width)
                        left >>= 8
                        first += 8
                for j in range(min(width, lines - bundle * width)):
                    total = _foot_current(state, drive, j, met, rows, segment, foot)
                    result[sample, bundle * width + j, position] = total

    return ladder
