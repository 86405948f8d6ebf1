"""GPU kernel of `add_read_noise`: the same numbers to the bit, each step rounded by itself."""

from __future__ import annotations

import math
from typing import Any

import triton
import triton.language as tl
from torch import Tensor

from bitline.numerics import read_noise

GAMMA, MIX_1, MIX_2 = tl.constexpr(read_noise.GAMMA), tl.constexpr(read_noise.MIX_1), tl.constexpr(read_noise.MIX_2)
L0, L1, L2, L3, L4, L5, L6, L7, L8 = map(tl.constexpr, read_noise.LOG)
LN2_LOW, LN2_HIGH = map(tl.constexpr, read_noise.LN2)
S0, S1, S2 = map(tl.constexpr, read_noise.SINE)
C0, C1, C2 = map(tl.constexpr, read_noise.COSINE)
STEP, ROOT2, FRACTION = tl.constexpr(read_noise.QUARTER), tl.constexpr(math.sqrt(2)), tl.constexpr(2.0**-32)


@triton.jit
def _mix(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> 30)) * MIX_1
    z = (z ^ (z >> 27)) * MIX_2
    return z ^ (z >> 31)


@triton.jit
def _log(x):  # type: ignore[no-untyped-def]
    """See `read_noise.log_of`."""
    bits = x.to(tl.int32, bitcast=True)
    exponent = ((bits >> 23) - 127).to(tl.float32)
    mantissa = ((bits & 0x7FFFFF) | 0x3F800000).to(tl.float32, bitcast=True)
    above = mantissa > ROOT2
    f = tl.where(above, mantissa * 0.5, mantissa) - 1.0
    exponent = exponent + tl.where(above, 1.0, 0.0)
    square = f * f
    p = (((((((L0 * f + L1) * f + L2) * f + L3) * f + L4) * f + L5) * f + L6) * f + L7) * f + L8
    tail = p * f * square + exponent * LN2_LOW - square * 0.5
    return f + tail + exponent * LN2_HIGH


@triton.jit(do_not_specialize=["key"])  # type: ignore[untyped-decorator]
def _add_noise(signals, variance, samples, count, blocks, key, LANES: tl.constexpr):  # type: ignore[no-untyped-def]
    sample, block = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    lane = tl.arange(0, LANES)
    start = _mix(key.to(tl.uint64) + tl.load(samples + sample).to(tl.uint64) * GAMMA)
    bits = _mix(start + (block * LANES + lane + 1).to(tl.uint64) * GAMMA)
    uniform = ((bits >> 32).to(tl.uint32).to(tl.float32) + 0.5) * FRACTION
    radius = tl.sqrt_rn(-2.0 * _log(uniform))
    turn = (bits & 0xFFFFFFFF).to(tl.uint32)
    quarter = ((turn + 0x20000000) >> 30) & 3
    x = (turn << 2).to(tl.int32, bitcast=True).to(tl.float32) * STEP
    square = x * x
    sine = ((S0 * square + S1) * square + S2) * square * x + x
    cosine = ((C0 * square + C1) * square + C2) * square * square - square * 0.5 + 1.0
    odd = (quarter & 1) != 0
    first, second = tl.where(odd, sine, cosine), tl.where(odd, cosine, sine)
    first = radius * tl.where((quarter == 1) | (quarter == 2), -first, first)
    second = radius * tl.where(quarter >= 2, -second, second)
    for half in tl.static_range(2):
        place = (2 * block + half) * LANES + lane
        live = place < count
        target = sample.to(tl.int64) * count + place
        spread = tl.sqrt_rn(tl.maximum(tl.load(variance + target, mask=live, other=0.0), 0.0))
        number = first if half == 0 else second
        tl.store(signals + target, tl.load(signals + target, mask=live, other=0.0) + spread * number, mask=live)


def add_read_noise_on_gpu(signals: Tensor, variance: Tensor, key: int, samples: Tensor) -> None:
    """See `read_noise.add_read_noise`; signals and variance float32, contiguous."""
    count = signals.shape[1]
    blocks = triton.cdiv(count, 2 * read_noise.LANES)
    grid: Any = (signals.shape[0] * blocks,)
    numbers = (samples.long().contiguous(), count, blocks, key)
    switches = {"LANES": read_noise.LANES, "num_warps": 2, "enable_fp_fusion": False}
    if signals.numel():
        _add_noise[grid](signals, variance.contiguous(), *numbers, **switches)
