"""The programmed arrays of one layer: what all ways to evaluate it start from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from bitline.arrays import Partition, Product
from bitline.arrays.nodal_lines import Block
from bitline.design import Design
from bitline.encode import InputSlicing, LineSigns
from bitline.layer.cells import Cells
from bitline.layer.digit_counts import DigitCounts
from bitline.layer.excitation import Drive, Excitation, SquaredDrive
from bitline.layer.voltages import RowVoltages
from bitline.numerics.draws import Draws
from bitline.placement import Placement
from bitline.quantize import InputScale
from bitline.shapes import ArrayColumns, CellTensor, CodeFactors, Float, LayerOutputs, Outputs

WIDE = 16
"""Bits applied at once from which on squares are rounded, to 2^-32 of the largest."""


@dataclass(frozen=True)
class LayerArrays:
    """The arrays of a layer, apart from what each cell holds: what a plan keeps of them.

    Attributes:
        placement: of the layer on its arrays.
        product_step: (groups * columns,) output of one weight code times one input code.
        bias: (groups * columns,) or None.
        inputs: quantisation of the inputs.
        draws: random numbers of this chip and layer.
        drift_gain: digital scale of every column that makes up for drift, (groups, columns + unit columns), or None.
        line_signs: how each line counts in the digital sum; None where all of a reading and slice count the same.
    """

    design: Design
    product: Product
    placement: Placement
    product_step: Outputs
    bias: Outputs | None
    inputs: InputScale
    draws: Draws
    drift_gain: ArrayColumns | None
    line_signs: LineSigns | None

    @property
    def noise_key(self) -> int:
        """Stream of random numbers of read noise and converter noise."""
        return self.draws.integer("read noise")

    @property
    def partition(self) -> Partition:
        """How the rows of the layer are shared out over conversions."""
        return self.design.array.converted(self.product)

    @property
    def row_slices(self) -> tuple[slice, ...]:
        """Rows of each array."""
        return self.placement.row_slices

    @property
    def slicing(self) -> InputSlicing:
        """How input codes are applied and converted."""
        return self.design.inputs.slicing(self.inputs.magnitude_bits, self.inputs.signed)

    @property
    def has_negative_digits(self) -> bool:
        """Whether rows see both signs of the read voltage."""
        return self.inputs.signed and self.slicing.polarities == 1

    @property
    def is_linear(self) -> bool:
        """Whether outputs without an ADC are sums over the inputs, each with a weight of its own."""
        exact = self.design.inputs.accumulator.has_exact_weights or self.slicing.accumulated == 1
        return exact and self.design.array.is_linear and not self.design.bends_on_wires

    @property
    def converter_noise(self) -> float:
        """Standard deviation of the noise of accumulator and converter, in steps of the converter."""
        adc = self.design.adc
        accumulated = self.design.inputs.accumulator.noise(adc.bits) if self.slicing.accumulated > 1 else 0.0
        return math.hypot(adc.noise, accumulated)

    @property
    def digits_per_G_max(self) -> float:
        """Weight digit that one unit of G_max stands for."""
        return self.design.weights.top_digit / (1 - self.design.cell.window_low)

    @property
    def input_sum_factor(self) -> float:
        """Multiple of sum(x) to remove digitally."""
        return self.design.weights.input_sum_factor(self.design.cell.window_low)

    @property
    def has_read_noise(self) -> bool:
        """Whether cells are read with noise."""
        return False

    @property
    def is_nodal(self) -> bool:
        """Whether signals or their noise take the voltages of all nodes of the lines."""
        return self.design.bends_on_wires or (self.design.array.has_wires and self.has_read_noise)

    @property
    def has_noisy_lines(self) -> bool:
        """Whether lines have noise besides that of their cells."""
        return self.design.array.line_noise(1) > 0

    @property
    def array_columns(self) -> int:
        """Columns of one group, unit columns among them."""
        return self.placement.array_columns

    def code_factors(self) -> CodeFactors:
        """Weight of every (reading, slice) that is converted in the digital sum, float64."""
        signs = torch.tensor(self.design.weights.reading_signs, dtype=torch.float64)
        radix = torch.tensor(self.design.weights.converted_radix, dtype=torch.float64)
        return (signs[:, None] * radix).to(self.product_step.device)

    def column_factors(self) -> ArrayColumns:
        """What the digital sum of a column counts, (groups, columns + unit columns), float64.

        It is the layer's output, or, where unit columns are subtracted first, a multiple of the weight code.
        """
        groups, columns = self.product.groups, self.array_columns
        plain = torch.ones(groups, columns, dtype=torch.float64, device=self.product_step.device)
        factors = plain if self.placement.unit_columns else self.product_step.double().reshape(groups, columns)
        return factors if self.drift_gain is None else factors * self.drift_gain.double()

    def without_cells(self) -> LayerArrays:
        """The same arrays without what their cells hold, which takes far more memory than a plan needs."""
        return LayerArrays(**{field.name: getattr(self, field.name) for field in fields(LayerArrays)})


@dataclass(frozen=True)
class ProgrammedArrays(LayerArrays):
    """Everything the plans of a layer are made from.

    Attributes:
        cells: the programmed cells, on the compute device.
    """

    cells: Cells

    @property
    def has_read_noise(self) -> bool:
        return self.cells.noise is not None

    @property
    def has_noise_of_its_own(self) -> bool:
        """Whether noise is more than a variance for each column that follows from squares of the inputs."""
        return self.is_nodal or self.design.inputs.drivers.noise > 0 or self.has_noisy_lines

    @property
    def added_at_once(self) -> ProgrammedArrays:
        """The same arrays, with all input slices in one signal where that is their sum: exact weights and no noise."""
        inputs = self.design.inputs
        noisy = self.cells.noise is not None or self.has_noise_of_its_own
        if noisy or not inputs.accumulator.has_exact_weights:
            return self
        together = inputs.model_copy(update={"accumulation": "analog"})
        return replace(self, design=self.design.model_copy(update={"inputs": together}))

    def block(self, group: int, rows: slice) -> Block:
        """The cells of one group and row partition, on the CPU."""
        noise = None if self.cells.noise is None else self.cells.noise[:, :, group, rows].cpu()
        return Block(
            cells=self.cells.on_the_array[:, :, group, rows].cpu(),
            targets=self.cells.targets[:, :, group, rows].cpu(),
            noise=noise,
            current=self.design.cell.current_voltage.current,
            slice_bits=self.slicing.slice_bits,
            voltages=lambda digits: self.voltages.of_digits(digits, group, rows),
            positions=self.product.positions,
            tiles=self.placement.column_tiles,
        )

    def excitations(self, slices: int) -> tuple[Excitation, ...]:
        """The row voltages that cells must be evaluated at one by one, for inputs of so many slices.

        Ohmic cells need one evaluation for all voltages, or one for each bit of a digit if bits have weights of their
        own on every row; others need one for each voltage.
        """
        top, counts = 2**self.slicing.slice_bits - 1, self._counts(slices)
        if self.design.has_plain_currents:
            return (Excitation(Drive(), self.cells.conductance),)
        if self.design.cell.current_voltage.is_linear:
            return tuple(
                Excitation(counts.of_bit(bit), weights.to(self.cells.conductance) * self.cells.conductance)
                for bit, weights in enumerate(self.voltages.bit_weights())
            )
        return tuple(
            Excitation(counts.of_digit(level, sign), top * self._currents(sign, level)) for sign, level in self._levels
        )

    @property
    def _levels(self) -> list[tuple[int, int]]:
        """Signs and magnitudes of the digits that nonlinear cells are evaluated at."""
        signs = (1, -1) if self.has_negative_digits else (1,)
        return [(sign, level) for sign in signs for level in range(1, 2**self.slicing.slice_bits)]

    def _counts(self, slices: int) -> DigitCounts:
        """What input codes of so many slices count in each evaluation."""
        return DigitCounts(self.slicing, slices, self.inputs.magnitude_bits, self.cells.conductance)

    @property
    def voltages(self) -> RowVoltages:
        """What the drivers apply to the rows."""
        shape = self.cells.conductance.shape[1:4]
        return RowVoltages(self.design.inputs.drivers, self.slicing.slice_bits, self.placement, (*shape,), self.draws)

    def _currents(self, sign: int, level: int) -> CellTensor:
        """Currents of all cells for a digit on their row, with the sign that they have in the lines' difference."""
        return self._bent(self.cells.conductance, self._voltage(sign, level))

    def _bent(self, cells: CellTensor, voltage: float | Tensor) -> CellTensor:
        curve = self.design.cell.current_voltage
        if not self.design.array.subtracts_on_the_line:
            return curve.current(cells, voltage)
        return torch.cat([curve.current(cells[:1], voltage), -curve.current(cells[1:], -voltage)])

    def _voltage(self, sign: int, level: int) -> float | Tensor:
        """V/V_read of rows with this digit."""
        voltage = self.voltages.of_digit(sign, level)
        return voltage.to(self.cells.conductance) if isinstance(voltage, Tensor) else voltage

    def _read_sigma(self, sign: int, level: int) -> CellTensor:
        """Standard deviation of the currents of nonlinear cells for a digit on their row: sigma dI/dG."""
        assert self.cells.noise is not None
        with torch.enable_grad():
            cells = self.cells.conductance.detach().requires_grad_()
            current = self._bent(cells, self._voltage(sign, level))
            (slope,) = torch.autograd.grad(current.sum(), cells)
        return self.cells.noise * slope

    def squares(self, slices: int) -> tuple[Excitation, ...]:
        """Variances of the cells' reads, and what input codes count in them.

        For ohmic cells that is the sum over slices of (2^(a l) u_l)^2, for others that of 4^(a l) at each voltage. If
        bits have weights of their own on every row, u_l^2 is a sum over pairs of bits.
        """
        assert self.cells.noise is not None
        counts = self._counts(slices)
        if not self.design.cell.current_voltage.is_linear:
            top = 2**self.slicing.slice_bits - 1
            return tuple(
                Excitation(counts.of_digit(level, sign, power=2), (top * self._read_sigma(sign, level)).square())
                for sign, level in self._levels
            )
        if not self.design.inputs.drivers.have_exact_weights:
            return self._squares_of_bits(slices)
        if self.slicing.slice_bits > WIDE:
            coarser = 2.0 ** (WIDE - self.slicing.slice_bits)
            return (Excitation(SquaredDrive(coarser=coarser), self.cells.noise.square() / coarser**2),)
        return (Excitation(counts.of_squares(), self.cells.noise.square()),)

    def _squares_of_bits(self, slices: int) -> tuple[Excitation, ...]:
        """Terms of (sum over bits k of w_k)^2 for ohmic cells: w_k^2, and 2 w_j w_k for two bits that are on."""
        assert self.cells.noise is not None
        weights, variance = self.voltages.bit_weights().to(self.cells.noise), self.cells.noise.square()
        counts = self._counts(slices)
        return tuple(
            Excitation(counts.of_bits(bit, other), (2 - (bit == other)) * weights[bit] * weights[other] * variance)
            for bit in range(len(weights))
            for other in range(bit + 1)
        )


def per_channel(values: Outputs, like: LayerOutputs) -> Float[Tensor, "1 outputs *ones"]:
    """(groups * columns,) shaped to multiply (batch, groups * columns, *space)."""
    return values.reshape(1, -1, *[1] * (like.ndim - 2))
