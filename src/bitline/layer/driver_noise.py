"""Noise of the row drivers: one number for every row and vector, which all columns see."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor

from bitline.arrays import MatrixProduct, Partition
from bitline.layer.arrays import ProgrammedArrays
from bitline.layer.line_products import LineProduct, Reach, line_product
from bitline.numerics.read_noise import standard_normal
from bitline.shapes import Currents, Float

STEPS = 128
"""Steps of a standard deviation, so that products are of whole numbers."""
LARGEST = 8
"""Standard deviations that no number exceeds."""


class DriverNoise:
    """What the noise of row drivers adds to signals.

    Args:
        arrays: the layer.
        weights: what a voltage on each row gives, (groups, rows, lines), in units of the signals.
        sigma: standard deviation of a voltage.
    """

    def __init__(self, arrays: ProgrammedArrays, weights: Float[Tensor, "groups rows lines"], sigma: float) -> None:
        self._key = arrays.draws.integer("driver noise")
        self._groups, self._rows, self._lines = weights.shape
        self._products = [
            (rows, self._product(arrays, weights[:, rows] * (sigma / STEPS), rows)) for rows in arrays.row_slices
        ]

    def _product(self, arrays: ProgrammedArrays, weights: Tensor, rows: slice) -> LineProduct:
        shape = MatrixProduct(channels=rows.stop - rows.start, groups=self._groups)
        whole: Partition = shape.whole()
        return line_product(replace(arrays, product=shape), whole, weights, Reach(LARGEST * STEPS, signed=True))

    def add(self, signals: Currents, samples: Tensor) -> Currents:
        """Add noise to signals, (batch, groups * parts * lines, *space), in place.

        Args:
            signals: contiguous.
            samples: number of each sample, (batch,) int64.
        """
        batch, positions = len(signals), math.prod(signals.shape[2:])
        by_part = signals.view(batch, self._groups, -1, self._lines, positions)
        last = by_part.shape[2] - 1  # the only part where arrays are added before the ADC
        numbers = standard_normal(self._key, samples, self._groups * self._rows * positions)
        steps = (numbers * STEPS).round_().clamp_(-LARGEST * STEPS, LARGEST * STEPS).to(signals)
        steps = steps.reshape(batch, self._groups, self._rows, positions)
        for part, (rows, product) in enumerate(self._products):
            inputs = steps[:, :, rows].permute(0, 3, 1, 2).reshape(batch * positions, -1)
            added = product(inputs).reshape(batch, positions, self._groups, self._lines)
            by_part[:, :, min(part, last)] += added.permute(0, 2, 3, 1)
        return signals
