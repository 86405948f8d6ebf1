"""The circuits that put input digits on the word lines, with their errors."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from bitline.config.part import Part
from bitline.numerics.draws import Draws


class RowDrivers(Part):
    """A digital-to-analog converter for each row: bit k of a digit adds 2^k unit elements to the row's voltage.

    Every array has drivers of its own, whose elements are drawn once for each chip: all lines and columns of a row see
    the same voltage, weight slices and column tiles see others. Elements with independent relative errors of standard
    deviation m give bit k the weight 2^k (1 + m n / 2^(k/2)), n normal. The voltages of a bits then have an integral
    nonlinearity of about m 2^(a/2) / 2 steps, rms, at mid-range, where it is largest, and a row driven by single bits
    has a gain error of m.

    Examples:
        What the two bits of a digit count on each of two rows:

        >>> RowDrivers(mismatch=0.1).weights(bits=2, rows=(1, 2), draws=Draws((0, 0, "conv1")))[:, 0]
        tensor([[0.9700, 0.8890],
                [2.2683, 2.1022]], dtype=torch.float64)
    """

    mismatch: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Standard deviation of a unit element's relative error."""
    noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of every voltage that is applied, as a fraction of the read voltage: new for every row, input
    slice and vector, and the same for all cells of the row on an array."""

    @property
    def have_exact_weights(self) -> bool:
        """Whether voltages without noise are multiples of one step."""
        return self.mismatch == 0

    def weights(self, bits: int, rows: tuple[int, ...], draws: Draws) -> Tensor:
        """What the bits of a digit add to the voltages of rows, in steps, (bits, *rows), float64.

        Args:
            bits: of a digit.
            rows: shape of the array of rows, such as (slices, groups, rows, tiles).
            draws: random numbers of this chip and layer.
        """
        powers = 2.0 ** torch.arange(bits, dtype=torch.float64).reshape(-1, *[1] * len(rows))
        numbers = draws.normal((*rows, bits), "row drivers").double().movedim(-1, 0)
        return powers + self.mismatch * powers.sqrt() * numbers

    def noise_of(self, slices: int, slice_bits: int) -> float:
        """Standard deviation of what one row adds up over input slices, in steps of the least significant one."""
        power = sum(4.0 ** (slice_bits * index) for index in range(slices))
        return float(self.noise * (2**slice_bits - 1) * math.sqrt(power))
