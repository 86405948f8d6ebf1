"""Differential cells, one-sided: the sign chooses the line, the magnitude the conductance."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from bitline.encode._mapping import WeightMapping
from bitline.shapes import Codes, Float


class Differential(WeightMapping):
    """Two cells for each slice; one carries |w|, the other stays at G_min.

    W x = sum_k 2^(k b) (W_k+ x - W_k- x): Xiao et al. 2022, Eqs. 6 and 8. A zero weight draws the least current.

    Examples:
        Two slices of a bit for 2 = 0b10, 0 and -3 = -0b11, least significant first, on the + and on the - line:

        >>> Differential(bits=3, bits_per_cell=1).digits(torch.tensor([2, 0, -3]))
        tensor([[[0., 0., 0.],
                 [1., 0., 0.]],
        <BLANKLINE>
                [[0., 0., 1.],
                 [0., 0., 1.]]])
    """

    kind: Literal["differential"] = "differential"
    subtraction: Literal["analog", "digital"] = "analog"
    """Subtract line currents before the ADC, or convert both lines and subtract codes."""

    lines: ClassVar[int] = 2

    def describe(self) -> str:
        return "differential"

    @property
    def magnitude_bits(self) -> int:
        return self.code_bits - 1

    @property
    def readings(self) -> tuple[tuple[float, ...], ...]:
        return {"analog": ((1.0, -1.0),), "digital": ((1.0, 0.0), (0.0, 1.0))}[self.subtraction]

    @property
    def reading_signs(self) -> tuple[float, ...]:
        return {"analog": (1.0,), "digital": (1.0, -1.0)}[self.subtraction]

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        return torch.stack([self.slice_digits(codes.clamp_min(0)), self.slice_digits((-codes).clamp_min(0))])

    def input_sum_factor(self, window_low: float) -> float:
        return 0.0
