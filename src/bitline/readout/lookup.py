"""Conversion by converters with transfer curves of their own, and the digital sum, in one pass over the signals."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.readout._transfer import TransferTable


def lookup_and_add(signals: Tensor, table: TransferTable, converter: Tensor, low: Tensor, factor: Tensor) -> Tensor:
    """Convert signals to codes and add the codes of all partitions, slices and readings.

    Args:
        signals: in units of the ADC's step, (blocks, conversions, columns, positions), contiguous; blocks are samples
            times
            groups of the layer, groups fastest.
        table: curves of (groups * conversions, converters).
        converter: (columns,) int64, the converter of each column in its array.
        low: (conversions,) smallest code.
        factor: (conversions,) weight of a code in the sum.

    Returns:
        (blocks, columns, positions).
    """
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.readout._lookup_numba import lookup_and_add_float32

        result = torch.empty(signals.shape[0], *signals.shape[2:])
        lookup_and_add_float32(
            signals.numpy(),
            table.edges.numpy(),
            table.codes.numpy(),
            converter.numpy(),
            low.numpy(),
            factor.numpy(),
            result.numpy(),
        )
        return result
    return plain_lookup_and_add(signals, table, converter, low, factor)


def plain_lookup_and_add(
    signals: Tensor, table: TransferTable, converter: Tensor, low: Tensor, factor: Tensor
) -> Tensor:
    """`lookup_and_add` in plain PyTorch, for any device and dtype."""
    blocks, conversions, columns, positions = signals.shape
    groups = table.edges.shape[0] // conversions
    own = (signals - low[:, None, None]).reshape(-1, groups * conversions, columns, positions)
    edges, codes = table.edges[:, converter].to(signals.dtype), table.codes[:, converter].to(signals.dtype)
    shape = own.shape
    flat = own.permute(1, 2, 0, 3).reshape(*edges.shape[:2], -1).contiguous()
    found = codes.gather(-1, torch.searchsorted(edges.contiguous(), flat, right=True))
    found = found.reshape(shape[1], shape[2], shape[0], shape[3]).permute(2, 0, 1, 3)
    found = found.reshape(blocks, conversions, columns, positions) + low[:, None, None]
    return torch.einsum("bqcp,q->bcp", found, factor)
