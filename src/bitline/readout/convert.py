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


def convert_columns_and_add(signals: Tensor, scale: Tensor, low: Tensor, high: Tensor, factor: Tensor) -> Tensor:
    """`convert_and_add` with levels of every column's own; a conversion whose signal is NaN is skipped and counts 0.

    Args:
        signals: (blocks, conversions, columns, positions), contiguous; blocks are samples times groups of the layer,
            groups fastest.
        scale: (groups, conversions, columns) steps in one unit of the signals.
        low, high, factor: as for `convert_and_add`, (groups, conversions, columns).

    Returns:
        (blocks, columns, positions).
    """
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.readout._convert_numba import convert_columns_and_add_float32

        result = torch.empty(signals.shape[0], *signals.shape[2:])
        scale, low, high, factor = (one.contiguous() for one in (scale, low, high, factor))
        convert_columns_and_add_float32(
            signals.numpy(), scale.numpy(), low.numpy(), high.numpy(), factor.numpy(), result.numpy()
        )
        return result
    return plain_convert_columns_and_add(signals, scale, low, high, factor)


def plain_convert_columns_and_add(signals: Tensor, scale: Tensor, low: Tensor, high: Tensor, factor: Tensor) -> Tensor:
    """`convert_columns_and_add` in plain PyTorch, for any device and dtype."""
    apart = signals.reshape(-1, *scale.shape, signals.shape[-1])
    codes = (apart * scale[..., None]).round().clamp_(low[..., None], high[..., None]).nan_to_num_(nan=0.0)
    total = torch.einsum("bgqcp,gqc->bgcp", codes, factor)
    return total.reshape(len(signals), *signals.shape[2:])
