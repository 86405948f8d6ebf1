"""Weights to symmetric integer codes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from bitline.errors import ConversionError
from bitline.numerics.quotient import quotient
from bitline.numerics.real_tensors import real_tensor


def weight_codes(
    weight: Tensor,
    bits: int,
    scale: Literal["layer", "channel"] = "layer",
    percentile: float = 100.0,
    largest: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Quantise weights: w = round(W / step), symmetric about zero (Xiao et al. 2022, section 4.1).

    Args:
        weight: finite weights, (outputs, rows).
        bits: bits of a code with its sign.
        scale: "layer" for one step in the whole layer, "channel" for one step for each output.
        percentile: percentile of |W| that gets the largest code; larger weights are clipped to it.
        largest: |W| that gets the largest code, in place of that percentile.

    Returns:
        Integer codes in a tensor of weight's dtype, (outputs, rows), and the step, (outputs,). Outputs whose weights
        are all zero get step 1.

    Raises:
        ConversionError: the weights are complex.

    Examples:
        >>> codes, step = weight_codes(torch.tensor([[0.5, -0.9], [2.0, 0.25]]), bits=4)
        >>> codes, step
        (tensor([[ 2., -3.],
                 [ 7.,  1.]]), tensor([0.2857, 0.2857]))
    """
    if not weight.is_floating_point():
        weight = real_tensor(weight, "a weight matrix", ConversionError)
    top = 2 ** (bits - 1) - 1
    if largest is not None:
        step = quotient(torch.full((len(weight),), largest, dtype=weight.dtype, device=weight.device), top)
        return (weight / step[:, None]).round_().clamp_(-top, top), step
    magnitude = weight.abs() if scale == "channel" else weight.abs().reshape(1, -1)
    reached = magnitude.amax(1) if percentile >= 100 else _percentile(magnitude, percentile)
    reached = torch.where(reached > 0, reached, magnitude.amax(1))
    step = torch.where(reached > 0, quotient(reached, top), 1.0).expand(len(weight)).contiguous()
    return (weight / step[:, None]).round_().clamp_(-top, top), step


def _percentile(magnitude: Tensor, percentile: float) -> Tensor:
    count = magnitude.shape[1]
    return magnitude.kthvalue(min(count, max(1, round(percentile / 100 * count))), dim=1).values
