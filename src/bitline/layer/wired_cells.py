"""Stage 4 of one layer where wires keep outputs linear: cells as the outputs of their arrays show them."""

from __future__ import annotations

import torch

from bitline.arrays import Array
from bitline.placement import Placement
from bitline.shapes import CellTensor


def effective_conductances(array: Array, cells: CellTensor, placement: Placement) -> CellTensor:
    """`Array.effective_conductances` of a layer, column tile by column tile; the cells themselves on ideal wires.

    Args:
        array: what each array is like.
        cells: G/G_max of all cells, (lines, slices, groups, rows, columns + unit columns).
        placement: of the layer.
    """
    if placement.tiles == 1:
        return array.effective_conductances(cells, placement.row_slices)
    result = torch.empty_like(cells)
    for tile in range(placement.tiles):
        own = cells[..., placement.columns_of(tile)]
        effective = array.effective_conductances(own, placement.row_slices)
        if effective is own:
            return cells
        result[..., placement.columns_of(tile)] = effective
    return result
