"""CPU kernel of `lookup_and_add`: a search among the edges near the ideal code."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange


@njit(parallel=True, cache=True, fastmath={"contract", "nsz"})
def lookup_and_add_float32(signals, edges, codes, converter, scale, low, factor, start, anew, total):  # type: ignore[no-untyped-def]
    """See `lookup.lookup_and_add`; sums start at `start` if `anew`, else they go on from `total`."""
    blocks, conversions, columns, positions = signals.shape
    groups = scale.shape[0]
    count = edges.shape[1]
    for task in prange(blocks * columns):
        block, column = task // columns, task % columns
        group = block % groups
        if anew:
            for i in range(positions):
                total[block, column, i] = start[group, column]
        for q in range(conversions):
            own = converter[group, q, column]
            curve, value = edges[own], codes[own]
            ratio, first, weight = scale[group, q, column], low[group, q, column], factor[group, q, column]
            for i in range(positions):
                signal = signals[block, q, column, i] * ratio - first
                if signal != signal:
                    continue
                place = min(max(int(signal + np.float32(0.5)), 0), count)
                while place < count and signal >= curve[place]:
                    place += 1
                while place > 0 and signal < curve[place - 1]:
                    place -= 1
                total[block, column, i] += weight * (value[place] + first)
