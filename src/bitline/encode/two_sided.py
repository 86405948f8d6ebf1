"""Differential cells, two-sided: both cells move away from the middle of the window."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from bitline.encode.differential import Differential
from bitline.shapes import Codes, Float


class TwoSided(Differential):
    """Two cells for each slice, (1 + w) / 2 and (1 - w) / 2 of the window.

    The difference is that of the one-sided pair, but a zero weight sits at mid-range on both cells, so conductance is
    not proportional to the weight (CrossSim Inference manual 2.0, balanced core).

    Examples:
        The codes 3, 0 and -3 of 3-bit weights on the + and on the - line:

        >>> TwoSided(bits=3).digits(torch.tensor([3, 0, -3]))
        tensor([[[1.0000, 0.5000, 0.0000]],
        <BLANKLINE>
                [[0.0000, 0.5000, 1.0000]]])
    """

    kind: Literal["two-sided"] = "two-sided"  # type: ignore[assignment]

    def describe(self) -> str:
        return "two-sided differential"

    @property
    def reading_bits(self) -> int:
        return self.converted_bits + 1  # each cell of a pair says what the sign is

    @property
    def largest_digits(self) -> float:
        if self.signed_readings:
            return super().largest_digits
        return (sum(self.added_radix) * self.top_digit + super().largest_digits) / 2  # 0 is in the middle of a cell

    @property
    def reading_step(self) -> float:
        return 1.0 if self.signed_readings else 0.5

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        signed = self.slice_digits(codes.abs()) * codes.sign()
        return torch.stack([(1 + signed) / 2, (1 - signed) / 2])
