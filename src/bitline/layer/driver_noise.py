"""Noise of the row drivers: one number for every row and vector, which all columns see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
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
        sigmas: standard deviation of a voltage, by the number of input slices that are applied, from 1.
    """

    def __init__(
        self, arrays: ProgrammedArrays, weights: Float[Tensor, "groups rows lines"], sigmas: Sequence[float]
    ) -> None:
        self._sigmas, sigma = sigmas, sigmas[-1]
        self._draws = arrays.draws
        self._groups, self._rows, self._lines = weights.shape
        self._products = [
            (rows, self._product(arrays, weights[:, rows] * (sigma / STEPS), rows)) for rows in arrays.row_slices
        ]

    def _product(self, arrays: ProgrammedArrays, weights: Tensor, rows: slice) -> LineProduct:
        shape = MatrixProduct(channels=rows.stop - rows.start, groups=self._groups)
        whole: Partition = shape.whole()
        return line_product(replace(arrays, product=shape), whole, weights, Reach(LARGEST * STEPS, signed=True))

    def add(self, signals: Currents, samples: Tensor, slices: int, read: str = "driver noise") -> Currents:
        """Add noise to signals, (batch, groups * parts * lines, *space), in place.

        Args:
            signals: contiguous.
            samples: number of each sample, (batch,) int64.
            slices: input slices that are applied.
            read: names the numbers: others for other reads of a sample.
        """
        batch, positions = len(signals), math.prod(signals.shape[2:])
        by_part = signals.view(batch, self._groups, -1, self._lines, positions)
        last = by_part.shape[2] - 1  # the only part where arrays are added before the ADC
        numbers = standard_normal(self._draws.integer(read), samples, self._groups * self._rows * positions)
        steps = (numbers * STEPS).round_().clamp_(-LARGEST * STEPS, LARGEST * STEPS).to(signals)
        steps = steps.reshape(batch, self._groups, self._rows, positions)
        for part, (rows, product) in enumerate(self._products):
            inputs = steps[:, :, rows].permute(0, 3, 1, 2).reshape(batch * positions, -1)
            added = product(inputs).reshape(batch, positions, self._groups, self._lines)
            if slices < len(self._sigmas):
                added = added * (self._sigmas[slices - 1] / self._sigmas[-1])
            by_part[:, :, min(part, last)] += added.permute(0, 2, 3, 1)
        return signals


class AccumulatedDriverNoise(DriverNoise):
    """What it adds where accumulators weigh input slices by anything but exact powers of two.

    Args:
        of_slice: of one input slice.
        weights: of the input slices in each signal, (slices, signals).
    """

    def __init__(self, of_slice: DriverNoise, weights: Float[Tensor, "slices signals"]) -> None:
        self._of_slice, self._weights = of_slice, weights

    def add(self, signals: Currents, samples: Tensor, slices: int, read: str = "driver noise") -> Currents:
        for index, weights in enumerate(self._weights[-slices:]):
            own = self._of_slice.add(torch.zeros_like(signals), samples, 1, f"{read} of input slice {index}")
            signals += own.mul_(weights.reshape(1, -1, *[1] * (signals.ndim - 2)))
        return signals
