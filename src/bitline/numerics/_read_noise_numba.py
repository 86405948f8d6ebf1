"""CPU kernel of `add_read_noise`."""

from __future__ import annotations

import math

import numpy as np

from bitline.numerics.threads import njit, prange, uint64

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)


@njit(inline="always")
def _mix(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> uint64(30))) * MIX_1
    z = (z ^ (z >> uint64(27))) * MIX_2
    return z ^ (z >> uint64(31))


@njit(parallel=True, cache=True, fastmath={"contract", "nsz", "arcp"})
def add_read_noise_float32(signals, variance, key, samples):  # type: ignore[no-untyped-def]
    """See `read_noise.add_read_noise`."""
    count = signals.shape[1]
    for sample in prange(signals.shape[0]):
        start = _mix(uint64(key) + uint64(samples[sample]) * GAMMA)
        for pair in range((count + 1) // 2):
            bits = _mix(start + uint64(pair + 1) * GAMMA)
            first = (np.float32(bits >> uint64(32)) + np.float32(0.5)) * np.float32(2.0**-32)
            second = np.float32(bits & uint64(0xFFFFFFFF)) * np.float32(2.0**-32)
            radius = math.sqrt(np.float32(-2.0) * math.log(first))
            angle = np.float32(2 * math.pi) * second
            i = 2 * pair
            signals[sample, i] += radius * math.cos(angle) * math.sqrt(max(variance[sample, i], np.float32(0)))
            if i + 1 < count:
                signals[sample, i + 1] += (
                    radius * math.sin(angle) * math.sqrt(max(variance[sample, i + 1], np.float32(0)))
                )
