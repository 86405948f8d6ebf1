"""GPU kernels of `convert_sums_and_add` and `scale_sums`: one read of every sum, and one write of every total.

Every step is rounded by itself, as on the CPU: fused multiply-adds are turned off, and quotients rounded right.
"""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl
from torch import Tensor

from bitline.numerics.rounded_triton import rounded

TOTALS = 1024
"""Totals of a program."""


@triton.jit  # type: ignore[untyped-decorator]
def _convert(  # type: ignore[no-untyped-def]
    sums,
    scale,
    low,
    high,
    factor,
    start,
    total,
    count,
    columns,
    groups,
    conversions,
    divisor,
    ANEW: tl.constexpr,
    DIVIDES: tl.constexpr,
    N: tl.constexpr,
):
    place = tl.program_id(0).to(tl.int64) * N + tl.arange(0, N)
    live = place < count
    block, column = place // columns, place % columns
    group = block % groups
    if ANEW:
        summed = tl.load(start + group * columns + column, mask=live, other=0.0)
    else:
        summed = tl.load(total + place, mask=live, other=0.0)
    for q in range(conversions):
        signal = tl.load(sums + (block * conversions + q) * columns + column, mask=live, other=0.0) * tl.load(scale + q)
        if DIVIDES:
            signal = tl.div_rn(signal, tl.zeros((N,), dtype=tl.float32) + divisor)
        clipped = tl.minimum(tl.maximum(signal, tl.load(low + q)), tl.load(high + q))
        weight = tl.load(factor + (group * conversions + q) * columns + column, mask=live, other=0.0)
        summed += weight * rounded(clipped)
    tl.store(total + place, summed, mask=live)


@triton.jit  # type: ignore[untyped-decorator]
def _scale(sums, factor, start, total, count, columns, N: tl.constexpr):  # type: ignore[no-untyped-def]
    place = tl.program_id(0).to(tl.int64) * N + tl.arange(0, N)
    live = place < count
    column = place % columns
    product = tl.load(sums + place, mask=live, other=0.0) * tl.load(factor + column, mask=live, other=0.0)
    tl.store(total + place, product + tl.load(start + column, mask=live, other=0.0), mask=live)


def convert_sums_on_gpu(
    sums: Tensor,
    scale: Tensor,
    divisor: float,
    levels: tuple[Tensor, Tensor, Tensor],
    start: Tensor | None,
    total: Tensor,
) -> None:
    """`convert.convert_sums_and_add`.

    Args:
        sums, scale, divisor, start, total: as there.
        levels: low, high and factor as there.
    """
    low, high, factor = (values.contiguous() for values in levels)
    begin = factor if start is None else start.contiguous()
    groups, conversions, columns = factor.shape
    numbers = (total.numel(), columns, groups, conversions, float(divisor))
    own = (sums, scale.contiguous(), low, high, factor, begin, total)
    switches = {"ANEW": start is not None, "DIVIDES": divisor != 1}
    _launch(_convert, total, *own, *numbers, **switches)


def scale_sums_on_gpu(sums: Tensor, factor: Tensor, start: Tensor, total: Tensor) -> None:
    """`convert.scale_sums`."""
    _launch(_scale, total, sums, factor.contiguous(), start.contiguous(), total, total.numel(), total.shape[-1])


def _launch(kernel: Any, total: Tensor, *arguments: Any, **switches: bool) -> None:
    grid = (triton.cdiv(total.numel(), TOTALS),)
    kernel[grid](*arguments, **switches, N=TOTALS, enable_fp_fusion=False)
