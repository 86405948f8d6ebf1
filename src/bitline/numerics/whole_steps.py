"""Values rounded to whole multiples of a step."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.numerics.quotient import quotient
from bitline.shapes import Float, Int


def whole_steps(values: Float[Tensor, "*any"], step: float) -> tuple[Int[Tensor, "*any"], Float[Tensor, "*any"]]:
    """The nearest multiples of a step, halves to even: how many steps they are, int32, and the multiples themselves.

    Quotient and product are rounded in float64, whatever the precision of the values.

    Args:
        values: finite, below 2^31 steps.
        step: above 0.

    Examples:
        >>> whole_steps(torch.tensor([0.1, 0.5, -0.9]), 0.25)
        (tensor([ 0,  2, -4], dtype=torch.int32), tensor([ 0.0000,  0.5000, -1.0000]))
    """
    if values.device.type == "cpu" and values.dtype == torch.float32:
        from bitline.numerics._whole_steps_numba import whole_steps_float32

        values = values.detach().contiguous()
        counts, rounded = torch.empty_like(values, dtype=torch.int32), torch.empty_like(values)
        flat, *written = (tensor.view(-1).numpy() for tensor in (values, counts, rounded))
        whole_steps_float32(flat, step, *written)
        return counts, rounded
    whole = quotient(values.double(), step).round_()
    return whole.to(torch.int32), whole.mul_(step).to(values.dtype)
