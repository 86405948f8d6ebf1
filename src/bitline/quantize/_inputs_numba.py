"""CPU kernel of `input_codes`: one pass that also looks for values that are not finite."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

CHUNK = 16384
"""Inputs that a thread converts at once."""
LARGEST = np.float32(np.finfo(np.float32).max)


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def input_codes_float32(inputs, step, low, high, codes):  # type: ignore[no-untyped-def]
    """See `inputs.input_codes`; inputs (n,), writes into `codes` (n,) and returns whether all inputs are finite."""
    divisor, smallest, largest = np.float32(step), np.float32(low), np.float32(high)
    count = len(inputs)
    unknown = np.zeros((count + CHUNK - 1) // CHUNK, np.bool_)
    for chunk in prange(len(unknown)):
        own = slice(chunk * CHUNK, min(count, (chunk + 1) * CHUNK))
        given, written = inputs[own], codes[own]  # loops over slices of their own become vector instructions
        is_unknown = False  # a truth value: numba's integers are 64 bits wide and would halve the width of the loop
        for i in range(len(given)):
            code = np.rint(given[i] / divisor)
            code = smallest if code < smallest else code
            written[i] = largest if code > largest else code
            is_unknown = is_unknown | (not (abs(given[i]) <= LARGEST))
        unknown[chunk] = is_unknown
    return not unknown.any()


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def input_bytes_float32(inputs, step, low, high, zero, codes):  # type: ignore[no-untyped-def]
    """See `inputs.input_bytes`; inputs (n,), writes into `codes` (n,) and returns whether all inputs are finite."""
    divisor, smallest, largest, middle = np.float32(step), np.float32(low), np.float32(high), np.float32(zero)
    count = len(inputs)
    unknown = np.zeros((count + CHUNK - 1) // CHUNK, np.bool_)
    for chunk in prange(len(unknown)):
        own = slice(chunk * CHUNK, min(count, (chunk + 1) * CHUNK))
        given, written = inputs[own], codes[own]
        is_unknown = False
        for i in range(len(given)):
            code = np.rint(given[i] / divisor)
            code = smallest if code < smallest else code
            code = largest if code > largest else code
            written[i] = np.uint8(np.int32(code + middle))
            is_unknown = is_unknown | (not (abs(given[i]) <= LARGEST))
        unknown[chunk] = is_unknown
    return not unknown.any()
