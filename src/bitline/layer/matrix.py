"""The signal chain composed for one matrix."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from bitline.arrays import MatrixProduct
from bitline.config.arguments import check_values
from bitline.design import Design
from bitline.design.approximations import approximations, device_notes
from bitline.errors import (
    ApproximationWarning,
    CalibrationError,
    ConversionError,
    DataError,
    GuaranteeWarning,
    NegativeInputsWarning,
)
from bitline.layer.arrays import LayerArrays, ProgrammedArrays
from bitline.layer.cells import Cells
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer, LayerCalibration, lost_weights
from bitline.layer.integer_plans import IntegerPlan, integer_obstacle, integer_plan, plan_of_readings
from bitline.layer.line_products import is_whole
from bitline.layer.negative_inputs import negative_inputs
from bitline.layer.plans import ConvertPlan, LinearPlan, Plan
from bitline.layer.sample_numbers import numbers_from
from bitline.layer.stated_calibration import stated_calibration
from bitline.numerics.freed_memory import note_freed_memory
from bitline.numerics.histogram import Histogram
from bitline.numerics.real_tensors import finite_like, real_tensor
from bitline.readout import Levels
from bitline.shapes import LayerInputs, LayerOutputs, SampleNumbers

PROGRAMMING = 32
"""Bytes that programming a weight takes for a while, about."""
NotTensor = np.ndarray | Sequence[Any]
Numbers = Tensor | NotTensor


class ProgrammedLayer:
    """One layer on one chip: encode, program, choose the plan; then quantise, multiply and read out.

    Args:
        layer: weight codes, design and shape.
        calibration: input quantisation and ADC levels.
        chip: with the layer's name it decides the cells.

    Attributes:
        pulses: write pulses per cell, on average.
        outside: fraction of the cells given up on outside the tolerance of programming.
    """

    def __init__(self, layer: EncodedLayer, calibration: LayerCalibration, chip: Chip) -> None:
        self.layer, self.calibration = layer, calibration
        self.pulses, self.outside = 1.0, 0.0
        plan = _counted_plan(layer, calibration, chip)
        if plan is None:
            cells = layer.program(chip)
            self.pulses, self.outside = cells.pulses, cells.outside
            arrays = layer.arrays(cells, calibration.inputs, chip.draws.of(layer.name))
            plan = cheapest_plan(arrays, calibration.levels)
            note_freed_memory(PROGRAMMING * layer.codes.numel())
        self.plan = plan

    @torch.no_grad()
    def multiply(self, inputs: LayerInputs, samples: SampleNumbers | None = None) -> LayerOutputs:
        """Outputs (batch, outputs, *space) of float inputs (batch, channels, *space).

        Args:
            inputs: finite.
            samples: their numbers among all that the layer has seen; other numbers, other read noise. They are
                counted from 0 unless given.
        """
        samples = numbers_from(0, inputs) if samples is None else samples
        driven = self.layer.driven(inputs, self.calibration.inputs)
        return driven.outputs(self.plan.outputs(driven.values, samples), self.layer.bias)


def _counted_plan(layer: EncodedLayer, calibration: LayerCalibration, chip: Chip) -> Plan | None:
    """A plan of whole numbers from the readings of cells alone; None where it takes more."""
    levels = calibration.levels if layer.design.adc.converts else None
    bare = layer.bare_arrays(calibration.inputs, chip.draws.of(layer.name))
    arrays = None if integer_obstacle(bare, levels) else layer.counted_arrays(bare, chip)
    plan = None if arrays is None else plan_of_readings(arrays, levels)
    return plan if isinstance(plan, IntegerPlan) else None


def cheapest_plan(arrays: ProgrammedArrays, levels: Levels | None) -> Plan:
    """The cheapest evaluation that gives exactly what the full chain gives."""
    levels = levels if arrays.design.adc.converts else None
    whole = integer_plan(arrays, levels)
    if isinstance(whole, IntegerPlan):
        return whole
    plan: Plan
    if levels is not None:
        plan = ConvertPlan.of(arrays, levels)
    else:
        plan = (
            LinearPlan(arrays)
            if arrays.is_linear and not arrays.has_noise_of_its_own
            else ConvertPlan.without_adc(arrays)
        )
    plan.obstacle = whole
    return plan


def explain_plan(plan: Plan) -> str:
    """How a layer is evaluated, and why not faster.

    Examples:
        >>> core = AnalogCore([[0.5, -1.0]], Design(), calibration=[1.0, 0.5])
        >>> explain_plan(core.programmed.plan)
        'float64: it computes in torch.float64'
    """
    if isinstance(plan, IntegerPlan):
        return plan.product.description
    arrays = plan.arrays
    precision = str(arrays.product_step.dtype).removeprefix("torch.")
    products = "bytes, then " if is_whole(arrays) and _multiplies(arrays) else ""
    return f"{products}{precision}: {plan.obstacle}"


def _multiplies(arrays: LayerArrays) -> bool:
    """Whether signals are products of inputs and what cells are on their lines."""
    return arrays.design.array.is_linear and not arrays.design.bends_on_wires


_TYPES = {"seed": int, "chip": int, "name": str}
"""What `AnalogCore` takes besides numbers and a design."""


class AnalogCore:
    """A plain matrix on analog arrays.

    Examples:
        >>> matrix, inputs = [[0.5, -1.0], [2.0, 0.25]], [[1.0, 0.5], [0.0, 1.0]]
        >>> design = Design.load("differential").with_settings({"cell.device": "none"})
        >>> core = AnalogCore(matrix, design, calibration=inputs)
        >>> (core @ inputs).round(1)
        array([[ 0.5, -0.8],
               [ 2. ,  1.3]])

    Args:
        matrix: (outputs, rows), finite: a tensor, an array or nested lists of real numbers. The core computes in
            float64 where the matrix is float64 (as NumPy's arrays and lists of floats are), else in float32.
        design: the accelerator, or the name of a preset.
        calibration: sample inputs, (rows,) or (rows, samples), or a `LayerCalibration`; None where the design states
            what they would decide: `inputs.signed`, and the ranges of inputs and ADCs.
        seed, chip, name: which chip and core: the same three give the same cells.

    Raises:
        ConversionError: the matrix has the wrong shape, is complex, sparse or masked, or holds NaN, infinite or only
            zero values; or the seed, chip or name are of another type.
        DesignError: there is no such design.
        CalibrationError: there is nothing to calibrate with, or the calibration is that of another design.
        DataError: calibration inputs of the wrong shape, complex, sparse or masked, NaN or infinite.

    Warns:
        ApproximationWarning: something of the design is computed approximately, weights are not stored as they are, or
            a device or curve has something to say of its use, such as what is extrapolated.
        GuaranteeWarning: the matrix gets less than a guaranteed ADC range promises: simulated as such an ADC is.
    """

    def __init__(
        self,
        matrix: Numbers,
        design: Design | str,
        *,
        calibration: Numbers | LayerCalibration | None = None,
        seed: int = 0,
        chip: int = 0,
        name: str = "core",
    ) -> None:
        check_values("AnalogCore", {"seed": seed, "chip": chip, "name": name}, _TYPES, ConversionError)
        design = Design.of(design)
        weight = real_tensor(matrix, f"the matrix of core {name!r}", ConversionError)
        if weight.ndim != 2 or weight.numel() == 0:
            raise ConversionError(f"core {name!r}: a matrix is (outputs, rows), not {tuple(weight.shape)}")
        self.layer = EncodedLayer.of(weight, None, design, MatrixProduct(weight.shape[1]), name)
        if calibration is None:
            calibration = stated_calibration(self.layer, f"core {name!r}")
        elif not isinstance(calibration, LayerCalibration):
            calibration = calibrate_layer(self.layer, self._batch(calibration, "calibration inputs"))
        self.layer.check(calibration)
        self.calibration = calibration
        self.chip = Chip(seed, chip)
        self.programmed = ProgrammedLayer(self.layer, calibration, self.chip)
        self.reads, self._is_warned = 0, False
        for note in (*approximations(design), *lost_weights([self.layer]), *device_notes(design)):
            warnings.warn(f"core {name!r}: {note}", ApproximationWarning, stacklevel=2)
        shortfall = self.layer.shortfall(calibration.inputs)
        if shortfall is not None:
            warnings.warn(shortfall, GuaranteeWarning, stacklevel=2)

    def cells(self) -> Cells:
        """The cells of the core as they are read, for looks and export: programmed anew, as a plan keeps none.

        Examples:
            Two cells in a differential pair, of which one is at zero:

            >>> design = Design().with_settings({"cell.device": "none"})
            >>> AnalogCore([[0.5, -1.0]], design, calibration=[1.0, 0.5]).cells().conductance[:, 0, 0]
            tensor([[[0.5039],
                     [0.0000]],
            <BLANKLINE>
                    [[0.0000],
                     [1.0000]]], dtype=torch.float64)
        """
        return self.layer.program(self.chip)

    @overload
    def __matmul__(self, inputs: Tensor) -> Tensor: ...
    @overload
    def __matmul__(self, inputs: NotTensor) -> np.ndarray: ...
    def __matmul__(self, inputs: Numbers) -> Tensor | np.ndarray:
        return self._multiplied(inputs)

    @overload
    def matmul(self, inputs: Tensor) -> Tensor: ...
    @overload
    def matmul(self, inputs: NotTensor) -> np.ndarray: ...
    def matmul(self, inputs: Numbers) -> Tensor | np.ndarray:
        """matrix @ inputs as the hardware computes it.

        Args:
            inputs: (rows,) or (rows, batch), finite real numbers: a tensor, an array or nested lists. They are used in
                the precision of the core, whatever theirs.

        Returns:
            (outputs,) or (outputs, batch) in the precision of the core, without gradients: a tensor on its device for a
            tensor, else a NumPy array.

        Raises:
            DataError: wrong number of rows, or complex, sparse, masked, NaN or infinite inputs.

        Warns:
            NegativeInputsWarning: for the first inputs that are negative, where calibration inputs were not: they
                count as 0.
        """
        return self._multiplied(inputs)

    def _multiplied(self, inputs: Numbers) -> Tensor | np.ndarray:
        batch = self._batch(inputs, "inputs")
        self._warn_of_negative(batch)
        result = self.programmed.multiply(batch, numbers_from(self.reads, batch)).T
        self.reads += len(batch)
        result = result[:, 0] if np.ndim(inputs) == 1 else result
        return result if isinstance(inputs, Tensor) else result.cpu().numpy()

    def _warn_of_negative(self, batch: Tensor) -> None:
        """Say once that inputs count as 0."""
        lost = None if self._is_warned else negative_inputs(self.layer, self.calibration.inputs, batch)
        if lost is not None:
            self._is_warned = True
            warnings.warn(lost, NegativeInputsWarning, stacklevel=4)

    def _batch(self, inputs: Numbers, what: str) -> Tensor:
        """Inputs (rows,) or (rows, batch) as (batch, rows)."""
        rows, name = self.layer.product.rows, self.layer.name
        columns = real_tensor(inputs, f"the array of {what} of core {name!r}", DataError)
        if columns.ndim not in (1, 2) or columns.shape[0] != rows:
            raise DataError(
                f"core {name!r} takes {what} ({rows},) or ({rows}, batch), one for each row, not {tuple(columns.shape)}"
            )
        columns = columns[:, None] if columns.ndim == 1 else columns
        return finite_like(columns, f"the {what} of core {name!r}", DataError, self.layer.step).T


def calibrate_layer(layer: EncodedLayer, inputs: Tensor) -> LayerCalibration:
    """Calibrate one layer on float inputs (batch, channels, *space).

    Raises:
        CalibrationError: there are no inputs.
        DesignError: inputs below 0, and no bit for the sign.
    """
    if inputs.numel() == 0:
        raise CalibrationError(f"core {layer.name!r} has no calibration inputs: pass at least one column of inputs")
    seen = Histogram()
    seen.update(inputs)
    scale = layer.design.inputs.scale(seen, f"core {layer.name!r}")
    if not layer.design.needs_calibrated_adc:
        return LayerCalibration(scale, layer.levels(scale, None))
    signals = layer.histograms(scale)
    codes = layer.input_codes(inputs, scale)
    if signals.is_centred:
        signals.learn_centres(codes)
    signals.add(codes)
    return LayerCalibration(scale, layer.levels(scale, signals))
