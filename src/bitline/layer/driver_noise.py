"""Noise of the row drivers: one number for every row of an array and vector, which all of its columns see."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from bitline.arrays import MatrixProduct, Partition
from bitline.layer.arrays import ProgrammedArrays, per_channel
from bitline.layer.line_products import LineProduct, Reach, line_product
from bitline.layer.readings import line_by_line
from bitline.numerics.read_noise import standard_normal
from bitline.shapes import CellTensor, Currents, Float, ReadingTensor, SampleNumbers

STEPS = 128
"""Steps of a standard deviation, so that products are of whole numbers."""
LARGEST = 8
"""Standard deviations that no number exceeds."""


class DriverNoise:
    """What the noise of row drivers adds to signals, those of every weight slice and column tile by themselves.

    Args:
        arrays: the layer.
        readings: what cells (lines, slices, groups, rows, columns) give in units of the signals.
        sigmas: standard deviation of a voltage, by the number of input slices that are applied, from 1.
    """

    def __init__(
        self, arrays: ProgrammedArrays, readings: Callable[[CellTensor], ReadingTensor], sigmas: Sequence[float]
    ) -> None:
        self._sigmas, sigma = sigmas, sigmas[-1]
        self._draws = arrays.draws
        cells = arrays.cells.conductance
        _, slices, self._groups, self._rows, _ = cells.shape
        self._of_arrays = []
        for index in range(slices):
            alone = torch.zeros_like(cells)
            alone[:, index] = cells[:, index]
            weights = readings(alone)
            places = torch.arange(weights[:, :, 0, 0].numel()).reshape(*weights.shape[:2], -1)
            self._lines, sums = places.numel(), [min(index, weights.shape[1] - 1)]
            for tile, columns in enumerate(arrays.placement.column_tiles):
                own = line_by_line(weights[:, sums][..., columns]) * (sigma / STEPS)
                products = [(rows, self._product(arrays, own[:, rows], rows)) for rows in arrays.row_slices]
                lines = places[:, sums][..., columns].flatten().to(cells.device)
                self._of_arrays.append((_name(index, tile), lines, products))

    def _product(self, arrays: ProgrammedArrays, weights: Tensor, rows: slice) -> LineProduct:
        shape = MatrixProduct(channels=rows.stop - rows.start, groups=self._groups)
        whole: Partition = shape.whole()
        return line_product(replace(arrays, product=shape), whole, weights, Reach(LARGEST * STEPS, signed=True))

    def add(self, signals: Currents, samples: SampleNumbers, slices: int, read: str = "driver noise") -> Currents:
        """Add noise to signals, (batch, groups * parts * lines, *space), in place.

        Args:
            signals: contiguous.
            samples: number of each sample.
            slices: input slices that are applied.
            read: names the numbers: others for other reads of a sample.
        """
        batch, positions = len(signals), math.prod(signals.shape[2:])
        by_part = signals.view(batch, self._groups, -1, self._lines, positions)
        last = by_part.shape[2] - 1  # the only part where arrays are added before the ADC
        share = self._sigmas[slices - 1] / self._sigmas[-1]
        for name, lines, products in self._of_arrays:
            steps = self._steps(read + name, samples, positions).to(signals)
            for part, (rows, product) in enumerate(products):
                inputs = steps[:, :, rows].permute(0, 3, 1, 2).reshape(batch * positions, -1)
                added = product(inputs).reshape(batch, positions, self._groups, -1)
                if slices < len(self._sigmas):
                    added = added * share
                by_part[:, :, min(part, last)].index_add_(2, lines, added.permute(0, 2, 3, 1).to(by_part))
        return signals

    def _steps(self, read: str, samples: SampleNumbers, positions: int) -> Float[Tensor, "batch groups rows positions"]:
        """Whole numbers of steps of a standard deviation, for every row of an array."""
        numbers = standard_normal(self._draws.integer(read), samples, self._groups * self._rows * positions)
        steps = (numbers * STEPS).round_().clamp_(-LARGEST * STEPS, LARGEST * STEPS)
        return steps.reshape(len(samples), self._groups, self._rows, positions)


def _name(weight_slice: int, tile: int) -> str:
    """Names the random numbers of an array."""
    return f", weight slice {weight_slice}, column tile {tile}" if weight_slice or tile else ""


class AccumulatedDriverNoise(DriverNoise):
    """What it adds where accumulators weigh input slices by anything but exact powers of two.

    Args:
        of_slice: of one input slice.
        weights: of the input slices in each signal, (slices, signals).
    """

    def __init__(self, of_slice: DriverNoise, weights: Float[Tensor, "slices signals"]) -> None:
        self._of_slice, self._weights = of_slice, weights

    def add(self, signals: Currents, samples: SampleNumbers, slices: int, read: str = "driver noise") -> Currents:
        for index, weights in enumerate(self._weights[-slices:]):
            own = self._of_slice.add(torch.zeros_like(signals), samples, 1, f"{read} of input slice {index}")
            signals += own.mul_(per_channel(weights, signals))
        return signals
