"""CPU kernels of `convert_and_add`: one read of every signal, the sums of a column stay in cache.

Sums start at `start` if they are to start anew, else they go on from `total`, into which all kernels write.
"""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def convert_and_add_float32(signals, low, high, factor, start, anew, total):  # type: ignore[no-untyped-def]
    """See `convert.convert_and_add`; signals (blocks, conversions, columns, positions)."""
    blocks, conversions, columns, positions = signals.shape
    groups = factor.shape[0]
    for task in prange(blocks * columns):
        block, column = task // columns, task % columns
        group = block % groups
        for q in range(conversions):
            smallest, largest, weight = low[q], high[q], factor[group, q, column]
            if anew and q == 0:
                first = start[group, column]
                for i in range(positions):
                    code = np.rint(signals[block, q, column, i])
                    code = smallest if code < smallest else code
                    code = largest if code > largest else code
                    total[block, column, i] = first + weight * code
            else:
                for i in range(positions):
                    code = np.rint(signals[block, q, column, i])
                    code = smallest if code < smallest else code
                    code = largest if code > largest else code
                    total[block, column, i] += weight * code


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def convert_rows_and_add_float32(signals, low, high, factor, start, anew, total):  # type: ignore[no-untyped-def]
    """See `convert.convert_and_add`; signals (blocks, conversions, columns)."""
    blocks, conversions, columns = signals.shape
    groups = factor.shape[0]
    for block in prange(blocks):
        group = block % groups
        if anew:
            for column in range(columns):
                total[block, column] = start[group, column]
        for q in range(conversions):
            smallest, largest = low[q], high[q]
            for column in range(columns):
                code = np.rint(signals[block, q, column])
                code = smallest if code < smallest else code
                code = largest if code > largest else code
                total[block, column] += factor[group, q, column] * code


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def convert_columns_and_add_float32(signals, scale, low, high, factor, start, anew, total):  # type: ignore[no-untyped-def]
    """See `convert.convert_columns_and_add`."""
    blocks, conversions, columns, positions = signals.shape
    groups = scale.shape[0]
    for task in prange(blocks * columns):
        block, column = task // columns, task % columns
        group = block % groups
        if anew:
            for i in range(positions):
                total[block, column, i] = start[group, column]
        for q in range(conversions):
            ratio, weight = scale[group, q, column], factor[group, q, column]
            smallest, largest = low[group, q, column], high[group, q, column]
            for i in range(positions):
                signal = signals[block, q, column, i] * ratio
                if signal == signal:
                    total[block, column, i] += weight * min(max(np.rint(signal), smallest), largest)


@njit(inline="always")
def _code(signal, smallest, largest):  # type: ignore[no-untyped-def]
    code = np.rint(signal)
    code = smallest if code < smallest else code
    return largest if code > largest else code


@njit(inline="always")
def _sum(sums, more, place):  # type: ignore[no-untyped-def]
    if more is None:
        return sums[place]
    return sums[place] + more[place]


@njit(parallel=True, cache=True, fastmath={"nsz"})  # no fused multiply-adds: the same bits on every processor
def convert_sums_and_add_float32(sums, more, scale, divisor, low, high, factor, start, anew, total):  # type: ignore[no-untyped-def]
    """See `convert.convert_sums_and_add`; every total is written once for each conversion, and read only to go on."""
    blocks, conversions, columns = sums.shape
    groups = factor.shape[0]
    divides = divisor != 1
    for block in prange(blocks):
        group = block % groups
        for q in range(conversions):
            ratio, smallest, largest = scale[q], low[q], high[q]
            begins = anew and q == 0
            if begins and divides:
                for column in range(columns):
                    code = _code(_sum(sums, more, (block, q, column)) * ratio / divisor, smallest, largest)
                    total[block, column] = start[group, column] + factor[group, q, column] * code
            elif begins:
                for column in range(columns):
                    code = _code(_sum(sums, more, (block, q, column)) * ratio, smallest, largest)
                    total[block, column] = start[group, column] + factor[group, q, column] * code
            elif divides:
                for column in range(columns):
                    code = _code(_sum(sums, more, (block, q, column)) * ratio / divisor, smallest, largest)
                    total[block, column] += factor[group, q, column] * code
            else:
                for column in range(columns):
                    code = _code(_sum(sums, more, (block, q, column)) * ratio, smallest, largest)
                    total[block, column] += factor[group, q, column] * code


@njit(parallel=True, cache=True, fastmath={"nsz"})
def scale_sums_float32(sums, more, factor, start, total):  # type: ignore[no-untyped-def]
    """See `convert.scale_sums`; start (1 or blocks, columns)."""
    blocks, columns = sums.shape
    for block in prange(blocks):
        begin = block % len(start)
        for column in range(columns):
            total[block, column] = _sum(sums, more, (block, column)) * factor[column] + start[begin, column]
