"""CPU kernel of `input_codes`: one pass that also looks for values that are not finite."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

CHUNK = 16384
"""Inputs that a thread converts at once."""
INFINITY = np.int32(0x7F800000)  # bits of the smallest float32 magnitude that is not finite


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def input_codes_float32(inputs, step, low, high, codes):  # type: ignore[no-untyped-def]
    """See `inputs.input_codes`; inputs (n,), writes into `codes` (n,) and returns whether all inputs are finite."""
    divisor, smallest, largest = np.float32(step), np.float32(low), np.float32(high)
    count = len(inputs)
    worst = np.zeros((count + CHUNK - 1) // CHUNK, np.int32)
    for chunk in prange(len(worst)):
        own = slice(chunk * CHUNK, min(count, (chunk + 1) * CHUNK))
        given, written = inputs[own], codes[own]  # loops over slices of their own become vector instructions
        patterns = given.view(np.int32)
        pattern = np.int32(0)
        for i in range(len(given)):
            code = np.rint(given[i] / divisor)
            code = smallest if code < smallest else code
            written[i] = largest if code > largest else code
            pattern = max(pattern, patterns[i] & np.int32(0x7FFFFFFF))
        worst[chunk] = pattern
    return worst.max() < INFINITY if len(worst) else True


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def input_bytes_float32(inputs, step, low, high, zero, codes):  # type: ignore[no-untyped-def]
    """See `inputs.input_bytes`; inputs (n,), writes into `codes` (n,) and returns whether all inputs are finite."""
    divisor, smallest, largest, middle = np.float32(step), np.float32(low), np.float32(high), np.float32(zero)
    count = len(inputs)
    worst = np.zeros((count + CHUNK - 1) // CHUNK, np.int32)
    for chunk in prange(len(worst)):
        own = slice(chunk * CHUNK, min(count, (chunk + 1) * CHUNK))
        given, written = inputs[own], codes[own]
        patterns = given.view(np.int32)
        pattern = np.int32(0)
        for i in range(len(given)):
            code = np.rint(given[i] / divisor)
            code = smallest if code < smallest else code
            code = largest if code > largest else code
            written[i] = np.uint8(np.int32(code + middle))
            pattern = max(pattern, patterns[i] & np.int32(0x7FFFFFFF))
        worst[chunk] = pattern
    return worst.max() < INFINITY if len(worst) else True
