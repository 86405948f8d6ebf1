"""Input codes as the digits that are put on the word lines one after another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


def slice_count(magnitude_bits: int, slice_bits: int) -> int:
    """Number of input slices.

    Args:
        magnitude_bits: bits of an input without its sign.
        slice_bits: bits that are applied to a row at once.

    Examples:
        >>> slice_count(magnitude_bits=8, slice_bits=1), slice_count(magnitude_bits=8, slice_bits=3)
        (8, 3)
    """
    return -(-magnitude_bits // slice_bits)


def input_slices(codes: Tensor, magnitude_bits: int, slice_bits: int, empty_bits: int = 0) -> Iterator[Tensor]:
    """Cut input codes into slices of `slice_bits` bits, least significant first.

    Negative codes are sign-magnitude: every digit takes the sign of its input (a row driven at -V).

    Args:
        codes: integers in a float tensor of any shape, |code| < 2^magnitude_bits.
        magnitude_bits: bits of |code|.
        slice_bits: bits applied to a row at once.
        empty_bits: lowest bits of the first slice that are 0, as it has fewer bits of the code than the others.

    Yields:
        Digits -(2^slice_bits-1) .. 2^slice_bits-1, shape and dtype of `codes`, all in the same memory: use each before
        taking the next.

    Examples:
        The digits of 6 = 0b0110, of 0 and of -9 = -0b1001, two bits at a time:

        >>> [digits.tolist() for digits in input_slices(torch.tensor([6.0, 0.0, -9.0]), magnitude_bits=4, slice_bits=2)]
        [[2.0, 0.0, -1.0], [1.0, 0.0, -2.0]]

        The first slice with one bit of 6 = 0b110:

        >>> [digits.item() for digits in input_slices(torch.tensor(6.0), magnitude_bits=3, slice_bits=2, empty_bits=1)]
        [0.0, 3.0]
    """
    if codes.device.type == "cpu" and codes.dtype == torch.float32:
        from bitline.encode._input_slices_numba import input_slice_float32

        flat, digits = codes.contiguous().view(-1), torch.empty_like(codes, memory_format=torch.contiguous_format)
        for place in _places(magnitude_bits, slice_bits, empty_bits):
            right, mask, left = (np.int32(number) for number in place)
            input_slice_float32(flat.numpy(), right, mask, left, digits.view(-1).numpy())
            yield digits
        return
    yield from plain_input_slices(codes, magnitude_bits, slice_bits, empty_bits)


def _places(magnitude_bits: int, slice_bits: int, empty_bits: int) -> Iterator[tuple[int, int, int]]:
    """Where each slice lies in a code: its digit is ((code >> right) & mask) << left, (right, mask, left)."""
    for index in range(slice_count(magnitude_bits + empty_bits, slice_bits)):
        first = slice_bits * index - empty_bits
        left = max(0, -first)
        yield max(0, first), 2 ** (slice_bits - left) - 1, left


def plain_input_slices(codes: Tensor, magnitude_bits: int, slice_bits: int, empty_bits: int = 0) -> Tensor:
    """`input_slices` in plain PyTorch, for any device and dtype, (slices, *codes.shape).

    Examples:
        >>> plain_input_slices(torch.tensor([6.0, -9.0]), magnitude_bits=4, slice_bits=2)
        tensor([[ 2., -1.],
                [ 1., -2.]])
    """
    magnitude = codes.abs().to(torch.int32)
    places = _places(magnitude_bits, slice_bits, empty_bits)
    digits = torch.stack([((magnitude >> right) & mask) << left for right, mask, left in places])
    signed: Tensor = digits.to(codes) * codes.sign()
    return signed


def byte_slices(
    codes: Tensor, zero: int, magnitude_bits: int, slice_bits: int, empty_bits: int = 0
) -> Iterator[Tensor]:
    """`input_slices` of codes in bytes, in the order in memory of the codes.

    Args:
        codes: uint8, `zero` for code 0, in any shape in which no element lies apart from the others.
        zero: the byte that stands for 0.
        magnitude_bits: bits of |code|.
        slice_bits: bits applied to a row at once.
        empty_bits: lowest bits of the first slice that are 0.

    Yields:
        Digits as bytes like those of the codes, all in the same memory: use each before taking the next.

    Examples:
        >>> codes = torch.tensor([128 + 6, 128, 128 - 9], dtype=torch.uint8)
        >>> [digits.tolist() for digits in byte_slices(codes, zero=128, magnitude_bits=4, slice_bits=2)]
        [[130, 128, 127], [129, 128, 126]]
    """
    if codes.device.type != "cpu":
        yield from plain_byte_slices(codes, zero, magnitude_bits, slice_bits, empty_bits)
        return
    from bitline.encode._input_slices_numba import byte_slice

    digits = torch.empty_like(codes)
    flat, written = (torch.as_strided(tensor, (tensor.numel(),), (1,)).numpy() for tensor in (codes, digits))
    for right, mask, left in _places(magnitude_bits, slice_bits, empty_bits):
        byte_slice(flat, zero, right, mask, left, written)
        yield digits


def plain_byte_slices(
    codes: Tensor, zero: int, magnitude_bits: int, slice_bits: int, empty_bits: int = 0
) -> Iterator[Tensor]:
    """`byte_slices` in plain PyTorch, for any device.

    Examples:
        >>> codes = torch.tensor([128 + 6, 128 - 9], dtype=torch.uint8)
        >>> [digits.tolist() for digits in plain_byte_slices(codes, zero=128, magnitude_bits=4, slice_bits=2)]
        [[130, 127], [129, 126]]
    """
    signed = codes.to(torch.int16) - zero
    for right, mask, left in _places(magnitude_bits, slice_bits, empty_bits):
        digits = ((signed.abs() >> right) & mask) << left
        yield (digits * signed.sign() + zero).to(torch.uint8)
