"""Stage 4 of one layer: input codes to the signals at the ADCs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import reduce

import torch
from torch import Tensor

from bitline.layer.arrays import ProgrammedArrays, per_channel
from bitline.layer.chunks import chunks
from bitline.layer.driver_noise import DriverNoise
from bitline.layer.excitation import Drive, Excitation
from bitline.layer.grid import Grid
from bitline.layer.line_products import (
    DrivenProduct,
    FloatLineProduct,
    LineProduct,
    Reach,
    WholeLineProduct,
    driven_sum,
    driven_variance,
    line_product,
    variance_product,
)
from bitline.layer.readings import added_slices, conversion_readings, line_by_line
from bitline.numerics.read_noise import add_read_noise
from bitline.shapes import AddedVariance, AtAdcs, CellTensor, Currents, LayerInputs, ReadingTensor, SampleNumbers


class Signals(ABC):
    """The signals at the ADCs, for plans that convert them and for range calibration.

    Args:
        arrays: the layer.
        unit: (slices,) signal that counts as 1.
        slices: input slices that one signal is accumulated over.
    """

    def __init__(self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int) -> None:
        self.arrays = arrays.without_cells()
        self.partition = arrays.partition
        self.product = arrays.product
        self.lines, _, self.groups, _, self.columns = arrays.cells.conductance.shape
        self.readings, self.slices = arrays.code_factors().shape
        self.input_slices = slices
        device = arrays.cells.conductance.device
        self.scale = 1 / (arrays.slicing.top * torch.tensor(unit, dtype=torch.float64, device=device))
        self.noise_key = arrays.noise_key
        self.noise = self._noise_of(arrays)
        self.driver_noise = self._driver_noise_of(arrays)
        self.steady_variance = added_up(self._line_variance(arrays), self._variance_of_noisy_voltages(arrays))

    def _driver_noise_of(self, arrays: ProgrammedArrays) -> DriverNoise | None:
        """What the noise of row drivers adds; None where they have none."""
        drivers, bits = arrays.design.inputs.drivers, arrays.slicing.slice_bits
        sigmas = [
            drivers.noise_of(slices, bits) * 2.0 ** (bits * (self.input_slices - slices))
            for slices in range(1, self.input_slices + 1)
        ]
        if sigmas[-1] == 0:
            return None
        return DriverNoise(arrays, self._readings, sigmas)

    def _noise_of(self, arrays: ProgrammedArrays) -> tuple[DrivenProduct, ...]:
        """What gives the variances of reads; nothing where reads are exact, or where wires have a say in them."""
        if arrays.cells.noise is None or arrays.is_nodal:
            return ()
        return tuple(
            (
                squares.drive,
                variance_product(
                    arrays,
                    self.partition,
                    line_by_line(self._readings(squares.cells, power=2)),
                    Reach.of(squares.drive, arrays.slicing.top, signed=False),
                ),
            )
            for squares in arrays.squares(self.input_slices)
        )

    def _line_variance(self, arrays: ProgrammedArrays) -> AddedVariance | None:
        """Variance that the noise of lines gives each signal: every input slice is a read of all lines of a reading."""
        if not arrays.has_noisy_lines:
            return None
        bits = arrays.slicing.slice_bits
        reads = ((1 << bits) - 1) ** 2 * sum(4.0 ** (bits * index) for index in range(self.input_slices))
        sigma = torch.tensor([arrays.design.array.line_noise(rows.stop - rows.start) for rows in arrays.row_slices])
        weights = arrays.design.weights
        lines = torch.tensor(weights.readings).double().square().sum(1) * sum(each**2 for each in weights.added_radix)
        by_line = reads * sigma.double().square()[:, None] * lines
        by_line = by_line.sum(0, keepdim=True) if self.partition.parts == 1 else by_line
        each = by_line[:, :, None, None] * self.scale.cpu().square()[:, None]
        shape = (self.groups, self.partition.parts, self.readings, self.slices, self.columns)
        return each.expand(shape).reshape(1, -1, 1).to(arrays.product_step)

    def _variance_of_noisy_voltages(self, arrays: ProgrammedArrays) -> AddedVariance | None:
        """What reads have of the noise of voltages: sigma^2 of a cell times the variance of its row, on all rows."""
        if arrays.cells.noise is None or arrays.is_nodal or self.driver_noise is None:
            return None
        by_row = line_by_line(self._readings(arrays.cells.noise.square(), power=2)).cpu()
        each = torch.stack([by_row[:, rows].sum(1) for rows in arrays.row_slices], 1)
        each = each.sum(1, keepdim=True) if self.partition.parts == 1 else each
        return (each * self._power_of_drivers(arrays)).reshape(1, -1, 1).to(arrays.product_step)

    def _power_of_drivers(self, arrays: ProgrammedArrays) -> float:
        """Variance of what one row adds up over input slices, in steps of the least significant one."""
        return arrays.design.inputs.drivers.noise_of(self.input_slices, arrays.slicing.slice_bits) ** 2

    @property
    def is_noisy(self) -> bool:
        """Whether reads have noise."""
        return bool(self.noise)

    @property
    def conversions(self) -> int:
        """Conversions of one column for one input slice: partitions x readings x slices."""
        return self.partition.parts * self.readings * self.slices

    @property
    @abstractmethod
    def evaluations(self) -> int:
        """Products that one set of signals takes."""

    @abstractmethod
    def currents(self, inputs: LayerInputs) -> Currents:
        """Signals without read noise, (batch, groups * parts * readings * slices * columns, *space).

        Args:
            inputs: input codes or digits, (batch, groups * channels, *space).
        """

    def noisy_at_adcs(
        self, inputs: LayerInputs, samples: SampleNumbers, slices: int, added_variance: float | AddedVariance = 0.0
    ) -> AtAdcs:
        """Signals with the noise of this read, (batch * groups, conversions, columns, positions).

        Args:
            inputs: input codes or digits, (batch, groups * channels, *space).
            samples: numbers of the samples, for their read noise.
            slices: input slices that are applied, the last of those that a signal is accumulated over.
            added_variance: variance of noise besides that of the cells' reads, one number or one for each signal,
                (1, signals, 1).
        """
        if self.steady_variance is not None:
            added_variance = self.steady_variance * self.share_of_power(slices) + added_variance
        if not (self.is_noisy or isinstance(added_variance, Tensor) or added_variance > 0):
            signals = self.currents(inputs)
        else:
            signals, variance = self._with_variance(inputs, added_variance)
            flat, variance = (values.reshape(len(inputs), -1).contiguous() for values in (signals, variance))
            signals = add_read_noise(flat, variance, self.noise_key, samples).reshape(signals.shape)
        if self.driver_noise is not None:
            signals = self.driver_noise.add(signals.contiguous(), samples, slices)
        return self._by_conversion(signals)

    def share_of_power(self, slices: int) -> float | AddedVariance:
        """What the last so many input slices give of the power of noise that all of them have."""
        bits = self.arrays.slicing.slice_bits
        powers = [4.0 ** (bits * index) for index in range(self.input_slices)]
        return sum(powers[-slices:]) / sum(powers)

    def chunks(self, inputs: Tensor, factor: int = 1) -> Iterator[slice]:
        """Parts of a batch to evaluate one after another, so that their signals stay in cache.

        Args:
            inputs: (batch, groups * channels, *space).
            factor: more signals at once, by this much.
        """
        space = inputs[0, 0].numel() if inputs.ndim > 2 else 1
        return chunks(inputs, self.groups * self.conversions * self.columns, space, factor)

    def _by_conversion(self, signals: Currents) -> AtAdcs:
        return signals.reshape(len(signals) * self.groups, self.conversions, self.columns, -1)

    def _with_variance(self, inputs: LayerInputs, added: float | AddedVariance) -> tuple[Currents, Currents]:
        """Signals without noise, and the variance of every signal."""
        signals = self.currents(inputs)
        return signals, self.variance(inputs, signals, added)

    def variance(self, inputs: LayerInputs, signals: Currents, added: float | AddedVariance) -> Currents:
        """Variance of every signal: the cells' reads, and what is added."""
        own = driven_variance(self.noise, inputs) if self.noise else torch.zeros_like(signals)
        return own.add_(per_signal(added, signals))

    def _readings(self, cells: CellTensor, power: int = 1) -> ReadingTensor:
        """What cells on ideal lines contribute to the signals, or, with power 2, to their variances."""
        readings = conversion_readings(cells, self.arrays.design.weights, power).double()
        return readings * (self.scale**power)[:, None, None, None]

    def _converted(self, arrays: Tensor, power: int = 1) -> Tensor:
        """What conversions see of readings that each array gives by itself, or, with power 2, their variances.

        Args:
            arrays: (batch, groups * arrays, readings, weight slices, columns, positions).

        Returns:
            (batch, groups, parts, readings, slices, columns, positions), in units of the signals.
        """
        by_slice = added_slices(arrays, self.arrays.design.weights, dim=3, power=power)
        apart = by_slice.unflatten(1, (self.groups, -1))
        if self.partition.parts == 1:
            apart = reduce(torch.add, apart.unbind(2)).unsqueeze(2)  # in one order, whatever the batch
        in_units: Tensor = apart * (self.scale**power).to(apart)[:, None, None]
        return in_units


