"""Ways to evaluate the chain of one layer; `core.cheapest_plan` chooses the cheapest that is exact.

Every plan takes input codes (batch, groups * channels, *space) and the number of the first of them among all samples
that the layer has seen, which decides their read noise; it returns outputs (batch, groups * columns, *space). It can
also take what a function turns into codes: a plan that evaluates a batch in chunks makes the codes of a chunk just
before it uses them, while they are in cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.layer.arrays import Excitation, ProgrammedArrays
from bitline.layer.cells import line_readings
from bitline.layer.readout import added_up, readouts
from bitline.layer.signals import Signals, signals_of
from bitline.numerics.read_noise import add_read_noise
from bitline.readout import Adc, Levels

SLICE_STRIDE = 1 << 48
"""Between the numbers of a sample's reads in one input slice and the next: more samples than anyone evaluates."""


ToCodes = Callable[[Tensor], Tensor]


def as_they_are(codes: Tensor) -> Tensor:
    """For inputs that are codes already."""
    return codes


@dataclass(frozen=True)
class Arithmetic:
    """Arithmetic that a plan does for each output of a layer.

    Attributes:
        products: dot products over the layer's rows.
        conversions: analog-to-digital conversions.
        input_slices: input slices that are multiplied one by one.
    """

    products: float
    conversions: int
    input_slices: int


class LinearPlan:
    """Nothing nonlinear before the digital sum: one effective weight, one product (and one for read noise)."""

    def __init__(self, arrays: ProgrammedArrays) -> None:
        self.arrays = arrays
        self.product = arrays.product
        self.whole = arrays.product.whole()
        effective = [(drive, self._weights(drive.cells)) for drive in arrays.drives(arrays.input_slices)]
        if len(effective) == 1:
            effective = [(drive, weights - arrays.input_sum_factor) for drive, weights in effective]
        elif arrays.input_sum_factor:
            removed = torch.full_like(effective[0][1], -arrays.input_sum_factor)
            effective.append((Excitation(None, removed), removed))
        self.drives = [(drive, self._lay_out(weights)) for drive, weights in effective]
        self.noise = None if arrays.cells.noise is None else self._noise(arrays.squares(arrays.input_slices))
        self.bias = arrays.bias

    @property
    def work(self) -> Arithmetic:
        """Products only, nothing to convert."""
        return Arithmetic(products=len(self.drives) + (self.noise is not None), conversions=0, input_slices=1)

    def __call__(self, inputs: Tensor, sample: int = 0, to_codes: ToCodes = as_they_are) -> Tensor:
        codes = to_codes(inputs)
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

    def _noise(self, squares: Excitation) -> tuple[Excitation, Tensor]:
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


