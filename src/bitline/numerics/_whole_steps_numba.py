"""CPU kernel of `whole_steps`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

CHUNK = 16384
"""Values that a thread rounds at once."""


@njit(parallel=True, cache=True)
def whole_steps_float32(values, step, counts, rounded):  # type: ignore[no-untyped-def]
    """See `whole_steps`; values (n,), writes into counts (n,) and rounded (n,)."""
    count = len(values)
    for chunk in prange((count + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(count, (chunk + 1) * CHUNK)):
            whole = np.rint(np.float64(values[i]) / step)
            counts[i] = np.int32(whole)
            rounded[i] = np.float32(whole * step)
