"""GPU kernel of `input_bytes`: one pass that also looks for values that are not finite."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from bitline.numerics.rounded_triton import rounded

INPUTS = 1024
"""Inputs of a program."""


@triton.jit  # type: ignore[untyped-decorator]
def _input_bytes(inputs, codes, worst, count, step, low, high, zero, N: tl.constexpr):  # type: ignore[no-untyped-def]
    place = tl.program_id(0).to(tl.int64) * N + tl.arange(0, N)
    live = place < count
    given = tl.load(inputs + place, mask=live, other=0.0)
    pattern = given.to(tl.int32, bitcast=True) & 0x7FFFFFFF
    tl.atomic_max(worst, tl.max(pattern, axis=0))
    signal = tl.div_rn(given, tl.zeros((N,), dtype=tl.float32) + step)
    clipped = tl.minimum(tl.maximum(signal, low), high)
    tl.store(codes + place, (rounded(clipped) + zero).to(tl.int32).to(tl.uint8), mask=live)


def input_bytes_on_gpu(inputs: Tensor, limits: tuple[float, float, float, float]) -> tuple[Tensor, bool]:
    """See `inputs.input_bytes`: the bytes, and whether all inputs are finite.

    Args:
        inputs: float32, in which no element lies apart from the others.
        limits: step, smallest and largest code, and the byte of code 0.
    """
    codes = torch.empty_like(inputs, dtype=torch.uint8)
    worst = torch.zeros(1, dtype=torch.int32, device=inputs.device)
    grid: Any = (triton.cdiv(inputs.numel(), INPUTS),)
    _input_bytes[grid](inputs, codes, worst, inputs.numel(), *map(float, limits), N=INPUTS, enable_fp_fusion=False)
    return codes, int(worst) < 0x7F800000
