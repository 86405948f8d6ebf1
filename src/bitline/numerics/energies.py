"""Energies of signals and of their errors, row by row."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bitline.shapes import Float


def energies(expected: Float[Tensor, "rows *rest"], found: Float[Tensor, "rows *rest"]) -> Float[Tensor, "two rows"]:
    """Sums of expected^2 and of (found - expected)^2 of every row, float64.

    On a CPU, the sums of a row do not depend on the other rows, so they are the same for any batch.

    Examples:
        >>> energies(torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 2.0]]))
        tensor([[25.],
                [ 4.]], dtype=torch.float64)
    """
    expected, found = _rows(expected, expected), _rows(found, expected)
    if expected.device.type == "cpu" and expected.dtype == found.dtype == torch.float32:
        from bitline.numerics._energies_numba import energies_float32

        sums = torch.empty(2, len(expected), dtype=torch.float64)
        energies_float32(expected.numpy(), found.numpy(), sums.numpy())
        return sums
    return torch.stack([values.double().square().sum(1) for values in (expected, found - expected)])


def _rows(values: Tensor, like: Tensor) -> Tensor:
    """(rows, n), in the order in which `like` lies in memory."""
    strides = like.stride()
    order = sorted(range(1, like.ndim), key=lambda axis: -strides[axis])
    return values.detach().permute(0, *order).reshape(len(values), math.prod(values.shape[1:])).contiguous()
