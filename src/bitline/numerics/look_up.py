"""Bytes looked up in a table."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.shapes import Shaped


def look_up(codes: Shaped[Tensor, "*codes"], table: Shaped[Tensor, "bytes"]) -> Shaped[Tensor, "*codes"]:
    """What each byte stands for, in the order in memory of the codes.

    Args:
        codes: uint8, any shape in which no element lies apart from the others.
        table: uint8, (256,).

    Examples:
        >>> squares = torch.arange(256).square().clamp(max=255).to(torch.uint8)
        >>> look_up(torch.tensor([3, 9], dtype=torch.uint8), squares)
        tensor([ 9, 81], dtype=torch.uint8)
    """
    if codes.device.type != "cpu":
        return table[codes.long()]
    from bitline.numerics._look_up_numba import look_up_bytes

    found = torch.empty_like(codes)
    flat, written = (torch.as_strided(tensor, (tensor.numel(),), (1,)).numpy() for tensor in (codes, found))
    look_up_bytes(flat, table.numpy(), written)
    return found
