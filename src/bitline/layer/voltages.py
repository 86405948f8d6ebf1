"""The voltages that row drivers make of digits: exact ones, or those of drivers whose elements have errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from bitline.numerics.draws import Draws
from bitline.placement import Placement
from bitline.quantize import RowDrivers
from bitline.shapes import Float


@dataclass(frozen=True)
class RowVoltages:
    """What the drivers of a layer apply to its rows, in units of the read voltage.

    Examples:
        >>> placement = Placement.on_one_array(rows=2, columns=3)
        >>> voltages = RowVoltages(RowDrivers(), 2, placement, (1, 1, 2), Draws((0, 0, "conv1")))
        >>> voltages.of_digits(torch.tensor([[3.0, -1.0]]), group=0, rows=slice(0, 2))
        tensor([[ 1.0000, -0.3333]], dtype=torch.float64)

    Attributes:
        drivers: of the rows.
        slice_bits: input bits that are applied to a row at once.
        placement: of the layer on its arrays.
        shape: (weight slices, groups, rows); every weight slice and column tile has drivers of its own.
        draws: random numbers of this chip and layer.
    """

    drivers: RowDrivers
    slice_bits: int
    placement: Placement
    shape: tuple[int, int, int]
    draws: Draws

    @property
    def top(self) -> int:
        """The digit of the read voltage."""
        return (1 << self.slice_bits) - 1

    def of_digits(self, digits: Tensor, group: int, rows: slice) -> Tensor:
        """Voltages of the rows of one group and row partition, with errors (slices, tiles, vectors, rows).

        Args:
            digits: (vectors, rows).
            group, rows: which rows.
        """
        if self.drivers.have_exact_weights:
            return digits.double() / self.top
        weights = self._bit_weights()[:, :, group, rows].movedim(-1, 2)[..., None, :].to(digits.device)
        magnitude = digits.abs().long()
        total = reduce(torch.add, (((magnitude >> bit) & 1) * weights[bit] for bit in range(self.slice_bits)))
        return total * digits.sign() / self.top

    def of_digit(self, sign: int, level: int) -> float | Tensor:
        """Voltages of rows with this digit; with errors of each cell, (1, slices, groups, rows, columns or 1)."""
        if self.drivers.have_exact_weights:
            return sign * level / self.top
        on = torch.tensor([(level >> bit) & 1 for bit in range(self.slice_bits)]).reshape(-1, 1, 1, 1, 1, 1)
        return sign * (self.bit_weights() * on).sum(0) / self.top

    def bit_weights(self) -> Float[Tensor, "bits 1 slices groups rows columns_or_1"]:
        """What bits of a digit add to the voltage of each cell, in steps."""
        weights = self._bit_weights()[:, None]
        return weights if self.placement.tiles == 1 else weights[..., self.placement.tile_of_column]

    def _bit_weights(self) -> Float[Tensor, "bits slices groups rows tiles"]:
        return self.drivers.weights(self.slice_bits, (*self.shape, self.placement.tiles), self.draws)
