"""Ways to evaluate the chain of one layer; `core.cheapest_plan` chooses the cheapest that is exact.

Every plan takes input codes (batch, groups * channels, *space) and the number of the first of them among all samples
that the layer has seen, which decides their read noise; it returns outputs (batch, groups * columns, *space).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline._histogram import Histogram
from bitline._read_noise import add_read_noise
from bitline.arrays import Partition, Product
from bitline.cells import Cells, UnitColumns, line_readings
from bitline.design import Design
from bitline.encode import input_slices, slice_count
from bitline.quantize import InputScale
from bitline.readout import Levels, convert_and_add

CHUNK = 1 << 21
"""Signals evaluated at once: large enough for the product, small enough for the last-level cache."""


SLICE_STRIDE = 1 << 48
"""Between the numbers of a sample's reads in one input slice and the next: more samples than anyone evaluates."""


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
        cells: the programmed cells, on the compute device.
        step: (groups * columns,) output of one weight code times one input code.
        bias: (groups * columns,) or none.
        inputs: quantisation of the inputs.
        noise_key: stream of random numbers of the read noise.
    """

    design: Design
    product: Product
    cells: Cells
    units: UnitColumns
    step: Tensor
    bias: Tensor | None
    inputs: InputScale
    noise_key: int = 0

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
        return (signs[:, None] * radix).to(self.cells.conductance.device)

    def drives(self, slices: int) -> tuple[Drive, ...]:
        """The row voltages that cells must be evaluated at one by one, for inputs of so many slices.

        Ohmic cells need one evaluation for all voltages; others one for each.
        """
        curve = self.design.cell.current_voltage
        if curve.is_linear:
            return (Drive(None, self.cells.conductance),)
        top = 2**self.slice_bits - 1
        signs = (1, -1) if self.inputs.signed else (1,)
        return tuple(
            Drive(
                self._table(slices, lambda digit, level=level: float(digit == level), sign),  # type: ignore[misc]
                top * curve.current(self.cells.conductance, sign * level / top),
            )
            for sign in signs
            for level in range(1, top + 1)
        )

    def squares(self, slices: int) -> Drive:
        """Variance of the cells' reads, and what input codes count in it: the sum over slices of (2^(a l) u_l)^2."""
        assert self.cells.noise is not None
        table = self._table(slices, lambda digit: float(digit * digit), None, power=2)
        return Drive(table, self.cells.noise.square())

    def _table(self, slices: int, count: Callable[[int], float], sign: int | None, power: int = 1) -> Tensor:
        """Sum over slices of count(digit) 2^(a l power) for every code -top .. top; codes of the other sign are 0."""
        bits = self.slice_bits
        top = 2 ** min(bits * slices, self.inputs.magnitude_bits) - 1

        def total(code: int) -> float:
            if sign is not None and code * sign <= 0:
                return 0.0
            digits = [(abs(code) >> (bits * index)) & (2**bits - 1) for index in range(slices)]
            return float(sum(count(digit) * 2 ** (bits * index * power) for index, digit in enumerate(digits)))

        return torch.tensor([total(code) for code in range(-top, top + 1)]).to(self.cells.conductance)

    def per_channel(self, values: Tensor, like: Tensor) -> Tensor:
        """(groups * columns,) shaped to multiply (batch, groups * columns, *space)."""
        return values.reshape(1, -1, *[1] * (like.ndim - 2))


@dataclass(frozen=True)
class Drive:
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


