"""The programmed arrays of one layer: what all ways to evaluate it start from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays import GateDrivenArray, Partition, Product
from bitline.design import Design
from bitline.encode import input_slices, slice_count
from bitline.layer.cells import Cells, UnitColumns
from bitline.numerics.draws import Draws
from bitline.quantize import InputScale
from bitline.readout import Adc


@dataclass(frozen=True)
class ProgrammedArrays:
    """Everything the plans of a layer start from.

    Attributes:
        cells: the programmed cells, on the compute device.
        targets: G/G_max that the cells were meant to have, same shape.
        step: (groups * columns,) output of one weight code times one input code.
        bias: (groups * columns,) or none.
        inputs: quantisation of the inputs.
        draws: random numbers of this chip and layer.
    """

    design: Design
    product: Product
    cells: Cells
    targets: Tensor
    units: UnitColumns
    step: Tensor
    bias: Tensor | None
    inputs: InputScale
    draws: Draws

    @property
    def noise_key(self) -> int:
        """Stream of random numbers of read noise and converter noise."""
        return self.draws.integer("read noise")

    @property
    def partition(self) -> Partition:
        """Row partitions of the layer."""
        return self.product.partition(self.design.array.rows)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Rows of each row partition."""
        return self.partition.row_slices(self.product.rows, self.product.positions)

    @property
    def is_linear(self) -> bool:
        """Whether outputs without an ADC are sums over the inputs, each with a weight of its own."""
        array = self.design.array
        even = self.design.inputs.accumulator.has_exact_weights or self.accumulated_slices == 1
        return even and (not isinstance(array, GateDrivenArray) or array.wires.is_ideal)

    @property
    def slice_bits(self) -> int:
        """Input bits applied at once."""
        return min(self.design.inputs.slice_bits, self.inputs.magnitude_bits)

    @property
    def input_slices(self) -> int:
        """Input slices of one product."""
        return slice_count(self.inputs.magnitude_bits, self.slice_bits)

    @property
    def input_top(self) -> int:
        """Input code or digit that drives a row at the full read voltage in one conversion."""
        return int(2 ** (self.slice_bits * self.accumulated_slices) - 1)

    @property
    def accumulated_slices(self) -> int:
        """Input slices that are added in analog before a conversion."""
        return self.design.accumulated_slices(self.input_slices)

    @property
    def conversions_apart(self) -> int:
        """Conversions of one signal for one product, added digitally."""
        return -(-self.input_slices // self.accumulated_slices)

    def conversion_inputs(self, codes: Tensor) -> Iterator[Tensor]:
        """What each conversion sees of input codes, least significant first, all in the same memory."""
        if self.conversions_apart == 1:
            return iter((codes,))
        return input_slices(codes, self.inputs.magnitude_bits, self.slice_bits * self.accumulated_slices)

    def input_radix(self, conversion: int) -> float:
        """Weight of a conversion's inputs in the digital sum, the least significant first."""
        return float(2 ** (self.slice_bits * self.accumulated_slices * conversion))

    @property
    def converter_noise(self) -> float:
        """Standard deviation of the noise of accumulator and converter, in steps of the converter."""
        adc = self.design.adc
        if not isinstance(adc, Adc):
            return 0.0
        accumulated = self.design.inputs.accumulator.noise(adc.bits) if self.accumulated_slices > 1 else 0.0
        return math.hypot(adc.noise, accumulated)

    @property
    def gain(self) -> float:
        """Weight digit of one unit of G_max."""
        return self.design.weights.top_digit / (1 - self.design.cell.window_low)

    @property
    def input_sum_factor(self) -> float:
        """Multiple of sum(x) to remove digitally."""
        return self.design.weights.input_sum_factor(self.design.cell.window_low)

    def code_factors(self) -> Tensor:
        """Weight of every (reading, slice) in the digital sum, float64."""
        signs = torch.tensor(self.design.weights.reading_signs, dtype=torch.float64)
        radix = torch.tensor(self.design.weights.radix, dtype=torch.float64)
        return (signs[:, None] * radix).to(self.cells.conductance.device)

    def column_factors(self) -> Tensor:
        """What the digital sum of a column counts, (groups, columns + unit columns), float64.

        It is the layer's output, or, where unit columns are subtracted first, a multiple of the weight code.
        """
        groups, columns = self.product.groups, self.cells.conductance.shape[-1]
        plain = torch.ones(groups, columns, dtype=torch.float64, device=self.step.device)
        factors = plain if self.units.count else self.step.double().reshape(groups, columns)
        return factors if self.cells.gain is None else factors * self.cells.gain.double()

    def drives(self, slices: int) -> tuple[Excitation, ...]:
        """The row voltages that cells must be evaluated at one by one, for inputs of so many slices.

        Ohmic cells need one evaluation for all voltages; others one for each.
        """
        curve = self.design.cell.current_voltage
        if curve.is_linear:
            return (Excitation(None, self.cells.conductance),)
        top = 2**self.slice_bits - 1
        signs = (1, -1) if self.inputs.signed else (1,)
        return tuple(
            Excitation(
                self._table(slices, lambda digit, level=level: float(digit == level), sign),  # type: ignore[misc]
                top * curve.current(self.cells.conductance, sign * level / top),
            )
            for sign in signs
            for level in range(1, top + 1)
        )

    def squares(self, slices: int) -> Excitation:
        """Variance of the cells' reads, and what input codes count in it: the sum over slices of (2^(a l) u_l)^2."""
        assert self.cells.noise is not None
        table = self._table(slices, lambda digit: float(digit * digit), None, power=2)
        return Excitation(table, self.cells.noise.square())

    def _table(self, slices: int, count: Callable[[int], float], sign: int | None, power: int = 1) -> Tensor:
        """Sum over slices of count(digit) 2^(a l power) for every code -top .. top; codes of the other sign are 0."""
        bits = self.slice_bits
        top = 2 ** min(bits * slices, self.inputs.magnitude_bits) - 1

        def total(code: int) -> float:
            if sign is not None and code * sign <= 0:
                return 0.0
            digits = [(abs(code) >> (bits * index)) & (2**bits - 1) for index in range(slices)]
            return float(sum(count(digit) * 2 ** (bits * index * power) for index, digit in enumerate(digits)))

        return torch.tensor([total(code) for code in range(-top, top + 1)], dtype=torch.float64).to(
            self.cells.conductance
        )

    def per_channel(self, values: Tensor, like: Tensor) -> Tensor:
        """(groups * columns,) shaped to multiply (batch, groups * columns, *space)."""
        return values.reshape(1, -1, *[1] * (like.ndim - 2))


@dataclass(frozen=True)
class Excitation:
    """One evaluation of the arrays.

    Attributes:
        table: what each input code from -top to top counts as; none where it counts as itself.
        cells: (lines, slices, groups, rows, columns + unit columns), what it multiplies.
    """

    table: Tensor | None
    cells: Tensor

    def inputs(self, codes: Tensor) -> Tensor:
        """Input codes or digits as this evaluation sees them."""
        if self.table is None:
            return codes
        return self.table[codes.long() + len(self.table) // 2]
