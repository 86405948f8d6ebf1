"""CPU kernel of `convert_and_add`: one read of every signal, sums stay in cache."""

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def convert_and_add_float32(signals, low, high, factor, result):  # type: ignore[no-untyped-def]
    """See `convert.convert_and_add`; writes into `result`."""
    blocks, conversions, outputs = signals.shape
    for block in prange(blocks):
        for i in range(outputs):
            result[block, i] = np.float32(0)
        for q in range(conversions):
            smallest, largest, weight = low[q], high[q], factor[q]
            for i in range(outputs):
                code = np.rint(signals[block, q, i])
                code = smallest if code < smallest else code
                code = largest if code > largest else code
                result[block, i] += weight * code