class LinearPlan:
    """Nothing nonlinear before the digital sum: one effective weight, one product (and one for read noise)."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.product = arrays.product
        self.whole = arrays.product.whole()
        effective = [(drive, self._weights(drive.cells)) for drive in arrays.drives(arrays.input_slices)]
        if len(effective) == 1:
            effective = [(drive, weights - arrays.input_sum_factor) for drive, weights in effective]
        elif arrays.input_sum_factor:
            removed = torch.full_like(effective[0][1], -arrays.input_sum_factor)
            effective.append((Drive(None, removed), removed))
        self.drives = [(drive, self._lay_out(weights)) for drive, weights in effective]
        self.noise = None if arrays.cells.noise is None else self._noise(arrays.squares(arrays.input_slices))
        self.bias = arrays.bias

    @property
    def work(self) -> Work:
        """Products only, nothing to convert."""
        return Work(products=len(self.drives) + (self.noise is not None), conversions=0, input_slices=1)

    def __call__(self, codes: Tensor, sample: int = 0) -> Tensor:
        (drive, weights), *others = self.drives
        result = self.product.apply(drive.inputs(codes), weights, self.whole, self.bias)
        for drive, weights in others:
            result += self.product.apply(drive.inputs(codes), weights, self.whole)
        return result if self.noise is None else result.add_(self._read_noise(codes, sample))

    def _weights(self, cells: Tensor) -> Tensor:
        """Effective weight codes of cells, (groups, rows, columns), float64."""
        return self.arrays.units.subtract(self._summed(cells, power=1), dim=2)

    def _summed(self, cells: Tensor, power: int) -> Tensor:
        """Slices and lines in one, (groups, rows, columns + unit columns), float64; power 2 for variances."""
        arrays = self.arrays
        readings = line_readings(cells, arrays.design, power).double()
        total = torch.einsum("rs,rsgkn->gkn", (arrays.code_factors() * arrays.gain) ** power, readings)
        return total if arrays.cells.gain is None else total * (arrays.cells.gain.double() ** power)[:, None]

    def _lay_out(self, weights: Tensor) -> Tensor:
        step = self.arrays.step
        weights = weights * step.double().reshape(weights.shape[0], 1, -1)
        return self.product.lay_out(weights.to(step.dtype), self.whole)

    def _noise(self, squares: Drive) -> tuple[Drive, Tensor]:
        """Variance of every column and unit column in units of the digital sum."""
        variance = self._summed(squares.cells, power=2)
        return squares, self.product.lay_out(variance.to(self.arrays.step.dtype), self.whole)

    def _read_noise(self, codes: Tensor, sample: int) -> Tensor:
        assert self.noise is not None
        squares, weights = self.noise
        arrays = self.arrays
        variance = self.product.apply(squares.inputs(codes), weights, self.whole)
        space = variance.shape[2:]
        samples = torch.arange(sample, sample + len(codes), device=codes.device)
        flat = variance.reshape(len(codes), -1).contiguous()
        noise = add_read_noise(torch.zeros_like(flat), flat, arrays.noise_key, samples)
        noise = noise.reshape(len(codes), self.product.groups, -1, *space)
        outputs = arrays.units.subtract(noise, dim=2).reshape(len(codes), -1, *space)
        return outputs * arrays.per_channel(arrays.step, outputs)


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
        _, self.slices, self.groups, _, self.columns = arrays.cells.conductance.shape
        self.readings = len(arrays.design.weights.readings)
        slices = arrays.input_slices if arrays.design.analog_input_accumulation else 1
        device = arrays.cells.conductance.device
        scale = 1 / (arrays.input_top * torch.tensor(unit, dtype=torch.float64, device=device))
        self.drives = [(drive, self._lay_out(drive.cells, scale)) for drive in arrays.drives(slices)]
        self.noise = None
        if arrays.cells.noise is not None:
            squares = arrays.squares(slices)
            self.noise = (squares, self._lay_out(squares.cells, scale, power=2))

    @property
    def conversions(self) -> int:
        """Conversions of one column for one input slice: partitions x readings x slices."""
        return self.partition.parts * self.readings * self.slices

    def __call__(self, inputs: Tensor, samples: Tensor | None = None) -> tuple[Tensor, tuple[int, ...]]:
        """Signals (batch * groups, conversions, columns * space), and the spatial shape.

        Args:
            inputs: input codes or digits.
            samples: (batch,) int64, number of each sample for its read noise; without noise if not given.
        """
        (drive, weights), *others = self.drives
        signals = self.product.apply(drive.inputs(inputs), weights, self.partition)
        for drive, weights in others:
            signals += self.product.apply(drive.inputs(inputs), weights, self.partition)
        if self.noise is not None and samples is not None:
            squares, weights = self.noise
            variance = self.product.apply(squares.inputs(inputs), weights, self.partition)
            flat, variance = (one.reshape(len(inputs), -1).contiguous() for one in (signals, variance))
            signals = add_read_noise(flat, variance, self.arrays.noise_key, samples).reshape(signals.shape)
        return signals.reshape(len(inputs) * self.groups, self.conversions, -1), tuple(signals.shape[2:])

    def _lay_out(self, cells: Tensor, scale: Tensor, power: int = 1) -> Tensor:
        """What cells contribute to the signals, or, with power 2, to their variances."""
        lines = line_readings(cells, self.arrays.design, power).double() * (scale**power)[:, None, None, None]
        lines = lines.permute(2, 3, 0, 1, 4).reshape(self.groups, lines.shape[3], -1)
        return self.product.lay_out(lines.to(self.arrays.step.dtype), self.partition)

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
        steps = torch.tensor(levels.step, dtype=torch.float64, device=device)
        factors = arrays.code_factors() * steps * (arrays.gain * arrays.input_top)
        self.factor = factors.reshape(-1).repeat(self.signals.partition.parts).to(device, dtype)
        self.low = torch.tensor(levels.low, dtype=dtype, device=device).repeat(count)
        self.high = torch.tensor(levels.high, dtype=dtype, device=device).repeat(count)
        self.sums = self._input_sum_weights()

    def __call__(self, codes: Tensor, sample: int = 0) -> Tensor:
        size = self._chunk_size(codes)
        chunks = [self._chunk(part, sample + size * index) for index, part in enumerate(codes.split(size))]
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
        evaluations = len(signals.drives) + (signals.noise is not None)
        return Work(
            products=signals.readings * signals.slices * slices * each_column * evaluations,
            conversions=round(signals.conversions * slices * each_column),
            input_slices=slices,
        )

    @property
    def _slices_apart(self) -> int:
        """Input slices with products of their own."""
        return 1

    def _chunk_size(self, codes: Tensor) -> int:
        return max(1, self.signals.chunk(codes) // self._slices_apart)

    def _chunk(self, codes: Tensor, sample: int) -> Tensor:
        return self._converted(codes, torch.arange(sample, sample + len(codes), device=codes.device))

    def _converted(self, inputs: Tensor, samples: Tensor) -> Tensor:
        """Digital sum over partitions, slices and readings: (batch, groups * columns, *space)."""
        signals, space = self.signals(inputs, samples)
        total = convert_and_add(signals, self.low, self.high, self.factor)
        total = total.reshape(len(inputs), self.signals.groups, self.signals.columns, *space)
        if self.arrays.cells.gain is not None:
            total *= self.arrays.cells.gain.reshape(1, *total.shape[1:3], *[1] * len(space))
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

    def _chunk(self, codes: Tensor, sample: int) -> Tensor:
        digits = input_slices(codes, self.arrays.inputs.magnitude_bits, self.arrays.slice_bits)
        samples = torch.arange(sample, sample + len(codes), device=codes.device)
        reads = SLICE_STRIDE * torch.arange(len(digits), device=codes.device)
        converted = self._converted(digits.flatten(0, 1), (reads[:, None] + samples).flatten())
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