class ConvertPlan:
    """Conversions for each partition, slice and reading, as many as input slices are not added in analog.

    Attributes:
        converted: conversions so far.
        skipped: conversions left out so far, because all inputs of the array were 0.
    """

    def __init__(self, arrays: ProgrammedArrays, levels: Levels) -> None:
        unit = levels.finest
        self._prepare(arrays, signals_of(arrays, unit, arrays.accumulated_slices))
        self.readouts = readouts(arrays, self.signals, levels, unit)

    def _prepare(self, arrays: ProgrammedArrays, signals: Signals) -> None:
        self.arrays = arrays
        self.signals = signals
        self.start = (torch.zeros_like(arrays.step) if arrays.bias is None else arrays.bias).reshape(signals.groups, -1)
        self.sums = self._input_sum_weights()
        self.converted = self.skipped = 0
        adc = arrays.design.adc
        self.busy = self._busy_weights() if isinstance(adc, Adc) and adc.skip_zero_inputs else None

    def __call__(self, inputs: Tensor, sample: int = 0, to_codes: ToCodes = as_they_are) -> Tensor:
        size = self.signals.chunk(inputs)
        product, columns = self.arrays.product, self.arrays.units.columns
        shape = (len(inputs), product.groups * columns, *product.space(inputs))
        outputs = torch.empty(shape, dtype=self.arrays.step.dtype, device=inputs.device)
        for first in range(0, len(inputs), size):
            part = slice(first, first + size)
            self._evaluate(to_codes(inputs[part]), sample + first, outputs[part])
        return outputs

    @property
    def work(self) -> Arithmetic:
        """What one output takes."""
        signals, apart = self.signals, len(self.readouts)
        each_column = signals.columns / self.arrays.units.columns
        evaluations = signals.evaluations + (signals.noise is not None)
        return Arithmetic(
            products=signals.readings * signals.slices * apart * each_column * evaluations,
            conversions=round(signals.conversions * apart * each_column),
            input_slices=apart,
        )

    def _evaluate(self, codes: Tensor, sample: int, outputs: Tensor) -> None:
        """Fill `outputs` (batch, groups * columns, *space) with those of `codes`."""
        units = self.arrays.units.count
        total = None if units else outputs.view(len(codes) * self.signals.groups, self.signals.columns, -1)
        start = None if units else self.start
        inputs = self.arrays.conversion_inputs(codes)
        for index, (given, readout) in enumerate(zip(inputs, self.readouts, strict=True)):
            signals = self.signals(given, sample + SLICE_STRIDE * index, readout.added_variance)
            self.converted += signals.numel()
            if self.busy is not None:
                signals = self._without_idle(signals, given)
            total, start = readout(signals, start, total), None
        if units:
            assert total is not None
            self._subtract_units(total, outputs)
        if self.sums is not None:
            sums = self.arrays.product.apply(codes, self.sums, self.arrays.product.whole())
            sums = sums.repeat_interleave(self.arrays.units.columns, dim=1)
            outputs.addcmul_(sums, self.arrays.per_channel(self.arrays.step, outputs), value=-1)

    def _subtract_units(self, total: Tensor, outputs: Tensor) -> None:
        """Outputs of digital sums (batch * groups, columns + unit columns, positions)."""
        arrays = self.arrays
        sums = arrays.units.subtract(total, dim=1).reshape(outputs.shape)
        torch.mul(sums, arrays.per_channel(arrays.step, outputs), out=outputs)
        if arrays.bias is not None:
            outputs.add_(arrays.per_channel(arrays.bias, outputs))

    def _without_idle(self, signals: Tensor, inputs: Tensor) -> Tensor:
        """The signals, NaN for arrays all of whose inputs are 0."""
        assert self.busy is not None
        parts = self.signals.partition.parts
        driven = self.arrays.product.apply(inputs.abs(), self.busy, self.signals.partition)
        idle = driven.reshape(len(signals), parts, 1, 1, -1) == 0
        self.skipped += int(idle.sum()) * (self.signals.conversions // parts) * self.signals.columns
        apart = signals.reshape(len(signals), parts, -1, self.signals.columns, idle.shape[-1])
        return apart.masked_fill(idle, torch.nan).reshape(signals.shape)

    def _busy_weights(self) -> Tensor:
        """Weights of the sum of all inputs of each array."""
        product, step = self.arrays.product, self.arrays.step
        ones = torch.ones((self.signals.groups, product.rows, 1), dtype=step.dtype, device=step.device)
        return product.lay_out(ones, self.signals.partition)

    def _input_sum_weights(self) -> Tensor | None:
        """Weights of the digital sum of the inputs, where the mapping needs one."""
        factor = self.arrays.input_sum_factor
        if factor == 0:
            return None
        product, step = self.arrays.product, self.arrays.step
        ones = torch.full((self.signals.groups, product.rows, 1), factor, dtype=step.dtype, device=step.device)
        return product.lay_out(ones, product.whole())


class UnconvertedPlan(ConvertPlan):
    """Signals that are no weighted sum of the inputs, and no ADC: they are added as they are."""

    def __init__(self, arrays: ProgrammedArrays) -> None:
        self._prepare(arrays, signals_of(arrays, [1.0] * arrays.design.weights.slices, arrays.accumulated_slices))
        self.readouts = added_up(arrays, self.signals)


Plan = LinearPlan | ConvertPlan
