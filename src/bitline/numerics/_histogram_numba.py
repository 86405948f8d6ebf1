"""CPU kernels of `Histogram.update`, with one row of counts for each thread, and of `HistogramSeries.update`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

BLOCK = 1024
"""Values whose bins are found together, by vector instructions, before they are counted one by one."""
TABLES = 4
"""Tables that neighbouring values are counted in: an increment need not wait for the last one of the same bin."""


@njit(cache=True, fastmath=True, error_model="numpy")
def _find_bins(values, factor, middle, last, found):  # type: ignore[no-untyped-def]
    """Bins of finite values (n,), into found (at least n)."""
    for i in range(len(values)):
        found[i] = min(max(np.int32(np.floor(values[i] * factor)) + middle, np.int32(0)), last)


@njit(cache=True)
def _count_few(values, factor, counts):  # type: ignore[no-untyped-def]
    """Add values (n,) to counts (bins,)."""
    middle, last, found = np.int32(len(counts) // 2), np.int32(len(counts) - 1), np.empty(BLOCK, np.int32)
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        _find_bins(block, factor, middle, last, found)
        for i in range(len(block)):
            counts[np.uint32(found[i])] += 1


@njit(cache=True)
def _count_many(values, factor, counts):  # type: ignore[no-untyped-def]
    """The same for at most 2^31 values, so many that clearing and adding up tables takes little beside them."""
    bins = len(counts)
    middle, last, single = np.int32(bins // 2), np.int32(bins - 1), np.uint32(1)
    found, tables = np.empty(BLOCK, np.int32), np.zeros((TABLES, bins), np.uint32)
    first, second, third, fourth = tables[0], tables[1], tables[2], tables[3]
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        _find_bins(block, factor, middle, last, found)
        fours = len(block) // TABLES * TABLES
        for i in range(0, fours, TABLES):
            first[np.uint32(found[i])] += single
            second[np.uint32(found[i + 1])] += single
            third[np.uint32(found[i + 2])] += single
            fourth[np.uint32(found[i + 3])] += single
        for i in range(fours, len(block)):
            first[np.uint32(found[i])] += single
    for i in range(bins):
        counts[i] += first[i] + second[i] + third[i] + fourth[i]


@njit(parallel=True, cache=True)
def count_float32(values, inverse_width, counts):  # type: ignore[no-untyped-def]
    """Add values (n,), at most 2^31, to counts (threads, bins), whose middle is zero; values lie inside the range."""
    threads, bins = counts.shape
    share, factor = (len(values) + threads - 1) // threads, np.float32(inverse_width)
    for thread in prange(threads):
        own = values[thread * share : (thread + 1) * share]
        if len(own) < TABLES * bins:
            _count_few(own, factor, counts[thread])
        else:
            _count_many(own, factor, counts[thread])


@njit(parallel=True, cache=True)
def count_rows_float32(values, inverse_width, counts):  # type: ignore[no-untyped-def]
    """Add each row of values (rows, n) to its row of counts (rows, bins), whose middle is zero."""
    factor = np.float32(inverse_width)
    for row in prange(len(counts)):
        _count_few(values[row], factor, counts[row])
