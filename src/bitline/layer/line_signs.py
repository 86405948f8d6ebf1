"""What readings count in the digital sum, where each line is added or subtracted by a sign of its own."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.layer.arrays import LayerArrays
from bitline.shapes import Float, ReadingTensor


def signed(readings: ReadingTensor, arrays: LayerArrays) -> ReadingTensor:
    """Readings of cells with the signs of their lines."""
    lines = arrays.line_signs
    return readings if lines is None else readings * lines.of_rows(arrays.row_slices).to(readings)


def signed_columns(arrays: LayerArrays) -> Float[Tensor, "groups #parts 1 #slices array_columns"]:
    """What the digital sum of a column counts for the readings of every array and slice, float64."""
    columns, lines = arrays.column_factors()[:, None, None, None], arrays.line_signs
    return columns if lines is None else columns * lines.signs.permute(2, 0, 1, 3)[:, :, None]


def removed_weights(arrays: LayerArrays) -> Float[Tensor, "groups #rows #columns"]:
    """Multiple of every input that is removed from a digital sum, in weight codes, float64."""
    lines = arrays.line_signs
    if lines is None:
        whole = (arrays.product.groups, 1, 1)
        return torch.full(whole, arrays.input_sum_factor, dtype=torch.float64, device=arrays.product_step.device)
    return lines.removed_of_rows(arrays.row_slices).double()
