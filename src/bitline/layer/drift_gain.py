"""The digital scale of a column that makes up for drift, from what the column draws with all rows on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays.nodal_lines import Block
from bitline.design import Design
from bitline.layer.wired_cells import effective_conductances
from bitline.placement import Placement
from bitline.shapes import ArrayColumns, CellTensor, Float

OVER = {"layer": (0, 1, 2, 3, 4), "column": (0, 1, 3)}
"""What currents are added up over, by what is compensated together."""


@dataclass(frozen=True)
class Readings:
    """How the columns of a layer are read.

    Attributes:
        design: of the layer.
        placement: of the layer on its arrays.
        positions: kernel positions of an input channel.
    """

    design: Design
    placement: Placement
    positions: int


def drift_gain(fresh: CellTensor, now: CellTensor, targets: CellTensor, readings: Readings) -> ArrayColumns | None:
    """Current of all rows after programming over that of now, by column, (groups, columns); None without compensation.

    Both lines of a pair are read for themselves, at the read voltage and through their wires.

    Args:
        fresh: G/G_max just after programming, (lines, slices, groups, rows, columns).
        now: G/G_max at the time of inference, same shape.
        targets: G/G_max that the cells are meant to have, same shape.
        readings: how columns are read.
    """
    over = OVER.get(readings.design.cell.drift_compensation)
    if over is None:
        return None
    before, after = (_currents(cells, targets, readings).sum(over, keepdim=True) for cells in (fresh, now))
    gain = torch.where(after > 0, before / after.clamp(min=1e-12), 1.0)
    return gain[0, 0, :, 0].expand(fresh.shape[2], fresh.shape[4]).float()


def _currents(
    cells: CellTensor, targets: CellTensor, readings: Readings
) -> Float[Tensor, "lines slices groups parts array_columns"]:
    """What columns of each row partition draw with all rows on; on lines without resistance, what each cell draws."""
    design, held = readings.design, cells.double()
    if not design.array.has_wires:
        return design.cell.current_voltage.current(held, 1.0)
    apart = design.array.with_lines_apart()
    if apart.is_linear and not design.bends_on_wires:
        return effective_conductances(apart, held, readings.placement)
    row_slices = readings.placement.row_slices
    solved = held.new_zeros(*held.shape[:3], len(row_slices), held.shape[-1])
    for part, rows in enumerate(row_slices):
        for group in range(held.shape[2]):
            block = _block(held[:, :, group, rows], targets[:, :, group, rows], readings)
            on = torch.ones(1, block.cells.shape[2], dtype=torch.float64)
            solved[:, :, group, part] = apart.nodal_lines(block).of_voltages(on)[0].reshape(*held.shape[:2], -1)
    return solved


def _block(cells: Tensor, targets: Tensor, readings: Readings) -> Block:
    current = readings.design.cell.current_voltage.current
    tiles = readings.placement.column_tiles
    return Block(cells, targets, None, current, 1, lambda digits: digits, readings.positions, tiles)
