"""CPU kernel of `two_wire_products`.

As in `_ladder_numba`, all input bits of a row are handled while its conductances are in the first-level cache, and rows
that are off only lengthen the wires. Each bit keeps nine numbers of every column: the conductances between bit line and
plus line, bit line and minus line, and the two source lines; then those from each of the three to what feeds it; then
the currents that each of the three delivers into a short circuit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bitline.numerics.threads import njit, prange

if TYPE_CHECKING:
    from bitline.arrays._ladder import InputWindows
    from bitline.arrays._two_wires import ColumnWires

WIDTH = 16
"""Columns walked at once."""


@njit(inline="always")
def _wire(r, unit, c1, c2, c12, y, y1, y2, j, j1, j2):  # type: ignore[no-untyped-def]
    """A resistance r in series with one port, whose branches to ports 1 and 2 are c1 and c2: a star becomes a mesh."""
    left = unit / (unit + r * (c1 + c2 + y))
    to1, to2 = r * left * c1, r * left * c2
    mesh = (c1 * left, c2 * left, c12 + to1 * c2)
    return (*mesh, y * left, y1 + to1 * y, y2 + to2 * y, j * left, j1 + to1 * j, j2 + to2 * j)


@njit(inline="always")
def _lengthen(state, bit, bit_wire, source_wire, width):  # type: ignore[no-untyped-def]
    """A piece of all three wires of every column."""
    unit = state.dtype.type(1)
    for k in range(width):
        bp, bm, pm = state[bit, 0, k], state[bit, 1, k], state[bit, 2, k]
        yb, yp, ym = state[bit, 3, k], state[bit, 4, k], state[bit, 5, k]
        jb, jp, jm = state[bit, 6, k], state[bit, 7, k], state[bit, 8, k]
        bp, bm, pm, yb, yp, ym, jb, jp, jm = _wire(bit_wire, unit, bp, bm, pm, yb, yp, ym, jb, jp, jm)
        bp, pm, bm, yp, yb, ym, jp, jb, jm = _wire(source_wire, unit, bp, pm, bm, yp, yb, ym, jp, jb, jm)
        bm, pm, bp, ym, yb, yp, jm, jb, jp = _wire(source_wire, unit, bm, pm, bp, ym, yb, yp, jm, jb, jp)
        state[bit, 0, k], state[bit, 1, k], state[bit, 2, k] = bp, bm, pm
        state[bit, 3, k], state[bit, 4, k], state[bit, 5, k] = yb, yp, ym
        state[bit, 6, k], state[bit, 7, k], state[bit, 8, k] = jb, jp, jm


@njit(inline="always")
def _begin(state, met, bit_head, source_head, width):  # type: ignore[no-untyped-def]
    """Every bit at the far end of the columns."""
    kind = state.dtype.type
    for bit in range(len(met)):
        met[bit] = 0
        for k in range(width):
            for number in range(9):
                state[bit, number, k] = kind(0)
            state[bit, 3, k] = kind(bit_head)
            state[bit, 4, k], state[bit, 5, k] = kind(source_head), kind(source_head)
            state[bit, 7, k], state[bit, 8, k] = kind(source_head), kind(-source_head)


@njit(inline="always")
def _add_cells(state, bit, plus, minus, bundle, row, width):  # type: ignore[no-untyped-def]
    """A row that is on, its cells `plus` at the positive supply."""
    for k in range(width):
        state[bit, 0, k] += plus[bundle, row, k]
        state[bit, 1, k] += minus[bundle, row, k]


@njit(inline="always")
def _foot_current(state, bit, k, foot, source_foot):  # type: ignore[no-untyped-def]
    """Current into the ground at the foot, once both source lines end there."""
    kind = state.dtype.type
    bp, bm, pm = state[bit, 0, k], state[bit, 1, k], state[bit, 2, k]
    yb, yp, ym = state[bit, 3, k], state[bit, 4, k] + source_foot, state[bit, 5, k] + source_foot
    jb, jp, jm = state[bit, 6, k], state[bit, 7, k] + source_foot, state[bit, 8, k] - source_foot
    to_b, to_m = bp / (bp + pm + yp), pm / (bp + pm + yp)
    bm, yb, ym, jb, jm = bm + to_b * pm, yb + to_b * yp, ym + to_m * yp, jb + to_b * jp, jm + to_m * jp
    to_b = bm / (bm + ym)
    yb, jb = yb + to_b * ym, jb + to_b * jm
    return jb / (kind(1) + foot * yb)


@njit(parallel=True, cache=True, error_model="numpy")
def _walk(codes, offset, base, plus, minus, segments, heads, feet, bits, result):  # type: ignore[no-untyped-def]
    """Write the products into `result`; segments, heads and feet are those of the bit line and of the source lines,
    heads and the source lines' feet as conductances."""
    positions = base.shape[0]
    bundles, rows, width = plus.shape
    kind = plus.dtype.type
    for task in prange(codes.shape[0] * positions):
        sample, position = task // positions, task % positions
        state, met = np.empty((bits, 9, width), plus.dtype), np.empty(bits, np.int64)
        for bundle in range(bundles):
            _begin(state, met, heads[0], heads[1], width)
            for row in range(rows):
                code = np.int64(codes[sample, base[position] + offset[row]])
                for bit in range(bits):
                    if abs(code) >> bit & 1:
                        run = row - met[bit]
                        met[bit] = row
                        _lengthen(state, bit, kind(segments[0] * run), kind(segments[1] * run), width)
                        if code > 0:
                            _add_cells(state, bit, plus, minus, bundle, row, width)
                        else:
                            _add_cells(state, bit, minus, plus, bundle, row, width)
            for bit in range(bits):
                run = rows - 1 - met[bit]
                _lengthen(state, bit, kind(segments[0] * run), kind(segments[1] * run), width)
            for k in range(min(width, result.shape[1] - bundle * width)):
                total = kind(0)
                for bit in range(bits):
                    total += kind(2.0**bit) * _foot_current(state, bit, k, kind(feet[0]), kind(feet[1]))
                result[sample, bundle * width + k, position] = total


def products_at_the_foot(
    codes: Tensor, windows: InputWindows, plus: Tensor, minus: Tensor, wires: ColumnWires, bits: int
) -> Tensor:
    """`two_wire_products` of the ground at the foot."""
    from bitline.arrays._ladder import in_bundles

    bit, source = wires.bit, wires.source
    result = torch.empty(len(codes), plus.shape[1], len(windows.base), dtype=plus.dtype)
    _walk(
        codes.to(plus.dtype).contiguous().numpy(),
        windows.offset.contiguous().numpy(),
        windows.base.contiguous().numpy(),
        in_bundles(plus, WIDTH).numpy(),
        in_bundles(minus, WIDTH).numpy(),
        (float(bit.segment), float(source.segment)),
        (bit.at_head, source.at_head),
        (float(bit.segment + bit.foot), source.at_foot),
        bits,
        result.numpy(),
    )
    return result
