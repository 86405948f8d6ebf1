"""Quotients that are the same to the bit on every processor."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.shapes import Float


def quotient(values: Float[Tensor, "*any"], number: float) -> Float[Tensor, "*any"]:
    """Values over one number, rounded right.

    PyTorch on GPUs multiplies by the rounded inverse of a number, which misses the last bit of many quotients; it
    divides by a tensor.

    Examples:
        >>> quotient(torch.tensor([3.0, 49.0]), 49.0)
        tensor([0.0612, 1.0000])
    """
    return values / torch.full((), number, dtype=values.dtype, device=values.device)