def per_signal(variance: float | AddedVariance, like: Currents) -> float | Tensor:
    """A variance, one number or one of each signal, to be added to those of signals (batch, signals, *space)."""
    return per_channel(variance.flatten(), like) if isinstance(variance, Tensor) else variance


def added_up(variance: AddedVariance | None, other: AddedVariance | None) -> AddedVariance | None:
    """Variances of everything that is added to signals; None for nothing."""
    return other if variance is None else variance if other is None else variance + other


class LinearSignals(Signals):
    """Arrays whose currents are linear in the inputs: products with all lines at once, in floating point.

    Args:
        grid: of whole numbers, where there is one for these cells and this unit.
    """

    def __init__(self, arrays: ProgrammedArrays, unit: Sequence[float], slices: int, grid: Grid | None = None) -> None:
        super().__init__(arrays, unit, slices)
        excitations = arrays.excitations(slices)
        self.divisor = None if grid is None or grid.divisor == 1 else torch.tensor(grid.divisor).to(arrays.product_step)
        self.products: list[DrivenProduct] = [
            (each.drive, self._of_cells(arrays, each) if grid is None else self._of_grid(grid, each.drive))
            for each in excitations
        ]

    @property
    def evaluations(self) -> int:
        return len(self.products)

    def currents(self, inputs: LayerInputs) -> Currents:
        signals = driven_sum(self.products, inputs)
        return signals if self.divisor is None else signals.div_(self.divisor)

    def _of_cells(self, arrays: ProgrammedArrays, excitation: Excitation) -> LineProduct:
        """The product with what cells give at one voltage."""
        return self._floating(self._readings(excitation.cells))

    def _of_grid(self, grid: Grid, drive: Drive) -> LineProduct:
        """The product with cells on a grid, which have one voltage."""
        return self._floating(grid.lines())

    def _floating(self, readings: ReadingTensor) -> LineProduct:
        weights = line_by_line(readings).to(self.arrays.product_step.dtype)
        return FloatLineProduct(self.product, self.partition, weights)


class WholeSignals(LinearSignals):
    """`LinearSignals` with products of whole numbers: the same signals for any batch."""

    def _of_cells(self, arrays: ProgrammedArrays, excitation: Excitation) -> LineProduct:
        lines = line_by_line(self._readings(excitation.cells))
        return line_product(arrays, self.partition, lines, self._reach(excitation.drive))

    def _of_grid(self, grid: Grid, drive: Drive) -> LineProduct:
        by_slice = torch.tensor(grid.weights, dtype=torch.float64, device=grid.counts.device)[:, None]
        scale = by_slice.expand(self.readings, -1, self.columns).flatten().expand(self.groups, -1)
        counts = line_by_line(grid.counts).long()
        return WholeLineProduct(self.product, self.partition, counts, scale, self._reach(drive))

    def _reach(self, drive: Drive) -> Reach:
        """Which codes or digits one signal sees."""
        largest = min(2 ** (self.arrays.slicing.slice_bits * self.input_slices) - 1, self.arrays.inputs.high)
        return Reach.of(drive, int(largest), self.arrays.has_negative_digits)
