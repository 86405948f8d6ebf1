"""Polarised weights: all weights of a column on an array have one sign, which the digital sum knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from bitline.encode.line_signs import LineSigns, by_row
from bitline.encode.single_line import SingleLine
from bitline.shapes import Codes, Float, Shaped, StoredCodes


class Polarised(SingleLine):
    """One cell for each slice of |w|; the part of a column on one array is added or subtracted as a whole.

    W x = sum over arrays of s sum_k 2^(k b) |W_k| x with a sign s for each array and column, as in FORMS (Yuan et al.,
    ISCA 2021), whose fragments are the rows that are converted together. FORMS trains networks so that all weights of
    a fragment have one sign. Here nothing is trained: each fragment takes the sign whose weights have the larger sum of
    squares, and weights of the other sign are stored as 0, which is the nearest fragment of one sign. A network that
    was not trained for it loses much by this: `lost_share` says how much of the weights, and `bitline.convert` reports
    it.

    Examples:
        Two fragments of two weights, (groups, rows, columns); the second loses its 1:

        >>> codes = torch.tensor([2.0, 3.0, 1.0, -3.0]).reshape(1, 4, 1)
        >>> fragments = (slice(0, 2), slice(2, 4))
        >>> mapping = Polarised(bits=3)
        >>> mapping.kept(codes, fragments).flatten()
        tensor([ 2.,  3.,  0., -3.])
        >>> mapping.line_signs(codes, fragments, window_low=0.0).signs.flatten()
        tensor([ 1., -1.])
        >>> round(mapping.lost_share(codes, fragments), 3)  # 1 of 4 + 9 + 1 + 9
        0.043
    """

    kind: Literal["polarised"] = "polarised"

    keeps_all: ClassVar[bool] = False

    def describe(self) -> str:
        return "polarised"

    @property
    def magnitude_bits(self) -> int:
        return self.code_bits - 1

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        return self.slice_digits(codes.abs())[None]

    def kept(self, codes: StoredCodes, blocks: Sequence[slice]) -> StoredCodes:
        signs = by_row(_signs(codes, blocks), blocks)
        return torch.where(codes * signs < 0, 0, codes)

    def line_signs(self, codes: StoredCodes, blocks: Sequence[slice], window_low: float) -> LineSigns | None:
        signs = _signs(codes, blocks)
        spread = signs[:, None].expand(-1, len(self.converted_radix), -1, -1)
        return LineSigns(spread, signs.double() * self.input_sum_factor(window_low), torch.zeros_like(spread).bool())

    def removals(self, window_low: float, partitions: int) -> int:
        return partitions * super().removals(window_low, partitions)


def _signs(codes: StoredCodes, blocks: Sequence[slice]) -> Shaped[Tensor, "parts groups columns"]:
    """The sign of each fragment, 1 where none is better."""
    squares = codes.double() * codes.double().abs()  # with their signs, whole numbers
    sums = torch.stack([squares[:, rows].sum(1) for rows in blocks])
    return torch.where(sums < 0, -1.0, 1.0).to(codes)
