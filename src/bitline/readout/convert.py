"""Analog-to-digital conversion and the digital sum, in one pass over the signals."""

from __future__ import annotations

import torch
from torch import Tensor


def convert_and_add(signals: Tensor, low: Tensor, high: Tensor, factor: Tensor) -> Tensor:
    """Convert signals to codes and add the codes of all partitions, slices and readings.

    Args:
        signals: in units of the ADC's step, (blocks, conversions, outputs), contiguous; overwritten or kept.
        low, high: (conversions,) smallest and largest code.
        factor: (conversions,) weight of a code in the sum.

    Returns:
        sum over conversions of factor * clip(round(signal)), (blocks, outputs).
    """
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.readout._convert_numba import convert_and_add_float32

        result = torch.empty(signals.shape[0], signals.shape[2])
        convert_and_add_float32(signals.numpy(), low.numpy(), high.numpy(), factor.numpy(), result.numpy())
        return result
    return plain_convert_and_add(signals, low, high, factor)


def plain_convert_and_add(signals: Tensor, low: Tensor, high: Tensor, factor: Tensor) -> Tensor:
    """`convert_and_add` in plain PyTorch, for any device and dtype."""
    codes = signals.round().clamp_(low[:, None], high[:, None])
    return torch.einsum("bqn,q->bn", codes, factor)
