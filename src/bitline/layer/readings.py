"""What conversions see of the cells of a layer: lines combined into readings, and slices that are added."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from bitline.encode import WeightMapping
from bitline.shapes import Shaped


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
