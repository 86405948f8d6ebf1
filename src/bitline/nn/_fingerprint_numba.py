"""CPU kernel of `fingerprint`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

WORDS = 1 << 15
"""Words that a thread mixes at once."""


@njit(parallel=True, cache=True)
def mix(words, golden, multiplier):  # type: ignore[no-untyped-def]
    """Sum of a well mixed function of every word (n,) and its place, modulo 2^64."""
    count, half, less = len(words), np.uint64(32), np.uint64(29)
    total = np.uint64(0)
    for part in prange((count + WORDS - 1) // WORDS):
        own = words[part * WORDS : min(count, (part + 1) * WORDS)]
        mixed, place = np.uint64(0), np.uint64(part * WORDS) * golden
        for i in range(len(own)):  # the place grows by a sum: products of 64 bits take several times as long
            value = np.uint64(own[i]) + place
            place += golden
            value = (value ^ (value >> half)) * multiplier
            value = (value ^ (value >> less)) * multiplier  # a second time: signs of two numbers could cancel otherwise
            mixed += value ^ (value >> half)
        total += mixed
    return total
