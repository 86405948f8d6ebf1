"""What conversions see of the cells of a layer: lines combined into readings, and slices that are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from bitline.encode import WeightMapping
from bitline.shapes import Shaped

WholeTensor = Shaped[Tensor, "readings sums groups rows array_columns"]
"""Whole numbers for every cell as conversions see it."""


@dataclass(frozen=True)
class WholeReadings:
    """Readings of cells as whole numbers.

    Attributes:
        counts: (readings, sums, groups, rows, columns), float64 or int32.
        step: G/G_max that 1 stands for.
        are_exact: whether all cells are at their targets, whose digits are counted, and not steps of the grid.
    """

    counts: WholeTensor
    step: float
    are_exact: bool

    @classmethod
    def of(
        cls,
        counts: Shaped[Tensor, "readings slices groups rows array_columns"],
        step: float,
        are_exact: bool,
        weights: WeightMapping,
    ) -> WholeReadings | None:
        """Counts of every slice as conversions see them; None where the sums of slices are not whole.

        Args:
            counts, step, are_exact: of every slice by itself.
            weights: the mapping.
        """
        added = added_slices(counts, weights, dim=1)
        is_whole = all(radix == round(radix) for radix in weights.added_radix) or torch.equal(added, added.round())
        return cls(added, step, are_exact) if is_whole else None

    def to(self, device: torch.device) -> WholeReadings:
        """The same on a device."""
        return replace(self, counts=self.counts.to(device))


def line_readings(
    cells: Shaped[Tensor, "lines slices *rest"], readings: Sequence[Sequence[float]], power: int = 1
) -> Shaped[Tensor, "readings slices *rest"]:
    """Cells of each slice as they are read: lines added or subtracted before the ADC, (readings, slices, ...).

    Args:
        cells: (lines, slices, ...).
        readings: (readings, lines) weight of each line; whole numbers where the cells are.
        power: 2 for variances, which add up whatever the sign of a line.
    """
    found, is_float = cells.new_empty(len(readings), *cells.shape[1:]), cells.is_floating_point()
    for reading, weights in zip(found, readings, strict=True):
        counted = [(line, weight**power) for line, weight in enumerate(weights) if weight]
        (first, factor), *others = [(line, factor if is_float else int(factor)) for line, factor in counted]
        torch.mul(cells[first], factor, out=reading)
        for line, factor in others:
            reading.add_(cells[line] if factor == 1 else cells[line] * factor)
    return found


def conversion_readings(
    cells: Shaped[Tensor, "lines slices *rest"], weights: WeightMapping, power: int = 1
) -> Shaped[Tensor, "readings sums *rest"]:
    """`line_readings` for a mapping, with the slices added that one conversion sees, least significant first.

    Args:
        cells: (lines, slices, ...).
        weights: how they hold weights.
        power: 2 for variances.

    Examples:
        Two slices of two bits in one conversion:

        >>> from bitline.encode import Offset
        >>> mapping = Offset(bits=4, bits_per_cell=2, accumulation="analog")
        >>> conversion_readings(torch.tensor([[0.5, 0.25]]), mapping)
        tensor([[1.5000]], dtype=torch.float64)
    """
    return added_slices(line_readings(cells, weights.readings, power), weights, dim=1, power=power)


def added_slices(signals: Tensor, weights: WeightMapping, dim: int, power: int = 1) -> Tensor:
    """Something of every weight slice, added up along `dim` with the weights of slices; as it is where none are added.

    Args:
        signals: of readings, any shape.
        weights: the mapping.
        dim: axis of the slices, which stays, with one entry.
        power: 2 for variances.
    """
    if not weights.adds_slices:
        return signals
    apart = signals.double().unbind(dim)
    added = [each * radix**power for each, radix in zip(apart, weights.added_radix, strict=True)]
    return reduce(torch.add, added).unsqueeze(dim)  # in one order, whatever the batch


def line_by_line(
    readings: Shaped[Tensor, "readings sums groups rows array_columns"],
) -> Shaped[Tensor, "groups rows lines"]:
    """Readings as products take them: rows of each group, and what is converted side by side.

    Examples:
        >>> line_by_line(torch.zeros(2, 4, 1, 30, 8)).shape
        torch.Size([1, 30, 64])
    """
    return readings.permute(2, 3, 0, 1, 4).flatten(2)
