"""CPU kernels of `Histogram.update`, with one table of counts for each thread, and of `HistogramSeries.update`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange


@njit(parallel=True, cache=True)
def count_float32(values, inverse_width, counts):  # type: ignore[no-untyped-def]
    """Add values (n,) to counts (threads, bins), whose middle is zero; values lie inside the range."""
    threads, bins = counts.shape
    share = (len(values) + threads - 1) // threads
    factor, middle, last = np.float32(inverse_width), bins // 2, bins - 1
    for thread in prange(threads):
        row = counts[thread]
        for i in range(thread * share, min(len(values), (thread + 1) * share)):
            row[min(int(np.floor(values[i] * factor)) + middle, last)] += 1


@njit(parallel=True, cache=True)
def count_rows_float32(values, inverse_width, counts):  # type: ignore[no-untyped-def]
    """Add each row of values (rows, n) to its row of counts (rows, bins), whose middle is zero."""
    rows, bins = counts.shape
    factor, middle, last = np.float32(inverse_width), bins // 2, bins - 1
    for row in prange(rows):
        own, seen = counts[row], values[row]
        for i in range(len(seen)):
            own[max(0, min(int(np.floor(seen[i] * factor)) + middle, last))] += 1
