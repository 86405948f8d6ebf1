"""How often each input channel of a layer has each code: what the energy of drivers and cells depends on."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.quantize import InputScale

LARGEST_BITS = 8
"""Magnitude bits that are told apart; finer codes are counted by their upper bits."""


class Activity:
    """Counts of |code| of every input channel, in memory that does not grow.

    Args:
        scale: quantisation of the inputs.
        channels: input channels of all groups.

    Attributes:
        counts: (channels, 2^bits) int64.
        bits: magnitude bits told apart.
    """

    def __init__(self, scale: InputScale, channels: int) -> None:
        self.scale = scale
        self.bits = min(scale.magnitude_bits, LARGEST_BITS)
        self.counts = torch.zeros((channels, 2**self.bits), dtype=torch.int64)

    def add(self, codes: Tensor) -> None:
        """Count input codes (batch, channels, *space), integers in any dtype."""
        dropped = self.scale.magnitude_bits - self.bits
        values = codes.detach().reshape(len(codes), self.counts.shape[0], -1)
        if values.device.type == "cpu" and values.dtype == torch.float32:
            from bitline.nn._activity_numba import count_codes_float32

            count_codes_float32(values.contiguous().numpy(), dropped, self.counts.numpy())
            return
        magnitude = values.abs().long() >> dropped
        channel = torch.arange(len(self.counts), device=values.device)[:, None]
        flat = (magnitude + channel * self.counts.shape[1]).flatten()
        self.counts += torch.bincount(flat, minlength=self.counts.numel()).reshape(self.counts.shape).cpu()
