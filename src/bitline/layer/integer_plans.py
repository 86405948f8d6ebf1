"""Plans whose products are of whole numbers: exact, and several times faster than float32 where processors have
products of bytes.

Outputs of a layer lie position by position, all channels of a position side by side: products of bytes give and take
them so. A layer is evaluated a few images at a time, so that its signals stay in cache until they are converted.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays import Partition, Product
from bitline.arrays.integer import IntegerProduct, multiply, why_not
from bitline.arrays.integer.windows import as_images
from bitline.layer.arrays import LayerArrays
from bitline.layer.chunks import chunks
from bitline.layer.counted_cells import ReadArrays
from bitline.layer.effective_weights import EffectiveWeights
from bitline.layer.grid import Grid
from bitline.layer.input_sums import InputSums
from bitline.layer.integer_noise import IntegerReadNoise
from bitline.layer.plans import Arithmetic, Plan
from bitline.layer.readings import line_by_line
from bitline.layer.readout import SharedLevels
from bitline.layer.sample_numbers import SLICE_STRIDE
from bitline.numerics.parts import added
from bitline.quantize import InputScale, RowDrivers, input_bytes
from bitline.readout import Levels, convert_sums_and_add, scale_sums
from bitline.shapes import Float, LayerInputs, LayerOutputs, SampleNumbers


class IntegerPlan(Plan):
    """What plans with whole numbers share: inputs as bytes, a few images at a time, and where outputs go.

    Args:
        arrays: the layer.
        weights: whole numbers, int64 or int32 (groups, rows, lines).
        partition: how rows are split over arrays.
    """

    def __init__(self, arrays: ReadArrays, weights: Tensor, partition: Partition) -> None:
        self.arrays = arrays.without_cells()
        product = arrays.product
        self.lines = product.groups * partition.parts * weights.shape[2]
        self.product = IntegerProduct(product, weights, partition, arrays.inputs.zero_byte, multiply)

    def outputs(self, inputs: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        return self._evaluate(inputs, self.arrays.inputs, samples)

    def outputs_of_codes(self, codes: LayerInputs, samples: SampleNumbers) -> LayerOutputs:
        scale = self.arrays.inputs
        return self._evaluate(codes, InputScale(1.0, scale.magnitude_bits, scale.signed), samples)

    def _evaluate(self, inputs: LayerInputs, scale: InputScale, samples: SampleNumbers) -> LayerOutputs:
        outputs = Rows.empty(self.arrays.product, inputs, self.arrays.product_step)
        positions = math.prod(self.arrays.product.space(inputs))
        for part in chunks(inputs, self.lines, positions):
            codes = input_bytes(as_images(inputs[part]), scale)
            self._fill(codes, outputs.rows[part.start * positions : part.stop * positions], samples[part])
        return outputs.outputs

    @abstractmethod
    def _fill(self, codes: Tensor, rows: Float[Tensor, "rows outputs"], samples: SampleNumbers) -> None:
        """Write the outputs of codes, uint8 images, position by position.

        Args:
            codes: of a few samples.
            rows: to be written.
            samples: their numbers among all that the layer has seen.
        """


class IntegerLinearPlan(IntegerPlan):
    """Nothing nonlinear before the digital sum, and effective weights that are multiples of one step.

    Args:
        arrays: the layer.
        weights: its effective weights.
    """

    def __init__(self, arrays: ReadArrays, weights: EffectiveWeights) -> None:
        super().__init__(arrays, weights.counts.long(), arrays.product.whole())
        step, gain = arrays.product_step.double(), arrays.drift_gain
        factor = step * weights.step if gain is None else step * weights.step * gain.double().flatten()
        self.factor = factor.to(arrays.product_step)
        self.start = torch.zeros_like(self.factor) if arrays.bias is None else arrays.bias.contiguous()

    @property
    def arithmetic(self) -> Arithmetic:
        return Arithmetic(products=1, conversions=0, input_slices=1)

    def _fill(self, codes: Tensor, rows: Float[Tensor, "rows outputs"], samples: SampleNumbers) -> None:
        scale_sums(self.product.parts_by_position(codes), self.factor, self.start, rows)


class IntegerConvertPlan(IntegerPlan):
    """Conversions with the same levels for all columns, of signals that are whole numbers.

    Args:
        arrays: the layer.
        grid: its cells as whole numbers.
        readouts: of each conversion of a product, the least significant first.
    """

    def __init__(self, arrays: ReadArrays, grid: Grid, readouts: list[SharedLevels]) -> None:
        counts = grid.counts.long() if grid.counts.is_floating_point() else grid.counts
        super().__init__(arrays, line_by_line(counts), arrays.partition)
        self.readouts = readouts
        self.divisor = float(grid.divisor)
        count = self.product.partition.parts * len(arrays.design.weights.readings)
        weights = torch.tensor(grid.weights, dtype=torch.float64).repeat(count)
        self.scales = [(weights / readout.coarser).to(arrays.product_step) for readout in readouts]
        self.columns = arrays.array_columns
        groups, step = arrays.product.groups, arrays.product_step
        bias = None if arrays.placement.unit_columns else arrays.bias  # unit columns are subtracted before it is added
        start = step.new_zeros(groups * self.columns) if bias is None else bias
        self.start = start.reshape(groups, -1).contiguous()
        self.input_sums = InputSums.of(arrays, self._summed)
        self.noise = self._noise(arrays, grid, weights)

    @property
    def arithmetic(self) -> Arithmetic:
        apart = len(self.readouts)
        each = self.lines / (self.arrays.product.groups * self.arrays.placement.columns)
        readings = each / self.product.partition.parts
        return Arithmetic(products=readings * apart, conversions=round(each * apart), input_slices=apart)

    def _fill(self, codes: Tensor, rows: Float[Tensor, "rows outputs"], samples: SampleNumbers) -> None:
        arrays = self.arrays
        units, groups = arrays.placement.unit_columns, arrays.product.groups
        total = rows.new_empty(len(rows) * groups, self.columns) if units else rows.view(-1, self.columns)
        start: Tensor | None = self.start
        driven = arrays.slicing.conversion_bytes(codes, arrays.inputs.zero_byte)
        for index, (digits, readout, scale) in enumerate(zip(driven, self.readouts, self.scales, strict=True)):
            parts = self.product.parts_by_position(digits)
            if self.noise is not None:
                parts = [added(parts)]
                self.noise.add(parts[0], digits, samples + SLICE_STRIDE * index)
            self.converted += parts[0].numel()
            by_block = [part.view(len(total), -1, self.columns) for part in parts]
            levels = (readout.low, readout.high, readout.factor)
            convert_sums_and_add(by_block, scale, self.divisor, *levels, start, total)
            start = None
        if units:
            kept = arrays.placement.subtract(total.view(len(rows), groups, -1), dim=2).reshape(rows.shape)
            torch.mul(kept, arrays.product_step, out=rows)
            if arrays.bias is not None:
                rows.add_(arrays.bias)
        if self.input_sums is not None:
            self.input_sums.remove(codes, rows)

    def _noise(self, arrays: ReadArrays, grid: Grid, weights: Float[Tensor, "conversions"]) -> IntegerReadNoise | None:
        """Noise of cells and converters; None where there is none."""
        if not arrays.has_read_noise and arrays.converter_noise == 0:
            return None
        in_counts = (arrays.converter_noise * grid.divisor / weights).square()
        added = in_counts[:, None].expand(-1, self.columns).flatten().repeat(arrays.product.groups)
        return IntegerReadNoise(arrays, grid.step, added)

    def _summed(self, partition: Partition, weights: Float[Tensor, "groups rows 1"]) -> Callable[[Tensor], Tensor]:
        """The product that adds up the codes of rows with whole weights."""
        zero = self.arrays.inputs.zero_byte
        return IntegerProduct(self.arrays.product, weights.long(), partition, zero, multiply).by_position


@dataclass(frozen=True)
class Rows:
    """Outputs of a layer, and the same memory position by position.

    Attributes:
        outputs: (batch, outputs, *space).
        rows: (batch * positions, outputs).
    """

    outputs: Tensor
    rows: Tensor

    @classmethod
    def empty(cls, product: Product, inputs: Tensor, like: Tensor) -> Rows:
        """Room for the outputs of `inputs`.

        Args:
            product: shape of the layer.
            inputs: (batch, groups * channels, *space).
            like: (outputs,), a tensor of the outputs' precision and device.

        Raises:
            DataError: inputs are smaller than the kernel.
        """
        space = product.filled_space(inputs)
        room = like.new_empty(len(inputs), *space, len(like))
        return cls(room.movedim(-1, 1), room.view(-1, len(like)))


def integer_plan(arrays: ReadArrays, levels: Levels | None) -> IntegerPlan | str:
    """The plan of a layer, or why it has none.

    Args:
        arrays: the layer.
        levels: of its ADCs; None without any.
    """
    return integer_obstacle(arrays, levels) or plan_of_readings(arrays, levels)


def plan_of_readings(arrays: ReadArrays, levels: Levels | None) -> IntegerPlan | str:
    """`integer_plan` of a layer without `integer_obstacle`."""
    if levels is None:
        weights = EffectiveWeights.of(arrays)
        return "its effective weights have no common step" if weights is None else IntegerLinearPlan(arrays, weights)
    grid = Grid.whole(arrays, levels.finest)
    if grid is None:
        return "its readings are no whole numbers"
    return IntegerConvertPlan(arrays, grid, SharedLevels.of(arrays, levels))


def integer_obstacle(arrays: LayerArrays, levels: Levels | None) -> str:
    """Why a layer has no plan of whole numbers, whatever its cells hold; empty where it may have one."""
    scale, adc, slicing = arrays.inputs, arrays.design.adc, arrays.slicing
    reasons = {
        f"it computes in {arrays.product_step.dtype}": arrays.product_step.dtype != torch.float32,
        f"its input codes have {scale.magnitude_bits} bits, more than a byte": scale.high + scale.zero_byte > 255,
        "its cells are read with noise, and it has no ADC": arrays.has_read_noise and levels is None,
        "its currents are no weighted sums of the inputs": not arrays.is_linear,
        "its read noise depends on its wires": arrays.is_nodal,
        "its lines have noise of their own": arrays.has_noisy_lines,
        "its cells are not ohmic": not arrays.design.cell.current_voltage.is_linear,
        "its row drivers have errors": arrays.design.inputs.drivers != RowDrivers(),
    }
    if levels is not None:
        reasons |= {
            "its converters have errors": not adc.is_ideal,
            "its columns have ADC levels of their own": not levels.is_shared,
            "it leaves out conversions": adc.skip_zero_inputs,
            "its conversions see more than a byte": slicing.places > 1 and slicing.conversion_bits > 8,
        }
    return next((reason for reason, applies in reasons.items() if applies), "") or why_not(arrays.product)
