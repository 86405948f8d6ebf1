"""Conversion by converters with transfer curves of their own, and the digital sum, in one pass over the signals."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.readout._sums import Sums
from bitline.readout._transfer import TransferTable


def lookup_and_add(
    signals: Tensor,
    table: TransferTable,
    converter: Tensor,
    scale: Tensor,
    low: Tensor,
    factor: Tensor,
    start: Tensor | None = None,
    total: Tensor | None = None,
) -> Tensor:
    """Convert signals to codes and add the codes of all partitions, slices and readings.

    A conversion whose signal is NaN is skipped and counts 0.

    Args:
        signals: (blocks, conversions, columns, positions), contiguous; blocks are samples times groups of the layer,
            groups fastest.
        table: transfer curves of (arrays, converters).
        converter: the converter of each column, counted over all arrays, (groups, conversions, columns) int64.
        scale: number of steps in one unit of the signals, (groups, conversions, columns).
        low: smallest code, (groups, conversions, columns).
        factor: weight of a code in the sum, (groups, conversions, columns).
        start, total: where the sums start and where they are written, see `Sums`.

    Returns:
        (blocks, columns, positions).

    Examples:
        Two columns share a converter of two bits whose second edge is late:

        >>> table = TransferTable.monotonic(torch.tensor([[[0.5, 1.9, 2.5]]]))
        >>> signals = torch.tensor([[[[0.6, 1.7], [2.0, 9.0]]]])
        >>> ones, low = torch.ones(1, 1, 2), torch.zeros(1, 1, 2)
        >>> lookup_and_add(signals, table, torch.tensor([[[0, 0]]]), scale=ones, low=low, factor=ones)
        tensor([[[1., 1.],
                 [2., 3.]]])
    """
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.readout._lookup_numba import lookup_and_add_float32

        sums = Sums.of(signals, len(factor), start, total)
        lookup_and_add_float32(
            signals.numpy(),
            table.edges.flatten(0, 1).numpy(),
            table.codes.flatten(0, 1).contiguous().numpy(),
            converter.contiguous().numpy(),
            scale.contiguous().numpy(),
            low.contiguous().numpy(),
            factor.contiguous().numpy(),
            sums.start.numpy(),
            sums.anew,
            sums.total.numpy(),
        )
        return sums.total
    return plain_lookup_and_add(signals, table, converter, scale, low, factor, start, total)


def plain_lookup_and_add(
    signals: Tensor,
    table: TransferTable,
    converter: Tensor,
    scale: Tensor,
    low: Tensor,
    factor: Tensor,
    start: Tensor | None = None,
    total: Tensor | None = None,
) -> Tensor:
    """`lookup_and_add` in plain PyTorch, for any device and dtype; its example shows the arguments."""
    groups, conversions, columns = scale.shape
    positions = signals.shape[-1]
    apart = signals.reshape(-1, groups, conversions, columns, positions)
    own = (apart * scale[..., None] - low[..., None]).reshape(-1, groups * conversions, columns, positions)
    edges, codes = (
        curves.flatten(0, 1)[converter].flatten(0, 1).to(signals.dtype) for curves in (table.edges, table.codes)
    )
    shape = own.shape
    flat = own.permute(1, 2, 0, 3).reshape(*edges.shape[:2], -1).contiguous()
    found = codes.gather(-1, torch.searchsorted(edges.contiguous(), flat, right=True))
    found = found.reshape(shape[1], shape[2], shape[0], shape[3]).permute(2, 0, 1, 3).reshape(apart.shape)
    found = (found + low[..., None]).masked_fill(apart.isnan(), 0.0)
    parts = torch.einsum("bgqnm,gqn->bgnm", found, factor)
    return Sums.of(signals, groups, start, total).add(parts)
