"""Weights of a layer without ADC, all slices, lines and readings in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bitline.errors import DesignError
from bitline.layer.arrays import LayerArrays, ProgrammedArrays
from bitline.layer.counted_cells import ReadArrays
from bitline.layer.grid import whole_readings
from bitline.layer.line_signs import removed_weights, signed
from bitline.layer.readings import conversion_readings
from bitline.numerics.quotient import quotient
from bitline.shapes import CellTensor, MatrixTensor, StoredCodes

SAMPLE = 4096
"""Whole numbers among which most layers have some without a common divisor."""
CODE_STEP = 1e-9
"""Relative distance from whole numbers up to which weights are taken to be whole."""


def summed_lines(arrays: LayerArrays, cells: CellTensor, power: int) -> StoredCodes:
    """Slices and lines in one, (groups, rows, columns + unit columns), in weight codes, float64; power 2 for variances.

    Args:
        arrays: those of the cells.
        cells: (lines, slices, groups, rows, columns + unit columns), conductances or standard deviations squared.
        power: 1 or 2.
    """
    readings = conversion_readings(cells, arrays.design.weights, power).double()
    readings = signed(readings, arrays) if power == 1 else readings
    total = torch.einsum("rs,rsgkn->gkn", (arrays.code_factors() * arrays.digits_per_G_max) ** power, readings)
    gain = arrays.drift_gain
    return total if gain is None else total * (gain.double() ** power)[:, None]


def summed_weights(arrays: LayerArrays, cells: CellTensor) -> MatrixTensor:
    """Weight codes of cells, (groups, rows, columns), float64, without what is removed of the sum of the inputs."""
    return arrays.placement.subtract(summed_lines(arrays, cells, power=1), dim=2)


def programmed_weights(arrays: ProgrammedArrays) -> MatrixTensor:
    """Weight codes that the cells of a chip stand for, (groups, rows, columns), float64.

    Raises:
        DesignError: outputs are no weighted sums of the inputs.
    """
    design = arrays.design
    if not (design.array.is_linear and design.has_plain_currents) or design.bends_on_wires:
        raise DesignError(
            "the arrays of this design are not linear in their inputs (cell.current_voltage, inputs.drivers or lines "
            "with resistance), so that its cells stand for no weights: train with the whole chip instead"
        )
    return summed_weights(arrays, arrays.cells.conductance) - removed_weights(arrays)


@dataclass(frozen=True)
class EffectiveWeights:
    """Weights of a layer without ADC, all slices, lines and readings in one.

    Attributes:
        counts: whole numbers, (groups, rows, columns), float64.
        step: weight code that 1 stands for.
    """

    counts: Tensor
    step: float

    @classmethod
    def of(cls, arrays: ReadArrays) -> EffectiveWeights | None:
        """The effective weights of a layer; None where they have no common step."""
        readings, gain, removed = whole_readings(arrays), arrays.drift_gain, removed_weights(arrays)
        if readings is None or (gain is not None and (removed.any() or arrays.placement.unit_columns)):
            return None
        step = readings.step * arrays.digits_per_G_max
        removed = removed / step
        if ((removed - removed.round()).abs() > CODE_STEP * removed.abs().clamp(min=1.0)).any():
            return None
        counts = torch.einsum("rs,rsgkn->gkn", arrays.code_factors(), signed(readings.counts.double(), arrays))
        counts = arrays.placement.subtract(counts, dim=2) - removed.round()
        if not torch.equal(counts, counts.round()):
            return None  # readings that count a fraction of a digit
        return cls.in_coarsest_step(counts, step)

    @classmethod
    def in_coarsest_step(cls, counts: Tensor, step: float) -> EffectiveWeights:
        """Whole numbers divided by what divides them all, so that they take as few pieces as they can."""
        common = common_divisor(counts)
        return cls(quotient(counts, common), step * common)


def common_divisor(counts: Tensor) -> int:
    """Greatest common divisor of whole numbers, at least 1."""
    flat = counts.flatten()
    if _divisor(flat[:SAMPLE]) == 1:  # that of all divides it
        return 1
    return max(1, _divisor(flat))


def _divisor(counts: Tensor) -> int:
    return int(np.gcd.reduce(counts.long().abs().cpu().numpy()))
