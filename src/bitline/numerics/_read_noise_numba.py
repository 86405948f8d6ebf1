"""CPU kernel of `add_read_noise`."""

from __future__ import annotations

import math

import numpy as np

from bitline.numerics.read_noise import COSINE, LANES, LN2, LOG, QUARTER, SINE
from bitline.numerics.threads import njit, prange, uint64

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
L0, L1, L2, L3, L4, L5, L6, L7, L8 = (np.float32(value) for value in LOG)
LN2_LOW, LN2_HIGH = (np.float32(value) for value in LN2)
S0, S1, S2 = (np.float32(value) for value in SINE)
C0, C1, C2 = (np.float32(value) for value in COSINE)
STEP, ROOT2 = np.float32(QUARTER), np.float32(math.sqrt(2))
HALF, ONE, TWO, FRACTION = np.float32(0.5), np.float32(1), np.float32(2), np.float32(2.0**-32)

BLOCKS = 64
"""Blocks that a thread takes at once."""


@njit(inline="always")
def _mix(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> uint64(30))) * MIX_1
    z = (z ^ (z >> uint64(27))) * MIX_2
    return z ^ (z >> uint64(31))


@njit(inline="always")
def _log(mantissa, exponent):  # type: ignore[no-untyped-def]
    """See `read_noise.log_of`."""
    above = mantissa > ROOT2
    f = (mantissa * HALF if above else mantissa) - ONE
    exponent = exponent + (ONE if above else np.float32(0))
    square = f * f
    p = (((((((L0 * f + L1) * f + L2) * f + L3) * f + L4) * f + L5) * f + L6) * f + L7) * f + L8
    tail = p * f * square + exponent * LN2_LOW - square * HALF
    return f + tail + exponent * LN2_HIGH


@njit(inline="always")
def _draw(start, block, uniforms, turns):  # type: ignore[no-untyped-def]
    """Uniform numbers and turns of a block, from the bits of its places."""
    for lane in range(LANES):
        bits = _mix(start + uint64(block * LANES + lane + 1) * GAMMA)
        uniforms[lane] = (np.float32(np.uint32(bits >> uint64(32))) + HALF) * FRACTION
        turns[lane] = np.uint32(bits & uint64(0xFFFFFFFF))


@njit(inline="always")
def _normals(patterns, mantissas, turns, cosines, sines):  # type: ignore[no-untyped-def]
    """Two normal numbers for each lane; `mantissas` are those of the uniform numbers with these bit `patterns`."""
    for lane in range(LANES):
        exponent = np.float32((patterns[lane] >> np.int32(23)) - np.int32(127))
        radius = np.sqrt(-TWO * _log(mantissas[lane], exponent))
        turn = turns[lane]
        quarter = ((turn + np.uint32(1 << 29)) >> np.uint32(30)) & np.uint32(3)
        x = np.float32(np.int32(turn << np.uint32(2))) * STEP
        square = x * x
        sine = ((S0 * square + S1) * square + S2) * square * x + x
        cosine = ((C0 * square + C1) * square + C2) * square * square - square * HALF + ONE
        odd = (quarter & np.uint32(1)) != 0
        first, second = (sine if odd else cosine), (cosine if odd else sine)
        cosines[lane] = radius * (-first if (quarter == 1 or quarter == 2) else first)
        sines[lane] = radius * (-second if quarter >= 2 else second)


@njit(inline="always")
def _add(numbers, variance, signals):  # type: ignore[no-untyped-def]
    """Add to signals (at most `LANES`) normal numbers of a variance."""
    for lane in range(len(signals)):
        power = variance[lane]
        signals[lane] += np.sqrt(np.float32(0) if power < 0 else power) * numbers[lane]


@njit(parallel=True, cache=True, fastmath={"nsz"})  # no fused multiply-adds: the same bits on every processor
def add_read_noise_float32(signals, variance, key, samples):  # type: ignore[no-untyped-def]
    """See `read_noise.add_read_noise`; a thread takes `BLOCKS` blocks of a sample in memory of its own."""
    count = signals.shape[1]
    blocks = (count + 2 * LANES - 1) // (2 * LANES)
    tasks = (blocks + BLOCKS - 1) // BLOCKS
    for task in prange(signals.shape[0] * tasks):
        sample, first = task // tasks, task % tasks * BLOCKS
        start = _mix(uint64(key) + uint64(samples[sample]) * GAMMA)
        uniforms, turns = np.empty(LANES, np.float32), np.empty(LANES, np.uint32)
        mantissas, numbers = np.empty(LANES, np.float32), np.empty((2, LANES), np.float32)
        patterns, ones = uniforms.view(np.int32), mantissas.view(np.int32)
        for block in range(first, min(first + BLOCKS, blocks)):
            _draw(start, block, uniforms, turns)
            for lane in range(LANES):
                ones[lane] = (patterns[lane] & np.int32(0x7FFFFF)) | np.int32(0x3F800000)
            _normals(patterns, mantissas, turns, numbers[0], numbers[1])
            for half in range(2):
                place = (2 * block + half) * LANES
                _add(numbers[half], variance[sample, place : place + LANES], signals[sample, place : place + LANES])
