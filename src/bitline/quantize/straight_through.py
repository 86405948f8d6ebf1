"""Quantisation that lets gradients pass."""

from __future__ import annotations

from torch import Tensor

from bitline.numerics.limited import limited


def straight_through(x: Tensor, step: Tensor, lowest: int, highest: int) -> Tensor:
    """Nearest multiple of a step between two codes, with gradients as if nothing were rounded.

    The gradient of `x` is 1 between the ends and 0 beyond them. That of `step` is round(x / step) - x / step between
    the ends, and `lowest` or `highest` beyond them (Esser et al., "Learned Step Size Quantization", ICLR 2020, eq. 3).

    Args:
        x: any shape.
        step: difference of two levels, a scalar.
        lowest, highest: smallest and largest code.

    Examples:
        >>> import torch
        >>> x, step = (torch.tensor(values, requires_grad=True) for values in ([-0.4, 0.4, 9.0], 0.5))
        >>> outputs = straight_through(x, step, lowest=0, highest=15)
        >>> outputs.sum().backward()
        >>> outputs.tolist(), x.grad.tolist(), round(float(step.grad), 6)
        ([0.0, 0.5, 7.5], [0.0, 1.0, 0.0], 15.2)
    """
    codes = limited(x / step, lowest, highest)
    return (codes + (codes.round() - codes).detach()) * step
