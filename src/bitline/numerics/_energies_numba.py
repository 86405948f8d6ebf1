"""CPU kernel of `energies`: sums in an order that depends on nothing but the length of a row."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

LANES = 16
"""Partial sums, which become the lanes of vector instructions."""


@njit(parallel=True, cache=True)
def energies_float32(expected, found, sums):  # type: ignore[no-untyped-def]
    """See `energies`; rows (rows, n), writes sums (2, rows)."""
    rows, n = expected.shape
    for row in prange(rows):
        signal, error = np.zeros(LANES), np.zeros(LANES)
        wanted, got = expected[row], found[row]
        for start in range(0, n - n % LANES, LANES):
            for lane in range(LANES):
                value = np.float64(wanted[start + lane])
                difference = np.float64(got[start + lane] - wanted[start + lane])
                signal[lane] += value * value
                error[lane] += difference * difference
        for rest in range(n - n % LANES, n):
            value, difference = np.float64(wanted[rest]), np.float64(got[rest] - wanted[rest])
            signal[0] += value * value
            error[0] += difference * difference
        sums[0, row], sums[1, row] = signal.sum(), error.sum()
