"""CPU kernel of `input_codes`: one pass that also looks for values that are not finite."""

from __future__ import annotations

import numpy as np

from bitline._numba import njit, prange

INFINITY = np.int32(0x7F800000)  # bits of the smallest float32 magnitude that is not finite


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def input_codes_float32(inputs, inverse_step, low, high, codes):  # type: ignore[no-untyped-def]
    """See `inputs.input_codes`; writes into `codes` (2-d) and returns whether all inputs are finite."""
    patterns = inputs.view(np.int32)
    factor, smallest, largest = np.float32(inverse_step), np.float32(low), np.float32(high)
    worst = np.zeros(inputs.shape[0], np.int32)
    for row in prange(inputs.shape[0]):
        pattern = np.int32(0)
        for i in range(inputs.shape[1]):
            code = np.rint(inputs[row, i] * factor)
            code = smallest if code < smallest else code
            codes[row, i] = largest if code > largest else code
            pattern = max(pattern, patterns[row, i] & np.int32(0x7FFFFFFF))
        worst[row] = pattern
    return worst.max() < INFINITY if len(worst) else True
