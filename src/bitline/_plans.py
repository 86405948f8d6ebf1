"""Ways to evaluate the chain of one layer; `core.cheapest_plan` chooses the cheapest that is exact.

Every plan takes input codes (batch, groups * channels, *space) and the number of the first of them among all samples
that the layer has seen, which decides their read noise; it returns outputs (batch, groups * columns, *space).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bitline._layer_arrays import Arrays, Drive
from bitline._read_noise import add_read_noise
from bitline._signals import signals_of
from bitline.cells import line_readings
from bitline.readout import Adc, Levels, TransferTable, convert_and_add, lookup_and_add

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


class ConvertPlan:
    """One conversion for each partition, slice and reading: input slices are accumulated in analog."""

    def __init__(self, arrays: Arrays, levels: Levels) -> None:
        self.arrays = arrays
        self.signals = signals_of(arrays, levels.step, self._accumulated)
        count = self.signals.partition.parts * self.signals.readings
        dtype, device = arrays.step.dtype, arrays.step.device
        steps = torch.tensor(levels.step, dtype=torch.float64, device=device)
        factors = arrays.code_factors() * steps * (arrays.gain * arrays.input_top)
        self.factor = factors.reshape(-1).repeat(self.signals.partition.parts).to(device, dtype)
        self.low = torch.tensor(levels.low, dtype=dtype, device=device).repeat(count)
        self.high = torch.tensor(levels.high, dtype=dtype, device=device).repeat(count)
        self.sums = self._input_sum_weights()
        self.table: TransferTable | None = None
        adc = arrays.design.adc
        if isinstance(adc, Adc):
            self.signals.added_variance = adc.noise**2
            if not adc.is_ideal:
                self._make_converters(adc)

    def _make_converters(self, adc: Adc) -> None:
        """Draw the transfer curves of this chip's converters."""
        columns, width = self.signals.columns, min(self.arrays.design.array.columns, self.signals.columns)
        each = -(-width // adc.columns_per_adc)
        place = torch.arange(columns)
        self.converter = (place // width * each + place % width // adc.columns_per_adc).to(self.low.device)
        count = int(self.converter[-1]) + 1
        arrays = self.signals.groups * self.signals.conversions
        self.table = adc.tables(arrays, count, self.arrays.draws.of("adc")).to(self.low.device)

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
        evaluations = signals.evaluations + (signals.noise is not None)
        return Work(
            products=signals.readings * signals.slices * slices * each_column * evaluations,
            conversions=round(signals.conversions * slices * each_column),
            input_slices=slices,
        )

    @property
    def _slices_apart(self) -> int:
        """Conversions, each of some input slices, with products of their own."""
        return 1

    @property
    def _accumulated(self) -> int:
        """Input slices that one product sees."""
        return self.arrays.input_slices

    def _chunk_size(self, codes: Tensor) -> int:
        return max(1, self.signals.chunk(codes) // self._slices_apart)

    def _chunk(self, codes: Tensor, sample: int) -> Tensor:
        return self._converted(codes, torch.arange(sample, sample + len(codes), device=codes.device))

    def _converted(self, inputs: Tensor, samples: Tensor) -> Tensor:
        """Digital sum over partitions, slices and readings: (batch, groups * columns, *space)."""
        signals, space = self.signals(inputs, samples)
        total = self._read_out(signals)
        total = total.reshape(len(inputs), self.signals.groups, self.signals.columns, *space)
        if self.arrays.cells.gain is not None:
            total *= self.arrays.cells.gain.reshape(1, *total.shape[1:3], *[1] * len(space))
        return self.arrays.units.subtract(total, dim=2).reshape(len(inputs), -1, *space)

    def _read_out(self, signals: Tensor) -> Tensor:
        """Signals (blocks, conversions, outputs) to digital sums (blocks, outputs)."""
        if self.table is not None:
            apart = signals.reshape(*signals.shape[:2], self.signals.columns, -1)
            return lookup_and_add(apart, self.table, self.converter, self.low, self.factor).flatten(1)
        return convert_and_add(signals, self.low, self.high, self.factor)

    def _input_sum_weights(self) -> Tensor | None:
        """Weights of the digital sum of the inputs, where the mapping needs one."""
        factor = self.arrays.input_sum_factor
        if factor == 0:
            return None
        product, step = self.arrays.product, self.arrays.step
        ones = torch.full((self.signals.groups, product.rows, 1), factor, dtype=step.dtype, device=step.device)
        return product.lay_out(ones, product.whole())


class BitSerialPlan(ConvertPlan):
    """A conversion for each input slice, or for some of them together; the conversions ride the batch dimension."""

    def __init__(self, arrays: Arrays, levels: Levels) -> None:
        super().__init__(arrays, levels)
        bits = arrays.slice_bits * arrays.accumulated_slices
        radix = [float(2 ** (bits * index)) for index in range(arrays.conversions_apart)]
        self.input_radix = torch.tensor(radix, dtype=arrays.step.dtype, device=arrays.step.device)
        adc = arrays.design.adc
        saved = adc.bits_saved[: len(radix)] if isinstance(adc, Adc) else ()
        self.coarser = [2.0**bits for bits in saved] + [1.0] * (len(radix) - len(saved))

    @property
    def _slices_apart(self) -> int:
        return self.arrays.conversions_apart

    @property
    def _accumulated(self) -> int:
        return self.arrays.accumulated_slices

    def _chunk(self, codes: Tensor, sample: int) -> Tensor:
        digits = self.arrays.conversion_inputs(codes)
        samples = torch.arange(sample, sample + len(codes), device=codes.device)
        reads = SLICE_STRIDE * torch.arange(len(digits), device=codes.device)
        converted = self._converted(digits.flatten(0, 1), (reads[:, None] + samples).flatten())
        total: Tensor = torch.tensordot(
            self.input_radix, converted.reshape(len(digits), len(codes), *converted.shape[1:]), dims=1
        )
        return total

    def _read_out(self, signals: Tensor) -> Tensor:
        if max(self.coarser) == 1:
            return super()._read_out(signals)
        sums = []
        for part, ratio in zip(signals.chunk(len(self.coarser)), self.coarser, strict=True):
            low, high = (self.low / ratio).ceil(), (self.high / ratio).floor()
            sums.append(convert_and_add((part / ratio).contiguous(), low, high, self.factor * ratio))
        return torch.cat(sums)


class UnconvertedPlan(ConvertPlan):
    """Signals that are no weighted sum of the inputs, and no ADC: they are added as they are."""

    def __init__(self, arrays: Arrays) -> None:
        slices = arrays.design.weights.slices
        super().__init__(arrays, Levels(step=(1.0,) * slices, low=(0,) * slices, high=(0,) * slices))

    def _read_out(self, signals: Tensor) -> Tensor:
        return torch.einsum("bqn,q->bn", signals, self.factor)


Plan = LinearPlan | ConvertPlan
