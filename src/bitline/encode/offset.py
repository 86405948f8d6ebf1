"""Offset subtraction: signed weights are shifted to positive conductances."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from bitline.encode._mapping import WeightMapping
from bitline.shapes import Codes, Float


class Offset(WeightMapping):
    """One cell for each slice of w + 2^(bits-1); the offset is removed after the ADC.

    W x = sum_k 2^(k b) W_k x - 2^(bits-1) sum(x): Xiao et al. 2022, Eqs. 5 and 7.

    Examples:
        The codes 2, 0 and -3 are stored as 6, 4 and 1 of the 7 parts of the window:

        >>> import torch
        >>> mapping = Offset(bits=3)
        >>> (mapping.digits(torch.tensor([2, 0, -3])) * mapping.top_digit).round()
        tensor([[[6., 4., 1.]]])
        >>> mapping.input_sum_factor(window_low=0.0)
        4.0
    """

    kind: Literal["offset"] = "offset"
    subtraction: Literal["digital", "unit-column"] = "digital"
    """Remove the offset with the digital sum of the inputs, or with an extra column of each array that holds code 0."""

    lines: ClassVar[int] = 1

    def describe(self) -> str:
        return "offset"

    @property
    def magnitude_bits(self) -> int:
        return self.code_bits

    @property
    def zero(self) -> int:
        """Stored value of the code 0."""
        return int(2 ** (self.code_bits - 1))

    @property
    def readings(self) -> tuple[tuple[float, ...], ...]:
        return ((1.0,),)

    @property
    def reading_signs(self) -> tuple[float, ...]:
        return (1.0,)

    @property
    def has_unit_column(self) -> bool:
        return self.subtraction == "unit-column"

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        return self.slice_digits(codes + self.zero)[None]

    def input_sum_factor(self, window_low: float) -> float:
        if self.has_unit_column:
            return 0.0
        background = window_low / (1 - window_low) * self.top_digit * sum(self.radix)
        return self.zero + background
