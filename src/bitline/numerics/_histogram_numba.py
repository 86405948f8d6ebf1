"""CPU kernel of `Histogram.update`: one table of counts for each thread."""

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
