"""A plain matrix on analog arrays, without a network."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from torch import Tensor

from bitline.arrays import MatrixProduct
from bitline.config.arguments import check_values
from bitline.design import Design
from bitline.design.approximations import approximations, device_notes
from bitline.errors import (
    ApproximationWarning,
    ConversionError,
    DataError,
    GuaranteeWarning,
    NegativeInputsWarning,
)
from bitline.layer.cells import Cells
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer, LayerCalibration, lost_weights
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.layer.negative_inputs import negative_inputs
from bitline.layer.sample_numbers import numbers_from
from bitline.layer.stated_calibration import stated_calibration
from bitline.numerics.real_tensors import finite_like, real_tensor

NotTensor = np.ndarray | Sequence[Any]
Numbers = Tensor | NotTensor
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
        self.shape = (weight.shape[0], weight.shape[1])
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

    def __repr__(self) -> str:
        outputs, rows = self.shape
        return f"AnalogCore({outputs} x {rows} on {self.layer.design.name!r}, chip {self.chip.number})"

    def __getstate__(self) -> dict[str, Any]:
        """Copies and files go without the plan, which is made again for the same cells."""
        return {name: value for name, value in vars(self).items() if name != "programmed"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.programmed = ProgrammedLayer(self.layer, self.calibration, self.chip)

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
