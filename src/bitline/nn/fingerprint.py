"""Whether a tensor still holds what it held: changes of `tensor.data` in place leave no other trace."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

GOLDEN, MULTIPLIER = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
"""Constants of a multiplicative mixer of 64 bits, odd."""

Contents = tuple[tuple[int, torch.device, torch.dtype, torch.Size, tuple[int, ...]], ...]
"""What tensors hold, where, and how it is laid out."""


def contents_of(*tensors: Tensor | None) -> Contents:
    """Fingerprints of tensors, where and how they are stored; None counts for nothing."""
    return tuple(
        (fingerprint(tensor), tensor.device, tensor.dtype, tensor.shape, tensor.stride())
        for tensor in tensors
        if tensor is not None
    )


def fingerprint(values: Tensor) -> int:
    """64 bits that follow from the values of a tensor and their order in memory.

    Tensors of one layout that differ have the same one with a chance of about 2^-64. It takes one pass over the
    memory, at the speed of the memory.
    """
    values = values.detach()
    if values.ndim == 4 and values.is_contiguous(memory_format=torch.channels_last):
        values = values.permute(0, 2, 3, 1)  # as it lies in memory
    values = values.contiguous().view(-1)
    if values.device.type != "cpu":
        return _mixed_by_torch(values)
    from bitline.nn._fingerprint_numba import mix

    bytes_ = values.view(torch.uint8)
    width = _width(values)
    if values.data_ptr() % width:
        bytes_ = bytes_.clone()
    words = bytes_.numpy().view(f"u{width}")
    return int(
        mix(words, np.uint64(GOLDEN), np.uint64(MULTIPLIER))
    )  # of Python's integers it would take 30 times longer


def _width(values: Tensor) -> int:
    """Bytes of the words that are mixed: as wide as divide the tensor evenly, so that no rest is left."""
    return next(width for width in (8, 4, 2, 1) if values.nbytes % width == 0)


def _mixed_by_torch(values: Tensor) -> int:
    """`fingerprint` in plain PyTorch, for any device; its sums wrap around as the kernel's do."""
    width = _width(values)
    words = values.view(torch.uint8)
    words = words.clone() if values.data_ptr() % width else words
    words = words.view({8: torch.int64, 4: torch.int32, 2: torch.int16, 1: torch.int8}[width]).long()
    words = words if width == 8 else words & (2 ** (8 * width) - 1)
    low, high = (1 << 63) - 1, 1 << 63
    golden, multiplier = ((constant & low) - (constant & high) for constant in (GOLDEN, MULTIPLIER))
    mixed = words + torch.arange(len(words), device=words.device) * golden
    mixed = (mixed ^ ((mixed >> 32) & 0xFFFFFFFF)) * multiplier
    mixed = (mixed ^ ((mixed >> 29) & 0x7FFFFFFFF)) * multiplier
    mixed = mixed ^ ((mixed >> 32) & 0xFFFFFFFF)
    return int(mixed.sum()) % 2**64
