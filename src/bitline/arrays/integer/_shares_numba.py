"""CPU kernel of `Shares.added`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange


@njit(parallel=True, cache=True)
def add_shares(sums, total):  # type: ignore[no-untyped-def]
    """See `Shares.added`; sums (positions, matrices, shares, lines), writes into total (positions, matrices, lines)."""
    positions, matrices, shares, lines = sums.shape
    for position in prange(positions):
        for matrix in range(matrices):
            own, room = sums[position, matrix], total[position, matrix]
            for line in range(lines):
                exact = np.float64(own[0, line])
                for share in range(1, shares):
                    exact += np.float64(own[share, line])
                room[line] = np.float32(exact)
