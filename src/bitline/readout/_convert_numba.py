"""CPU kernel of `convert_and_add`: one read of every signal, sums stay in cache."""

from __future__ import annotations

import numpy as np

from bitline._numba import njit, prange


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


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def convert_columns_and_add_float32(signals, scale, low, high, factor, result):  # type: ignore[no-untyped-def]
    """See `convert.convert_columns_and_add`; writes into `result`."""
    blocks, conversions, columns, positions = signals.shape
    groups = scale.shape[0]
    for task in prange(blocks * columns):
        block, column = task // columns, task % columns
        group = block % groups
        for i in range(positions):
            result[block, column, i] = np.float32(0)
        for q in range(conversions):
            ratio, weight = scale[group, q, column], factor[group, q, column]
            smallest, largest = low[group, q, column], high[group, q, column]
            for i in range(positions):
                signal = signals[block, q, column, i] * ratio
                if signal == signal:
                    result[block, column, i] += weight * min(max(np.rint(signal), smallest), largest)
