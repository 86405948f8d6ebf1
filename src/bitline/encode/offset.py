"""Offset subtraction: signed weights are shifted to positive conductances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor

from bitline.encode.line_signs import LineSigns
from bitline.encode.single_line import SingleLine
from bitline.shapes import Codes, Float, StoredCodes


class Offset(SingleLine):
    """One cell for each slice of w + 2^(bits-1); the offset is removed after the ADC.

    W x = sum_k 2^(k b) W_k x - 2^(bits-1) sum(x): Xiao et al. 2022, Eqs. 5 and 7.

    Examples:
        The codes 2, 0 and -3 are stored as 6, 4 and 1 of the 7 parts of the window:

        >>> mapping = Offset(bits=3)
        >>> (mapping.digits(torch.tensor([2, 0, -3])) * mapping.top_digit).round()
        tensor([[[6., 4., 1.]]])
        >>> mapping.input_sum_factor(window_low=0.0)
        4.0
    """

    kind: Literal["offset"] = "offset"
    subtraction: Literal["digital", "unit-column"] = "digital"
    """Remove the offset with the digital sum of the inputs, or with an extra column of each array that holds code 0."""

    flipped_columns: bool = False
    """Store the cells of a column on an array inverted where their digits add up to more than half of the largest sum:
    no current exceeds half of the full range, which saves a bit of the ADC (ISAAC, Shafiee et al. 2016)."""

    @model_validator(mode="after")
    def _check_flipped_columns(self) -> Offset:
        if self.flipped_columns and self.has_unit_column:
            raise ValueError(
                "weights.flipped_columns is true and weights.subtraction is 'unit-column', but flipped columns take "
                "the sum of each array's inputs as a number: use weights.subtraction = 'digital', or "
                "weights.flipped_columns = false"
            )
        return self

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
    def follows_codes(self) -> bool:
        return not self.flipped_columns

    @property
    def has_unit_column(self) -> bool:
        return self.subtraction == "unit-column"

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        return self.slice_digits(codes + self.zero)[None]

    def input_sum_factor(self, window_low: float) -> float:
        if self.has_unit_column:
            return 0.0
        return self.zero + super().input_sum_factor(window_low)

    def line_signs(self, codes: StoredCodes, blocks: Sequence[slice], window_low: float) -> LineSigns | None:
        if not self.flipped_columns:
            return None
        digits = (self.digits(codes)[0].double() * self.top_digit).round()
        sums = torch.stack([digits[:, :, rows].sum(2) for rows in blocks])
        largest = torch.tensor([self.top_digit * (rows.stop - rows.start) for rows in blocks])
        mirrored = 2 * sums > largest.to(sums)[:, None, None, None]
        lowest = window_low / (1 - window_low) * self.top_digit
        shown = lowest - (self.top_digit + 2 * lowest) * mirrored.double()  # digits that a sum counts too many
        radix = torch.tensor(self.radix, dtype=torch.float64, device=codes.device)[:, None, None]
        return LineSigns(1.0 - 2.0 * mirrored.double(), self.zero + (shown * radix).sum(1), mirrored)

    def removals(self, window_low: float, partitions: int) -> int:
        of_flipped = partitions * self.slices if self.flipped_columns else 0  # as if all of them were
        return super().removals(window_low, partitions) + of_flipped

    @property
    def filled(self) -> float:
        return 0.5 if self.flipped_columns else 1.0
