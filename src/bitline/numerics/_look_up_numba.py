"""CPU kernel of `look_up`."""

from __future__ import annotations

from bitline.numerics.threads import njit, prange

CHUNK = 16384
"""Bytes that a thread looks up at once."""


@njit(parallel=True, cache=True)
def look_up_bytes(codes, table, found):  # type: ignore[no-untyped-def]
    """See `look_up.look_up`; codes (n,), table (256,), writes into found (n,)."""
    count = len(codes)
    for chunk in prange((count + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, min(count, (chunk + 1) * CHUNK)):
            found[i] = table[codes[i]]
