"""One layer's weights as codes: everything about its arrays that does not depend on the chip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bitline.arrays import Array, IdealArray, Product
from bitline.design import Design
from bitline.errors import ConversionError
from bitline.layer.arrays import LayerArrays, ProgrammedArrays
from bitline.layer.cells import Cells, line_targets, placement_of, program_cells
from bitline.layer.chip import Chip
from bitline.layer.counted_cells import CountedArrays, counted_readings
from bitline.layer.driven import DividedInputs, DrivenInputs
from bitline.layer.grid import grid_step
from bitline.layer.other_design import refuse_other_design
from bitline.layer.plans import ConvertPlan, LinearPlan
from bitline.layer.sample_numbers import numbers_from
from bitline.layer.shortfall import shortfall
from bitline.layer.signal_histograms import SignalHistograms
from bitline.layer.wired_cells import effective_conductances
from bitline.numerics.draws import Draws
from bitline.numerics.freed_memory import note_freed_memory
from bitline.numerics.real_tensors import all_finite, real_tensor
from bitline.placement import Placement
from bitline.quantize import InputScale, input_codes, weight_codes
from bitline.readout import BestOutputRange, BitLines, Levels, UniformAdc
from bitline.shapes import Int, LayerInputs, Outputs, Shaped, StoredCodes

STORED = {8: torch.int8, 16: torch.int16, 32: torch.int32}
"""What codes are kept in, by the bits that it holds."""
QUANTISING = 16
"""Bytes that quantising a weight takes for a while, about."""
EXACT = Draws(("exact",))
"""For arrays without anything random."""
CALIBRATED = Chip(number=-1)
"""The chip whose signals ADCs are calibrated on, where that is one: none of those that are evaluated."""


@dataclass(frozen=True)
class LayerCalibration:
    """What calibration images decide for one layer.

    Examples:
        >>> LayerCalibration(InputScale(step=0.1, magnitude_bits=8, signed=False), None).without_adc().levels is None
        True

    Attributes:
        inputs: quantisation of the layer's inputs.
        levels: ADC levels; None for a design without ADC.
    """

    inputs: InputScale
    levels: Levels | None

    def without_adc(self) -> LayerCalibration:
        """The same quantisation of inputs, and no conversion."""
        return LayerCalibration(self.inputs, None)


@dataclass(frozen=True)
class EncodedLayer:
    """Weight codes of a layer with the design and the shape they are for.

    Attributes:
        name: the layer's name in messages and random numbers.
        codes: weight codes, (outputs, rows of one group), in the smallest type of `STORED` that holds them.
        step: (outputs,) weight of one code.
        bias: (outputs,) or None.
    """

    name: str
    design: Design
    product: Product
    codes: Int[Tensor, "outputs rows"]
    step: Outputs
    bias: Outputs | None

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None, design: Design, product: Product, name: str) -> EncodedLayer:
        """Quantise a float weight (outputs, rows of one group).

        Raises:
            ConversionError: the matrix or the bias has the wrong shape, or the matrix is complex, sparse or
                quantised, or holds NaN, infinite or only zero values.
        """
        weight = real_tensor(weight, f"the weight matrix of layer {name!r}", ConversionError)
        _check(weight, bias, product, name)
        codes, step = weight_codes(weight, **design.weights.coding)
        kept = codes.to(next(stored for bits, stored in STORED.items() if design.weights.code_bits <= bits))
        note_freed_memory(QUANTISING * weight.numel())
        return cls(name, design, product, kept, step, None if bias is None else bias.detach().to(weight))

    @property
    def columns(self) -> int:
        """Matrix columns of one group."""
        return len(self.codes) // self.product.groups

    @property
    def placement(self) -> Placement:
        """Where the layer lies on its arrays."""
        return placement_of(self.design, self.product, len(self.codes))

    def stored_codes(self) -> StoredCodes:
        """Codes as they lie on the arrays, (groups, rows, columns + unit columns)."""
        return self.design.weights.kept(self.placement.append(self._matrix_codes()), self.row_slices)

    @property
    def lost_share(self) -> float:
        """Share of the squares of the weight codes that the design's mapping cannot store."""
        return self.design.weights.lost_share(self._matrix_codes(), self.row_slices)

    def _matrix_codes(self) -> StoredCodes:
        """Codes by group, (groups, rows, columns)."""
        return self.codes.to(self.step).reshape(self.product.groups, self.columns, -1).transpose(1, 2)

    def held(self, chip: Chip) -> Cells:
        """The layer's cells on one chip, before anything is made of them on their lines."""
        codes, positions, design = self.stored_codes(), self.product.positions, chip.design(self.design)
        return program_cells(codes, design, self.placement, chip.draws, self.name, positions).to(self.step)

    def program(self, chip: Chip) -> Cells:
        """The layer's cells on one chip, as they count on their lines."""
        cells, design = self.held(chip), chip.design(self.design)
        shares = design.array.shares(cells.conductance.shape, self.row_slices, chip.draws.of(self.name))
        wired = cells = cells.counting(shares)
        if not design.bends_on_wires:
            effective = effective_conductances(design.array, cells.conductance, self.placement)
            held = cells.held if effective is cells.conductance else cells.conductance
            wired = replace(cells, conductance=effective, held=held)
        return wired if wired.are_exact else wired.resolved(grid_step(design))

    @property
    def row_slices(self) -> tuple[slice, ...]:
        """Rows of each row partition."""
        return self.placement.row_slices

    def exact(self) -> Cells:
        """Cells without error, as those of `program`."""
        codes, low = self.stored_codes(), self.design.cell.window_low
        signs = self.design.weights.line_signs(codes, self.row_slices, low)
        targets = line_targets(codes, self.design, signs, self.row_slices)
        return Cells(targets, targets, line_signs=signs).to(self.step)

    def arrays(self, cells: Cells, inputs: InputScale, draws: Draws = EXACT) -> ProgrammedArrays:
        """The arrays that hold `cells`, for inputs of this quantisation."""
        held = {"drift_gain": cells.drift_gain, "line_signs": cells.line_signs, "cells": cells}
        return ProgrammedArrays(**{**vars(self.bare_arrays(inputs, draws)), **held})

    def bare_arrays(self, inputs: InputScale, draws: Draws = EXACT) -> LayerArrays:
        """The arrays before anything is programmed, for inputs of this quantisation."""
        step, own = self.step * inputs.step, self.design.inputs.range.is_per_vector
        product, bias = (self.product.apart(), None) if own else (self.product, self.bias)
        return LayerArrays(self.design, product, self.placement, step, bias, inputs, draws, None, None)

    def counted_arrays(self, bare: LayerArrays, chip: Chip) -> CountedArrays | None:
        """The arrays of one chip of whose cells nothing but readings is made; None where that is not enough."""
        design = chip.design(self.design)
        codes, draws = self.codes.cpu().contiguous(), chip.draws.of(self.name)
        readings = counted_readings(codes, self.placement, design, draws, grid_step(design))
        return None if readings is None else CountedArrays(**vars(bare), readings=readings.to(self.step.device))

    def driven(self, inputs: LayerInputs, scale: InputScale) -> DrivenInputs:
        """Finite float inputs (batch, channels, *space) as rows are driven with them, for codes with this scale."""
        if self.design.inputs.range.is_per_vector:
            return DividedInputs.of(inputs, self.product, scale.signed)
        return DrivenInputs(inputs)

    def input_codes(self, inputs: LayerInputs, scale: InputScale) -> Shaped[Tensor, "batch channels *windows"]:
        """Codes of float inputs (batch, channels, *space), as the layer's arrays take them.

        Args:
            inputs: finite.
            scale: quantisation of the inputs.

        Raises:
            DataError: an input is NaN or infinite.
        """
        return input_codes(self.driven(inputs, scale).values, scale)

    def bit_lines(self, inputs: InputScale) -> BitLines:
        """The signals at the layer's ADCs."""
        return self.design.bit_lines(self.design.array.converted(self.product).rows, inputs)

    def check(self, calibration: LayerCalibration) -> None:
        """Refuse the calibration of another design.

        Raises:
            CalibrationError: it has other input bits, no ADC levels where the design has ADCs, or those of other weight
                slices or of more bits.
        """
        refuse_other_design(self.name, self.design, calibration.inputs, calibration.levels)

    def shortfall(self, inputs: InputScale) -> str | None:
        """Why a guaranteed ADC range keeps less than it promises; None if it keeps all of it, or nothing is promised.

        Args:
            inputs: quantisation of the inputs, signed or not.
        """
        return shortfall(self.name, self.design, self.product, inputs, self.step.dtype)

    def histograms(self, inputs: InputScale, relu: bool = False) -> SignalHistograms:
        """Where to count the signals of exact cells, or of a chip if the design's ADCs are calibrated on one.

        Args:
            inputs: quantisation of the inputs.
            relu: whether a ReLU follows the layer directly.
        """
        return SignalHistograms(self.signal_arrays(inputs), relu)

    def signal_arrays(self, inputs: InputScale) -> ProgrammedArrays:
        """The arrays whose signals ADCs are calibrated on: those of exact cells, or of a chip if the design says so."""
        if self.design.adc.calibrated_on == "ideal":
            exact = {"inputs": self.design.inputs.without_errors(), "array": self.design.array.without_noise()}
            design = self.design.model_copy(update=exact)
            return replace(self, design=design).arrays(self.exact(), inputs)
        return self.arrays(self.program(CALIBRATED), inputs, CALIBRATED.draws.of(self.name))

    def levels(self, inputs: InputScale, seen: SignalHistograms | None) -> Levels | None:
        """ADC levels for the signals `seen`; None for a design without ADC.

        Raises:
            CalibrationError: the range policy needs signals and there are none.
        """
        adc = self.design.adc
        if not adc.converts:
            return None
        lines, policy = self.bit_lines(inputs), adc.range
        if seen is None or not policy.needs_calibration:
            return policy.levels(adc.bits, lines, None)
        if isinstance(policy, BestOutputRange):
            return self._best(policy, inputs, seen)
        return seen.levels(lambda signals: policy.levels(adc.bits, lines, signals))

    def _best(self, policy: BestOutputRange, inputs: InputScale, seen: SignalHistograms) -> Levels:
        """The levels with the least error of the layer's output on the sample of calibration images."""
        adc, lines = self.design.adc, self.bit_lines(inputs)
        settings = self.design.array
        array = IdealArray(**settings.model_dump(include=set(Array.model_fields) - {"kind"}))
        ideal = UniformAdc(bits=adc.bits, bits_saved=adc.bits_saved)
        exact = self.design.inputs.without_errors()
        design = self.design.model_copy(update={"array": array, "adc": ideal, "inputs": exact})
        arrays = replace(self, design=design).arrays(self.exact(), inputs)
        codes = torch.stack(seen.sample).to(self.step)
        samples = numbers_from(0, codes)
        expected = LinearPlan(arrays).outputs_of_codes(codes, samples)
        expected = expected.relu() if seen.relu else expected

        def error(levels: Levels) -> float:
            outputs = ConvertPlan.of(arrays, levels).outputs_of_codes(codes, samples)
            return float(((outputs.relu() if seen.relu else outputs) - expected).double().square().sum())

        count = len(policy.candidates(adc.bits, lines, seen.by_slice))
        candidates = [
            seen.levels(lambda signals, index=index: policy.candidates(adc.bits, lines, signals)[index])  # type: ignore[misc]
            for index in range(count)
        ]
        return min(candidates, key=error)


