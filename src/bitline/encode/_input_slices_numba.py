"""CPU kernel of `input_slices`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

CHUNK = 4096
"""Codes that a thread cuts at once."""


@njit(parallel=True, cache=True)
def input_slice_float32(codes, right, mask, left, digits):  # type: ignore[no-untyped-def]
    """((|code| >> right) & mask) << left of codes (n,), with their sign, into digits (n,)."""
    count = len(codes)
    for chunk in prange((count + CHUNK - 1) // CHUNK):
        own = slice(chunk * CHUNK, min(count, (chunk + 1) * CHUNK))
        given, written = codes[own], digits[own]  # loops over slices of their own become vector instructions
        for i in range(len(given)):
            code = np.int32(given[i])
            digit = ((abs(code) >> right) & mask) << left
            written[i] = np.float32(digit if code >= 0 else -digit)


@njit(parallel=True, cache=True)
def byte_slice(codes, zero, right, mask, left, digits):  # type: ignore[no-untyped-def]
    """See `input_slices.byte_slices`; codes (n,), writes into digits (n,)."""
    count, middle = len(codes), np.int16(zero)
    right16, mask16, left16 = np.int16(right), np.int16(mask), np.int16(left)
    for chunk in prange((count + CHUNK - 1) // CHUNK):
        own = slice(chunk * CHUNK, min(count, (chunk + 1) * CHUNK))
        given, written = codes[own], digits[own]
        for i in range(len(given)):
            code = np.int16(np.int16(given[i]) - middle)
            digit = np.int16(((abs(code) >> right16) & mask16) << left16)
            written[i] = np.uint8(middle + digit if code >= 0 else middle - digit)
