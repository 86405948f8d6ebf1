"""Ways to evaluate the chain of one layer; `core.cheapest_plan` chooses the cheapest that is exact.

Every plan takes input codes (batch, groups * channels, *space) and returns outputs (batch, groups * columns, *space).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline._histogram import Histogram
from bitline.arrays import Partition, Product
from bitline.cells import UnitColumns, line_readings
from bitline.design import Design
from bitline.encode import input_slices, slice_count
from bitline.quantize import InputScale
from bitline.readout import Levels, convert_and_add

CHUNK = 1 << 21
"""Signals evaluated at once: large enough for the product, small enough for the last-level cache."""


@dataclass(frozen=True)
class Work:
    """Arithmetic that a plan does for each output of a layer.

    Attributes:
        products: dot products over the layer's rows.
        conversions: analog-to-digital conversions.
        input_slices: input slices that are multiplied one by one.
    """

    products: float
    conversions: int
    input_slices: int


@dataclass(frozen=True)
class Arrays:
    """Everything the plans of a layer start from.

    Attributes:
        cells: programmed G/G_max, (lines, slices, groups, rows, columns + unit columns), on the compute device.
        step: (groups * columns,) output of one weight code times one input code.
        bias: (groups * columns,) or none.
        inputs: quantisation of the inputs.
    """

    design: Design
    product: Product
    cells: Tensor
    units: UnitColumns
    step: Tensor
    bias: Tensor | None
    inputs: InputScale

    @property
    def partition(self) -> Partition:
        """Row partitions of the layer."""
        return self.product.partition(self.design.array.rows)

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
        slices = self.input_slices if self.design.analog_input_accumulation else 1
        return int(2 ** (self.slice_bits * slices) - 1)

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
        return signs[:, None] * radix

    def per_channel(self, values: Tensor, like: Tensor) -> Tensor:
        """(groups * columns,) shaped to multiply (batch, groups * columns, *space)."""
        return values.reshape(1, -1, *[1] * (like.ndim - 2))


class LinearPlan:
    """Nothing nonlinear before the digital sum: one effective weight, one product."""

    def __init__(self, arrays: Arrays) -> None:
        self.product = arrays.product
        readings = line_readings(arrays.cells, arrays.design).double()
        factors = (arrays.code_factors() * arrays.gain).to(readings.device)
        weights = arrays.units.subtract(torch.einsum("rs,rsgkn->gkn", factors, readings), dim=2)
        weights = (weights - arrays.input_sum_factor) * arrays.step.double().reshape(weights.shape[0], 1, -1)
        self.weights = self.product.lay_out(weights.to(arrays.step.dtype), self.product.whole())
        self.bias = arrays.bias

    @property
    def work(self) -> Work:
        """One product, nothing to convert."""
        return Work(products=1.0, conversions=0, input_slices=1)

    def __call__(self, codes: Tensor) -> Tensor:
        return self.product.apply(codes, self.weights, self.product.whole(), self.bias)


class SignalPlan:
    """The signals at the ADCs, for plans that convert them and for range calibration.

    Args:
        arrays: the layer.
        unit: (slices,) signal that counts as 1.
    """

    def __init__(self, arrays: Arrays, unit: Sequence[float]) -> None:
        self.arrays = arrays
        self.partition = arrays.partition
        self.product = arrays.product
        readings = line_readings(arrays.cells, arrays.design)
        self.readings, self.slices, self.groups, rows, self.columns = readings.shape
        scale = 1 / (arrays.input_top * torch.tensor(unit, dtype=torch.float64, device=readings.device))
        lines = readings.double() * scale[:, None, None, None]
        lines = lines.permute(2, 3, 0, 1, 4).reshape(self.groups, rows, -1)
        self.weights = self.product.lay_out(lines.to(arrays.step.dtype), self.partition)

    @property
    def conversions(self) -> int:
        """Conversions of one column for one input slice: partitions x readings x slices."""
        return self.partition.parts * self.readings * self.slices

    def __call__(self, inputs: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        """Signals (batch * groups, conversions, columns * space), and the spatial shape."""
        signals = self.product.apply(inputs, self.weights, self.partition)
        return signals.reshape(len(inputs) * self.groups, self.conversions, -1), tuple(signals.shape[2:])

    def chunk(self, inputs: Tensor) -> int:
        """Batch entries of `inputs` to evaluate at once."""
        space = inputs[0, 0].numel() if inputs.ndim > 2 else 1
        each = self.groups * self.conversions * self.columns * space
        return max(1, CHUNK // each)


class ConvertPlan:
    """One conversion for each partition, slice and reading: input slices are accumulated in analog."""

    def __init__(self, arrays: Arrays, levels: Levels) -> None:
        self.arrays = arrays
        self.signals = SignalPlan(arrays, levels.step)
        count = self.signals.partition.parts * self.signals.readings
        dtype, device = arrays.step.dtype, arrays.step.device
        factors = (
            arrays.code_factors() * torch.tensor(levels.step, dtype=torch.float64) * (arrays.gain * arrays.input_top)
        )
        self.factor = factors.reshape(-1).repeat(self.signals.partition.parts).to(device, dtype)
        self.low = torch.tensor(levels.low, dtype=dtype, device=device).repeat(count)
        self.high = torch.tensor(levels.high, dtype=dtype, device=device).repeat(count)
        self.sums = self._input_sum_weights()

    def __call__(self, codes: Tensor) -> Tensor:
        chunks = [self._chunk(part) for part in codes.split(self._chunk_size(codes))]
        result = chunks[0] if len(chunks) == 1 else torch.cat(chunks)
        if self.sums is not None:
            sums = self.arrays.product.apply(codes, self.sums, self.arrays.product.whole())
            result.sub_(sums.repeat_interleave(self.arrays.units.columns, dim=1))
        result.mul_(self.arrays.per_channel(self.arrays.step, result))
        bias = self.arrays.bias
        return result if bias is None else result.add_(self.arrays.per_channel(bias, result))

    @property
    def work(self) -> Work:
        """What one output takes."""
        signals, slices = self.signals, self._slices_apart
        each_column = signals.columns / self.arrays.units.columns
        return Work(
            products=signals.readings * signals.slices * slices * each_column,
            conversions=round(signals.conversions * slices * each_column),
            input_slices=slices,
        )

    @property
    def _slices_apart(self) -> int:
        """Input slices with products of their own."""
        return 1

    def _chunk_size(self, codes: Tensor) -> int:
        return max(1, self.signals.chunk(codes) // self._slices_apart)

    def _chunk(self, codes: Tensor) -> Tensor:
        return self._converted(codes)

    def _converted(self, inputs: Tensor) -> Tensor:
        """Digital sum over partitions, slices and readings: (batch, groups * columns, *space)."""
        signals, space = self.signals(inputs)
        total = convert_and_add(signals, self.low, self.high, self.factor)
        total = total.reshape(len(inputs), self.signals.groups, self.signals.columns, *space)
        return self.arrays.units.subtract(total, dim=2).reshape(len(inputs), -1, *space)

    def _input_sum_weights(self) -> Tensor | None:
        """Weights of the digital sum of the inputs, where the mapping needs one."""
        factor = self.arrays.input_sum_factor
        if factor == 0:
            return None
        product, step = self.arrays.product, self.arrays.step
        ones = torch.full((self.signals.groups, product.rows, 1), factor, dtype=step.dtype, device=step.device)
        return product.lay_out(ones, product.whole())


class BitSerialPlan(ConvertPlan):
    """A conversion for each input slice too; the input slices ride the batch dimension."""

    def __init__(self, arrays: Arrays, levels: Levels) -> None:
        super().__init__(arrays, levels)
        radix = [float(2 ** (arrays.slice_bits * index)) for index in range(arrays.input_slices)]
        self.input_radix = torch.tensor(radix, dtype=arrays.step.dtype, device=arrays.step.device)

    @property
    def _slices_apart(self) -> int:
        return self.arrays.input_slices

    def _chunk(self, codes: Tensor) -> Tensor:
        digits = input_slices(codes, self.arrays.inputs.magnitude_bits, self.arrays.slice_bits)
        converted = self._converted(digits.flatten(0, 1))
        total: Tensor = torch.tensordot(
            self.input_radix, converted.reshape(len(digits), len(codes), *converted.shape[1:]), dims=1
        )
        return total


Plan = LinearPlan | ConvertPlan


def observe_signals(arrays: Arrays, codes: Tensor, seen: Sequence[Histogram]) -> None:
    """Count the signals at the ADCs of a layer.

    Args:
        arrays: the layer, usually with exact cells.
        codes: input codes.
        seen: one histogram for each weight slice.
    """
    plan = SignalPlan(arrays, [1.0] * arrays.design.weights.slices)
    digital = not arrays.design.analog_input_accumulation
    for part in codes.split(max(1, plan.chunk(codes) // (arrays.input_slices if digital else 1))):
        inputs = input_slices(part, arrays.inputs.magnitude_bits, arrays.slice_bits).flatten(0, 1) if digital else part
        signals, _ = plan(inputs)
        by_slice = signals.reshape(len(signals), -1, plan.slices, signals.shape[-1])
        for index, histogram in enumerate(seen):
            histogram.update(by_slice[:, :, index])
