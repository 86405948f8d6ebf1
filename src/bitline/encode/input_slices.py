"""Input codes as the digits that are put on the word lines one after another."""

from __future__ import annotations

import torch
from torch import Tensor


def slice_count(magnitude_bits: int, slice_bits: int) -> int:
    """Input slices for inputs of `magnitude_bits` bits (without sign) when `slice_bits` are applied at once."""
    return -(-magnitude_bits // slice_bits)


def input_slices(codes: Tensor, magnitude_bits: int, slice_bits: int) -> Tensor:
    """Cut input codes into slices of `slice_bits` bits, least significant first.

    Negative codes are sign-magnitude: every digit takes the sign of its input (a row driven at -V).

    Args:
        codes: integers in a float tensor of any shape, |code| < 2^magnitude_bits.
        magnitude_bits: bits of |code|.
        slice_bits: bits applied to a row at once.

    Returns:
        Digits -(2^slice_bits-1) .. 2^slice_bits-1, (slices, *codes.shape), dtype of `codes`.
    """
    magnitude = codes.abs().to(torch.int32)
    top = 2**slice_bits - 1
    digits = torch.empty(
        (slice_count(magnitude_bits, slice_bits), *codes.shape), dtype=codes.dtype, device=codes.device
    )
    for index, digit in enumerate(digits):
        digit.copy_((magnitude >> (slice_bits * index)) & top)
    return digits.mul_(codes.sign()) if bool((codes < 0).any()) else digits
