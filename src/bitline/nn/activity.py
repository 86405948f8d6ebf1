"""How often each input channel of a layer has each code: what the energy of drivers and cells depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.quantize import InputScale

NARROW = (torch.uint8, torch.int16, torch.int32)
"""What finished counts are kept in, where it holds the largest."""

LARGEST_BITS = 8
"""Magnitude bits that are told apart; finer codes are counted by their upper bits."""


class Activity:
    """Counts of |code| of every input channel, in memory that does not grow.

    Args:
        scale: quantisation of the inputs.
        channels: input channels of all groups.

    Examples:
        >>> activity = Activity(InputScale(step=1.0, magnitude_bits=2, signed=True), channels=1)
        >>> activity.add(torch.tensor([[3.0], [-3.0], [0.0]]))
        >>> activity.counts
        tensor([[1, 0, 0, 2]])

    Attributes:
        bits: magnitude bits told apart.
        inputs: values that the layer was given, padding among them.
    """

    def __init__(self, scale: InputScale, channels: int) -> None:
        self.scale, self.inputs = scale, 0
        self.bits = min(scale.magnitude_bits, LARGEST_BITS)
        self._counts = torch.zeros((channels, 2**self.bits), dtype=torch.int64)

    @property
    def counts(self) -> Tensor:
        """(channels, 2^bits) int64."""
        return self._counts.long()

    def finish(self) -> None:
        """Keep the counts in as few bytes as hold them: of a language model they are as large as its weights else."""
        largest = int(self._counts.max())
        fitting = (dtype for dtype in NARROW if largest <= torch.iinfo(dtype).max)
        self._counts = self._counts.to(next(fitting, torch.int64))

    def add(self, codes: Tensor, times: Tensor | None = None) -> None:
        """Count input codes.

        Args:
            codes: (batch, channels, *space), integers in any dtype.
            times: how often the codes of each place count, (places,) int64; once if None.
        """
        self._counts = counts = self.counts
        dropped = self.scale.magnitude_bits - self.bits
        values = codes.detach().reshape(len(codes), counts.shape[0], -1)
        times = torch.ones(values.shape[2], dtype=torch.int64) if times is None else times
        if values.device.type == "cpu" and values.dtype == torch.float32:
            from bitline.nn._activity_numba import count_codes_float32

            count_codes_float32(values.contiguous().numpy(), times.numpy(), dropped, counts.numpy())
            return
        magnitude = values.abs().long() >> dropped
        channel = torch.arange(len(counts), device=values.device)[:, None]
        flat = (magnitude + channel * counts.shape[1]).flatten()
        weights = times.to(values.device, torch.float64).expand(values.shape).flatten()  # sums below 2^53 are exact
        counts += torch.bincount(flat, weights, counts.numel()).reshape(counts.shape).cpu().long()


@dataclass(frozen=True)
class Activities:
    """Activity of the layers of a network.

    Attributes:
        layers: by name.
        samples: that the network was shown.
    """

    layers: Mapping[str, Activity]
    samples: int
