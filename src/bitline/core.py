"""The signal chain composed for one matrix."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from bitline._histogram import Histogram
from bitline._layer_arrays import Arrays
from bitline._plans import ConvertPlan, LinearPlan, Plan, UnconvertedPlan
from bitline.arrays import MatrixProduct
from bitline.design import Design
from bitline.draws import Draws
from bitline.encoded import EncodedLayer, LayerCalibration
from bitline.errors import CalibrationError, ConversionError, DataError
from bitline.quantize import input_codes
from bitline.readout import Adc, Levels

Array = TypeVar("Array", Tensor, np.ndarray)


class ProgrammedLayer:
    """One layer on one chip: encode, program, choose the plan; then quantise, multiply and read out.

    Args:
        layer: weight codes, design and shape.
        calibration: input quantisation and ADC levels.
        seed, trial: which chip; the layer's name and these two give the same cells.

    Attributes:
        pulses: write pulses per cell, on average.
        outside: share of cells given up on outside the tolerance of programming.
    """

    def __init__(self, layer: EncodedLayer, calibration: LayerCalibration, seed: int, trial: int) -> None:
        self.calibration = calibration
        chip = Draws((seed, trial))
        cells = layer.program(chip)
        self.pulses, self.outside = cells.pulses, cells.outside
        self.plan = cheapest_plan(layer.arrays(cells, calibration.inputs, chip.of(layer.name)), calibration.levels)

    @torch.no_grad()
    def __call__(self, inputs: Tensor, sample: int = 0) -> Tensor:
        """Outputs (batch, outputs, *space) of float inputs (batch, channels, *space).

        Args:
            inputs: finite.
            sample: number of the first of them among all that the layer has seen; other numbers, other read noise.
        """
        return self.plan(inputs, sample, self._codes)

    def _codes(self, inputs: Tensor) -> Tensor:
        return input_codes(inputs, self.calibration.inputs)


def cheapest_plan(arrays: Arrays, levels: Levels | None) -> Plan:
    """The cheapest evaluation that gives exactly what the full chain gives."""
    if levels is None or not isinstance(arrays.design.adc, Adc):
        return LinearPlan(arrays) if arrays.is_linear else UnconvertedPlan(arrays)
    return ConvertPlan(arrays, levels)


class AnalogCore:
    """A plain matrix on analog arrays.

    Examples:
        >>> core = AnalogCore(matrix, Design.load("differential"), calibration=inputs)
        >>> y = core @ x  # close to matrix @ x

    Args:
        matrix: (outputs, rows), torch or NumPy, finite.
        design: the accelerator.
        calibration: sample inputs, (rows,) or (rows, samples), or a `LayerCalibration`.
        seed, trial, name: which chip and core: the same three give the same cells.

    Raises:
        ConversionError: the matrix has the wrong shape, or holds NaN, infinite or only zero values.
        CalibrationError: there is nothing to calibrate with.
        DataError: calibration inputs of the wrong shape, NaN or infinite.
    """

    def __init__(
        self,
        matrix: Tensor | np.ndarray,
        design: Design,
        *,
        calibration: Tensor | np.ndarray | LayerCalibration,
        seed: int = 0,
        trial: int = 0,
        name: str = "core",
    ) -> None:
        weight = torch.as_tensor(matrix)
        if weight.ndim != 2:
            raise ConversionError(f"core {name!r}: a matrix is (outputs, rows), not {tuple(weight.shape)}")
        self.layer = EncodedLayer.of(weight, None, design, MatrixProduct(weight.shape[1]), name)
        if not isinstance(calibration, LayerCalibration):
            calibration = calibrate_layer(self.layer, self._batch(calibration))
        self.calibration = calibration
        self.programmed = ProgrammedLayer(self.layer, calibration, seed, trial)
        self.reads = 0

    def __matmul__(self, inputs: Array) -> Array:
        return self.matmul(inputs)

    def matmul(self, inputs: Array) -> Array:
        """matrix @ inputs as the hardware computes it.

        Args:
            inputs: (rows,) or (rows, batch), torch or NumPy, finite.

        Returns:
            (outputs,) or (outputs, batch), of the type of `inputs`.

        Raises:
            DataError: wrong number of rows, NaN or infinite inputs.
        """
        batch = self._batch(inputs)
        result = self.programmed(batch, self.reads).T
        self.reads += len(batch)
        result = result[:, 0] if inputs.ndim == 1 else result
        return result.numpy() if isinstance(inputs, np.ndarray) else result

    def _batch(self, inputs: Tensor | np.ndarray) -> Tensor:
        """Inputs (rows,) or (rows, batch) as (batch, rows)."""
        columns = torch.as_tensor(inputs).detach()
        rows = self.layer.product.rows
        if columns.ndim not in (1, 2) or columns.shape[0] != rows:
            raise DataError(
                f"core {self.layer.name!r} takes inputs ({rows},) or ({rows}, batch), one for each row, "
                f"not {tuple(columns.shape)}"
            )
        return columns.to(self.layer.step).reshape(rows, -1).T


def calibrate_layer(layer: EncodedLayer, inputs: Tensor) -> LayerCalibration:
    """Calibrate one layer on float inputs (batch, channels, *space).

    Raises:
        CalibrationError: there are no inputs.
    """
    if inputs.numel() == 0:
        raise CalibrationError(f"core {layer.name!r} has no calibration inputs: pass at least one column of inputs")
    seen = Histogram()
    seen.update(inputs)
    scale = layer.design.inputs.range.scale(seen, layer.design.inputs.bits)
    if not layer.design.needs_calibrated_adc:
        return LayerCalibration(scale, layer.levels(scale, None))
    signals = layer.observation(scale)
    codes = input_codes(inputs, scale)
    if signals.is_centred:
        signals.learn_centres(codes)
    signals.add(codes)
    return LayerCalibration(scale, layer.levels(scale, signals))
