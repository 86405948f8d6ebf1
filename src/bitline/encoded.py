"""One layer's weights as codes: everything about its arrays that does not depend on the chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bitline._histogram import Histogram
from bitline._layer_arrays import Arrays
from bitline._signals import observe_signals
from bitline.arrays import Product
from bitline.cells import Cells, UnitColumns, program_cells, target_conductances
from bitline.design import Design
from bitline.draws import Draws
from bitline.errors import ConversionError
from bitline.quantize import InputScale, weight_codes
from bitline.readout import Adc, BitLines, Levels

EXACT = Draws(("exact",))
"""For arrays without anything random."""


@dataclass(frozen=True)
class LayerCalibration:
    """What calibration images decide for one layer.

    Attributes:
        inputs: quantisation of the layer's inputs.
        levels: ADC levels; none where the design has no ADC.
    """

    inputs: InputScale
    levels: Levels | None


@dataclass(frozen=True)
class EncodedLayer:
    """Weight codes of a layer with the design and the shape they are for.

    Attributes:
        name: the layer's name in messages and random numbers.
        codes: integer weight codes, (outputs, rows of one group).
        step: (outputs,) weight of one code.
        bias: (outputs,) or none.
    """

    name: str
    design: Design
    product: Product
    codes: Tensor
    step: Tensor
    bias: Tensor | None

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None, design: Design, product: Product, name: str) -> EncodedLayer:
        """Quantise a float weight (outputs, rows of one group).

        Raises:
            ConversionError: the matrix has the wrong shape, or holds NaN, infinite or only zero values.
        """
        weight = weight.detach()
        weight = weight if weight.dtype == torch.float64 else weight.float()
        _check(weight, product, name)
        codes, step = weight_codes(weight, design.weights.bits, design.weights.scale, design.weights.percentile)
        return cls(name, design, product, codes, step, None if bias is None else bias.detach().to(weight))

    @property
    def columns(self) -> int:
        """Matrix columns of one group."""
        return len(self.codes) // self.product.groups

    @property
    def units(self) -> UnitColumns:
        """The extra columns of the layer's arrays."""
        return UnitColumns.of(self.design, self.columns)

    def stored_codes(self) -> Tensor:
        """Codes as they lie on the arrays, (groups, rows, columns + unit columns)."""
        codes = self.codes.reshape(self.product.groups, self.columns, -1).transpose(1, 2)
        return self.units.append(codes)

    def program(self, chip: Draws) -> Cells:
        """The layer's cells on one chip."""
        codes, positions = self.stored_codes(), self.product.positions
        cells = program_cells(codes, self.design, self.blocks, chip, self.name, positions).to(self.step)
        delivered = self.design.array.delivered(cells.conductance, self.blocks)
        return replace(cells, conductance=delivered)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """Rows of each row partition."""
        return self.product.partition(self.design.array.rows).blocks(self.product.rows, self.product.positions)

    def exact(self) -> Cells:
        """Cells without error, as those of `program`."""
        return Cells(target_conductances(self.stored_codes(), self.design)).to(self.step)

    def arrays(self, cells: Cells, inputs: InputScale, draws: Draws = EXACT) -> Arrays:
        """Arrays that hold `cells`, for inputs of this quantisation."""
        step = self.step * inputs.step
        targets = self.exact().conductance
        return Arrays(self.design, self.product, cells, targets, self.units, step, self.bias, inputs, draws)

    def bit_lines(self, inputs: InputScale) -> BitLines:
        """The signals at the layer's ADCs."""
        return self.design.bit_lines(self.product.partition(self.design.array.rows).rows, inputs)

    def histograms(self) -> tuple[Histogram, ...]:
        """An empty histogram for the signals of each weight slice."""
        return tuple(Histogram() for _ in range(self.design.weights.slices))

    def observe(self, codes: Tensor, inputs: InputScale, seen: Sequence[Histogram]) -> None:
        """Count the signals that exact cells give for input codes (batch, channels, *space)."""
        observe_signals(self.arrays(self.exact(), inputs), codes, seen)

    def levels(self, inputs: InputScale, seen: Sequence[Histogram] | None) -> Levels | None:
        """ADC levels for the signals `seen`; none where the design has no ADC.

        Raises:
            CalibrationError: the range policy needs signals and there are none.
        """
        adc = self.design.adc
        if not isinstance(adc, Adc):
            return None
        return adc.range.levels(adc.bits, self.bit_lines(inputs), seen)


def _check(weight: Tensor, product: Product, name: str) -> None:
    if weight.ndim != 2 or weight.shape[1] != product.rows or len(weight) % product.groups:
        raise ConversionError(
            f"layer {name!r}: a weight matrix here is (outputs, {product.rows} rows), not {tuple(weight.shape)}"
        )
    if not bool(weight.isfinite().all()):
        raise ConversionError(f"layer {name!r} has NaN or infinite weights: check the weights file, or train again")
    if not bool(weight.any()):
        raise ConversionError(
            f"layer {name!r} has only zero weights: load trained weights, or keep it digital with "
            f'[[layers]] match = "{name}", digital = true'
        )