def lost_weights(layers: Iterable[EncodedLayer]) -> tuple[str, ...]:
    """A sentence about weights that are not stored as they are; none where all are.

    Args:
        layers: of a network.
    """
    shares = {layer.name: layer.lost_share for layer in layers if not layer.design.weights.keeps_all}
    most = max(shares, key=shares.__getitem__, default=None)
    if most is None or shares[most] == 0:
        return ()
    least = min(shares, key=shares.__getitem__)
    others = "" if least == most else f", the least in layer {least!r}, {100 * shares[least]:.3g} %"
    return (
        "weights.kind is 'polarised', with one sign for all weights of a column on an array: those of the other sign "
        f"are stored as 0, the most in layer {most!r}, with {100 * shares[most]:.3g} % of the sum of squares{others}; "
        "exact for a network that was trained for it, and nearer with fewer rows (array.rows)",
    )


def _check(weight: Tensor, bias: Tensor | None, product: Product, name: str) -> None:
    if weight.ndim != 2 or weight.shape[1] != product.rows or len(weight) % product.groups:
        raise ConversionError(
            f"layer {name!r}: a weight matrix here is (outputs, {product.rows} rows), not {tuple(weight.shape)}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ConversionError(
            f"layer {name!r}: its matrix has {len(weight)} outputs, but its bias is {tuple(bias.shape)}: give "
            "each output a row of the matrix and an element of the bias"
        )
    if not all_finite(weight):
        raise ConversionError(f"layer {name!r} has NaN or infinite weights: check the weights file, or train again")
    if not bool(weight.any()):
        raise ConversionError(
            f"layer {name!r} has only zero weights: load trained weights, or keep it digital with "
            f'[[layers]] match = "{name}", digital = true'
        )
