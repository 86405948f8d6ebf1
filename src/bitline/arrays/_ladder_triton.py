"""GPU kernel of `ladder_products`.

A program walks a block of lines for a block of output positions, one input bit after the other, with (p, q, s) of every
pair in registers. Rows are walked one by one whether they are active or not: the lanes of a GPU move together.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

POSITIONS, LINES = 16, 64


@triton.jit  # type: ignore[untyped-decorator]
def _ladder(  # type: ignore[no-untyped-def]
    codes,
    offset,
    base,
    given,
    loading,
    result,
    elements,
    positions,
    total,
    rows,
    lines,
    bits,
    segment,
    foot,
    start_s,
    start_q,
    CAREFUL: tl.constexpr,
    P: tl.constexpr,
    L: tl.constexpr,
):
    place = tl.program_id(0) * P + tl.arange(0, P)
    line = tl.program_id(1) * L + tl.arange(0, L)
    live = place < total
    here = line < lines
    sample = (place // positions).to(tl.int64)
    position = place % positions
    start = sample * elements + tl.load(base + position, mask=live, other=0)
    summed = tl.zeros((P, L), dtype=tl.float32)
    weight = 1.0
    for bit in range(bits):
        p = tl.zeros((P, L), dtype=tl.float32)
        q = tl.zeros((P, L), dtype=tl.float32) + start_q
        s = tl.zeros((P, L), dtype=tl.float32) + start_s
        for row in range(rows):
            code = tl.load(codes + start + tl.load(offset + row), mask=live, other=0.0)
            on = ((tl.abs(code).to(tl.int32) >> bit) & 1).to(tl.float32)
            drive = tl.where(code < 0, -on, on)
            cell = tl.load(given + row * lines + line, mask=here, other=0.0)
            load = tl.load(loading + row * lines + line, mask=here, other=0.0)
            if row > 0:
                q += segment * s
            if CAREFUL:
                p /= q
                s /= q
                q = tl.zeros((P, L), dtype=tl.float32) + 1.0
            p += drive[:, None] * cell[None, :] * q
            s += on[:, None] * load[None, :] * q
        summed += weight * p / (q + (segment + foot) * s)
        weight *= 2.0
    target = result + (sample[:, None] * lines + line[None, :]) * positions + position[:, None]
    tl.store(target, summed, mask=live[:, None] & here[None, :])


def ladder_on_gpu(
    codes: Tensor,
    offset: Tensor,
    base: Tensor,
    given: Tensor,
    loading: Tensor,
    wires: tuple[float, float, float, float],
    careful: bool,
    bits: int,
) -> Tensor:
    """Products at the foot of the lines, (samples, lines, positions), float32.

    Args:
        codes: input codes, (samples, elements) float32.
        offset: offset of each row, (rows,) int64.
        base: first element of each position, (positions,) int64.
        given, loading: G/G_max that the rows drive and that load the lines, (rows, lines) float32.
        wires: resistances of a segment and of the foot, s and q at the start of a line.
        careful: whether q may grow too far for float32.
        bits: number of input bits.
    """
    codes, given, loading = codes.contiguous(), given.contiguous(), loading.contiguous()
    (samples, elements), (rows, lines), positions = codes.shape, given.shape, len(base)
    result = torch.empty(samples, lines, positions, dtype=torch.float32, device=codes.device)
    total = samples * positions
    grid: Any = (triton.cdiv(total, POSITIONS), triton.cdiv(lines, LINES))
    _ladder[grid](
        codes,
        offset.contiguous(),
        base.contiguous(),
        given,
        loading,
        result,
        elements,
        positions,
        total,
        rows,
        lines,
        bits,
        *wires,
        CAREFUL=careful,
        P=POSITIONS,
        L=LINES,
    )
    return result
