"""What the codes of inputs do in each slice that drives the rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

MOST_LEVELS = 1024
"""Voltages of a row that are told apart: those of slices of up to 10 bits, and of more the nearest of these."""


def input_digits(stored_bits: int, magnitude_bits: int, slice_bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each stored input code does in each slice of a design's inputs.

    Where a design's codes are coarser than the stored ones, they are rounded to it; where finer, the lower bits are
    taken as uniform, and those of 0 as 0.

    Args:
        stored_bits: magnitude bits of the stored codes.
        magnitude_bits: magnitude bits of the design's codes.
        slice_bits: bits of a slice.

    Returns:
        Probability that the digit is not 0, mean of digit / largest digit, and mean of its square, all (slices, codes).
    """
    return _input_digits(stored_bits, magnitude_bits, min(slice_bits, magnitude_bits))


def digit_shares(stored_bits: int, magnitude_bits: int, slice_bits: int) -> np.ndarray:
    """How often each voltage is applied to a row while an input code is, on average over its slices.

    Args:
        stored_bits, magnitude_bits, slice_bits: as for `input_digits`.

    Returns:
        (codes, voltages), shares of voltages in equal steps from 0 to that of the largest digit.

    Examples:
        Code 6 in two slices of two bits has the digits 2 and 1:

        >>> digit_shares(4, 4, 2)[6]
        array([0. , 0.5, 0.5, 0. ])
    """
    return _digit_shares(stored_bits, magnitude_bits, min(slice_bits, magnitude_bits))


@lru_cache(maxsize=256)
def _input_digits(stored_bits: int, magnitude_bits: int, slice_bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    digits, top = _digits(stored_bits, magnitude_bits, slice_bits), 2**slice_bits - 1
    return (digits != 0).mean(2), (digits / top).mean(2), ((digits / top) ** 2).mean(2)


@lru_cache(maxsize=256)
def _digit_shares(stored_bits: int, magnitude_bits: int, slice_bits: int) -> np.ndarray:
    digits, top = _digits(stored_bits, magnitude_bits, slice_bits), 2**slice_bits - 1
    levels, codes = min(2**slice_bits, MOST_LEVELS), digits.shape[1]
    places = np.round(digits * ((levels - 1) / top)).astype(np.int64) + levels * np.arange(codes)[:, None]
    counts = np.bincount(places.ravel(), minlength=levels * codes).reshape(codes, levels)
    return np.asarray(counts / counts.sum(1, keepdims=True))


def _digits(stored_bits: int, magnitude_bits: int, slice_bits: int) -> np.ndarray:
    """Digits of the design's codes that each stored code stands for, (slices, stored codes, codes each)."""
    stored = np.arange(2**stored_bits)
    if magnitude_bits <= stored_bits:
        fine = np.round(stored * ((2**magnitude_bits - 1) / (2**stored_bits - 1))).astype(np.int64)[:, None]
    else:
        extra = magnitude_bits - stored_bits
        fine = (stored[:, None] << extra) + np.where(stored[:, None] == 0, 0, np.arange(2**extra))
    slices, top = -(-magnitude_bits // slice_bits), 2**slice_bits - 1
    return np.stack([(fine >> (slice_bits * index)) & top for index in range(slices)])
