"""Ways to evaluate the chain of one layer; `matrix.cheapest_plan` chooses the cheapest that is exact.

Every plan turns float inputs into input codes, (batch, groups * channels, *space), and these into outputs, (batch,
groups * columns, *space). It is told their numbers among all samples that the layer has seen, which decide their read
noise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from bitline.layer.accumulated_signals import signals_of
from bitline.layer.arrays import LayerArrays, ProgrammedArrays, per_channel
from bitline.layer.effective_weights import summed_lines, summed_weights
from bitline.layer.excitation import Drive, Excitation
from bitline.layer.input_sums import InputSums, row_ones
from bitline.layer.line_products import (
    DrivenProduct,
    FloatLineProduct,
    LineProduct,
    Reach,
    driven_sum,
    driven_variance,
    line_product,
    variance_product,
)
from bitline.layer.line_signs import removed_weights
from bitline.layer.readout import NoConversion, Readout, readouts
from bitline.layer.sample_numbers import SLICE_STRIDE
from bitline.layer.signals import Signals
from bitline.numerics.read_noise import add_read_noise
from bitline.quantize import input_codes
from bitline.readout import Levels
from bitline.shapes import (
    AtAdcs,
    DigitalSums,
    LayerInputs,
    LayerOutputs,
    MatrixTensor,
    Outputs,
    SampleNumbers,
)


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


class Plan(ABC):
    """One way to evaluate a layer.

    Attributes:
        arrays: the layer.
        obstacle: why its products are not of whole numbers; empty where they are.
        converted: conversions so far.
        skipped: conversions left out so far, because all inputs of the array were 0.
    """

    arrays: LayerArrays
    obstacle: str = ""
    converted: int = 0
    skipped: int = 0

    @property
    @abstractmethod
    def arithmetic(self) -> Arithmetic:
        """What one output takes."""

    @abstractmethod
    def outputs(self, inputs: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        """Outputs (batch, groups * columns, *space) of float inputs.

        Args:
            inputs: finite, (batch, groups * channels, *space).
            samples: their numbers among all that the layer has seen, which decide read noise.
        """

    @abstractmethod
    def outputs_of_codes(self, codes: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        """`outputs` for inputs that are input codes already."""


class LinearPlan(Plan):
    """Nothing nonlinear before the digital sum: one effective weight, one product (and one for read noise)."""

    def __init__(self, arrays: ProgrammedArrays) -> None:
        self.arrays = arrays.without_cells()
        self.product = arrays.product
        self.whole = arrays.product.whole()
        slices = arrays.slicing.slices
        effective = [
            (excitation.drive, summed_weights(arrays, excitation.cells)) for excitation in arrays.excitations(slices)
        ]
        removed = removed_weights(arrays)
        if len(effective) == 1:
            effective = [(drive, weights - removed) for drive, weights in effective]
        elif removed.any():
            # the sum that is removed is that of the codes themselves
            effective.append((Drive(), (-removed).expand_as(effective[0][1]).contiguous()))
        self.products = [
            (drive, self._product(drive, weights, None if index else arrays.bias))
            for index, (drive, weights) in enumerate(effective)
        ]
        squares = () if arrays.cells.noise is None else arrays.squares(slices)
        self.noise = [self._variances(excitation) for excitation in squares]

    @property
    def arithmetic(self) -> Arithmetic:
        return Arithmetic(products=len(self.products) + len(self.noise), conversions=0, input_slices=1)

    def outputs(self, inputs: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        return self.outputs_of_codes(input_codes(inputs, self.arrays.inputs), samples)

    def outputs_of_codes(self, codes: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        result = driven_sum(self.products, codes)
        return result if not self.noise else result.add_(self._read_noise(codes, samples))

    def _product(self, drive: Drive, weights: MatrixTensor, bias: Outputs | None) -> LineProduct:
        arrays = self.arrays
        weights = weights * arrays.product_step.double().reshape(weights.shape[0], 1, -1)
        reach = Reach.of(drive, arrays.inputs.high, arrays.inputs.signed)
        return line_product(arrays, self.whole, weights, reach, bias)

    def _variances(self, squares: Excitation) -> DrivenProduct:
        """Variance of every column and unit column in units of the digital sum."""
        reach = Reach.of(squares.drive, self.arrays.inputs.high, signed=False)
        return squares.drive, variance_product(
            self.arrays, self.whole, summed_lines(self.arrays, squares.cells, power=2), reach
        )

    def _read_noise(self, codes: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        arrays = self.arrays
        variance = driven_variance(self.noise, codes)
        space = variance.shape[2:]
        flat = variance.reshape(len(codes), -1).contiguous()
        noise = add_read_noise(torch.zeros_like(flat), flat, arrays.noise_key, samples)
        noise = noise.reshape(len(codes), self.product.groups, -1, *space)
        outputs = arrays.placement.subtract(noise, dim=2).reshape(len(codes), -1, *space)
        return outputs * per_channel(arrays.product_step, outputs)


class ConvertPlan(Plan):
    """Conversions for each partition, slice and reading, as many as input slices are not added in analog.

    Args:
        signals: what the layer's arrays give.
        readouts: of each conversion of a product, the least significant first.
    """

    def __init__(self, signals: Signals, readouts: list[Readout]) -> None:
        self.arrays, self.signals, self.readouts = signals.arrays, signals, readouts
        arrays = self.arrays
        step, bias = arrays.product_step, arrays.bias
        self.start = (torch.zeros_like(step) if bias is None else bias).reshape(signals.groups, -1)
        self.input_sums = InputSums.of(arrays, partial(FloatLineProduct, arrays.product))
        self.busy = self._busy() if arrays.design.adc.skip_zero_inputs else None

    @classmethod
    def of(cls, arrays: ProgrammedArrays, levels: Levels) -> ConvertPlan:
        """Signals that are converted by ADCs with these levels."""
        unit = levels.finest
        signals = signals_of(arrays, unit, arrays.slicing.accumulated)
        return cls(signals, readouts(arrays, signals, levels, unit))

    @classmethod
    def without_adc(cls, arrays: ProgrammedArrays) -> ConvertPlan:
        """Signals that are no weighted sum of the inputs, and no ADC: they are added as they are.

        Lines are then solved for all input bits of a vector together, while its conductances are in cache.
        """
        arrays = arrays.added_at_once
        unit = [1.0] * arrays.code_factors().shape[1]
        signals = signals_of(arrays, unit, arrays.slicing.accumulated)
        return cls(signals, NoConversion.of(arrays))

    @property
    def arithmetic(self) -> Arithmetic:
        signals, apart = self.signals, len(self.readouts)
        each_column = signals.columns / self.arrays.placement.columns
        evaluations = signals.evaluations + max(len(signals.noise), signals.is_noisy)
        return Arithmetic(
            products=signals.readings * signals.slices * apart * each_column * evaluations,
            conversions=round(signals.conversions * apart * each_column),
            input_slices=apart,
        )

    def outputs(self, inputs: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        outputs = self._empty(inputs)
        for part in self.signals.chunks(inputs):  # codes are made just before they are used, while they are in cache
            codes = input_codes(inputs[part], self.arrays.inputs)
            self._evaluate(codes, samples[part], outputs[part])
        return outputs

    def outputs_of_codes(self, codes: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        outputs = self._empty(codes)
        for part in self.signals.chunks(codes):
            self._evaluate(codes[part], samples[part], outputs[part])
        return outputs

    def _empty(self, inputs: LayerInputs) -> LayerOutputs:
        """Room for the outputs of `inputs`."""
        product, columns = self.arrays.product, self.arrays.placement.columns
        shape = (len(inputs), product.groups * columns, *product.space(inputs))
        return torch.empty(shape, dtype=self.arrays.product_step.dtype, device=inputs.device)

    def _evaluate(self, codes: LayerInputs, samples: SampleNumbers, outputs: LayerOutputs) -> None:
        """Fill `outputs` (batch, groups * columns, *space) with those of `codes`."""
        units = self.arrays.placement.unit_columns
        total = None if units else outputs.view(len(codes) * self.signals.groups, self.signals.columns, -1)
        start = None if units else self.start
        slicing = self.arrays.slicing
        driven = slicing.conversion_inputs(codes)
        for index, (digits, readout) in enumerate(zip(driven, self.readouts, strict=True)):
            signals = self.signals.noisy_at_adcs(
                digits, samples + SLICE_STRIDE * index, slicing.slices_of(index), readout.added_variance
            )
            self.converted += signals.numel() if self.arrays.design.adc.converts else 0
            if self.busy is not None:
                signals = self._without_idle(signals, digits)
            total, start = readout.accumulate(signals, start, total), None
        if units:
            assert total is not None
            self._subtract_units(total, outputs)
        if self.input_sums is not None:
            self.input_sums.remove(codes, outputs)

    def _subtract_units(self, total: DigitalSums, outputs: LayerOutputs) -> None:
        """Outputs of digital sums (batch * groups, columns + unit columns, positions)."""
        arrays = self.arrays
        sums = arrays.placement.subtract(total, dim=1).reshape(outputs.shape)
        torch.mul(sums, per_channel(arrays.product_step, outputs), out=outputs)
        if arrays.bias is not None:
            outputs.add_(per_channel(arrays.bias, outputs))

    def _without_idle(self, signals: AtAdcs, inputs: LayerInputs) -> AtAdcs:
        """The signals, NaN for arrays all of whose inputs are 0."""
        assert self.busy is not None
        parts = self.signals.partition.parts
        driven = self._of_arrays(self.busy(inputs.abs()).reshape(len(inputs), self.signals.groups, -1))
        idle = driven.reshape(len(signals), parts, 1, 1, -1) == 0
        self.skipped += int(idle.sum()) * (self.signals.conversions // parts) * self.signals.columns
        apart = signals.reshape(len(signals), parts, -1, self.signals.columns, idle.shape[-1])
        return apart.masked_fill(idle, torch.nan).reshape(signals.shape)

    def _of_arrays(self, driven: Tensor) -> Tensor:
        """Something of the inputs of each group, (batch, groups, values), added up over those on its array."""
        at = self.arrays.placement
        if at.packed == 1:
            return driven
        pack = at.pack_of_group.to(driven.device)
        sums = driven.new_zeros(len(driven), at.packs, driven.shape[2]).index_add_(1, pack, driven)
        return sums.index_select(1, pack)

    def _busy(self) -> LineProduct:
        """The sum of all inputs of each array."""
        return FloatLineProduct(self.arrays.product, self.signals.partition, row_ones(self.arrays))
