"""CPU kernel of `fingerprint`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit


@njit(cache=True)
def mix(words, golden, multiplier):  # type: ignore[no-untyped-def]
    """Sum of a well mixed function of every word (n,) and its place, modulo 2^64."""
    total, half = np.uint64(0), np.uint64(32)
    for index in range(len(words)):
        value = np.uint64(words[index]) + np.uint64(index) * np.uint64(golden)
        value = (value ^ (value >> half)) * np.uint64(multiplier)
        total += value ^ (value >> half)
    return total
