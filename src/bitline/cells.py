"""Stages 2 and 3 for one layer: weight codes to the programmed cells of its arrays."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.design import Design
from bitline.draws import Draws


@dataclass(frozen=True)
class UnitColumns:
    """Extra columns that store the code 0, one for each column tile, subtracted from the columns of their tile.

    Attributes:
        columns: matrix columns.
        width: matrix columns of a tile.
        count: unit columns; 0 where the mapping has none.
    """

    columns: int
    width: int
    count: int

    @classmethod
    def of(cls, design: Design, columns: int) -> UnitColumns:
        """The unit columns of a layer with this many matrix columns."""
        if not design.weights.has_unit_column:
            return cls(columns, columns, 0)
        width = max(1, design.array.columns - 1)
        return cls(columns, width, -(-columns // width))

    def append(self, codes: Tensor) -> Tensor:
        """Add the unit columns' zero codes: (..., columns) to (..., columns + count)."""
        return torch.nn.functional.pad(codes, (0, self.count))

    def subtract(self, outputs: Tensor, dim: int) -> Tensor:
        """Subtract the unit columns: `columns + count` to `columns` along `dim`."""
        if self.count == 0:
            return outputs
        tile = torch.arange(self.columns, device=outputs.device) // self.width
        units = outputs.narrow(dim, self.columns, self.count)
        return outputs.narrow(dim, 0, self.columns) - units.index_select(dim, tile)


def target_conductances(codes: Tensor, design: Design) -> Tensor:
    """Target G/G_max of every cell, (lines, slices, *codes.shape).

    G = G_min + (G_max - G_min) d / (2^b - 1) (Xiao et al. 2022, section 4.1).

    Args:
        codes: integer weight codes, any shape, unit columns included.
    """
    low = design.cell.window_low
    return design.weights.digits(codes).mul_(1 - low).add_(low)


def program_cells(codes: Tensor, design: Design, draws: Draws) -> Tensor:
    """Programmed G/G_max of every cell, (lines, slices, *codes.shape), float32 on the CPU.

    The same draws give the same cells whatever is computed with them later.
    """
    programmed = design.cell.error.program(target_conductances(codes.float().cpu(), design), draws)
    if design.cell.clip == "zero":
        return programmed.clamp_(min=0)
    if design.cell.clip == "window":
        return programmed.clamp_(design.cell.window_low, 1)
    return programmed


def line_readings(cells: Tensor, design: Design) -> Tensor:
    """Cells as seen by each conversion: lines added or subtracted before the ADC, (readings, slices, ...)."""
    rows = []
    for weights in design.weights.readings:
        terms = [cells[line] * weight for line, weight in enumerate(weights) if weight]
        rows.append(terms[0] if len(terms) == 1 else torch.stack(terms).sum(0))
    return torch.stack(rows)
