"""Values kept within limits, with the same gradients in every version of PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor


def limited(x: Tensor, low: float, high: float) -> Tensor:
    """Values with those beyond a limit replaced by the limit; gradients pass within the limits and at them.

    `Tensor.clamp` gives the same values. Its gradient at a limit is 1 up to PyTorch 2.13 and 0 from 2.14 on, and
    calibration puts the limit on the largest input that it saw.

    Args:
        x: any shape; NaN stays NaN.
        low, high: the limits, which may be infinite.

    Examples:
        >>> x = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0], requires_grad=True)
        >>> limited(x, 0.0, 1.0).sum().backward()
        >>> limited(x, 0.0, 1.0).tolist(), x.grad.tolist()
        ([0.0, 0.0, 0.5, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0, 0.0])
    """
    return torch.where(x > high, high, torch.where(x < low, low, x))
