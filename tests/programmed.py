"""Cells of one layer, programmed for designs that differ in a few settings."""

from __future__ import annotations

import torch

from bitline import Design
from bitline.arrays import partition_rows
from bitline.layer.cells import program_cells, target_conductances
from bitline.numerics.draws import Draws
from bitline.placement import Placement

CODES = torch.randint(-127, 128, (1, 200, 60), generator=torch.Generator().manual_seed(0)).float()


def cells_of(settings, codes=CODES, chip=0, rows=None):
    """Cells for codes (slices, rows, columns), on arrays of so many rows; on one array if None."""
    design = Design().with_settings(settings)
    blocks = partition_rows(codes.shape[1], 1, rows or codes.shape[1]).row_slices(codes.shape[1], 1)
    placement = Placement(blocks, codes.shape[2], design.array.columns)
    return program_cells(codes, design, placement, Draws((0, chip)), "layer")


def targets(settings=None, codes=CODES):
    return target_conductances(codes, Design().with_settings(settings or {}))
