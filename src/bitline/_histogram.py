"""A histogram of any number of values in bounded memory that does not depend on the order they came in.

Bins are as wide as a power of two and aligned to zero; when a value falls outside, bins merge in pairs. Merging is
exact, so the result depends on the values only, not on batches or their order.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

BINS = 1 << 15  # half of them on each side of zero


class Histogram:
    """Counts of the values seen so far. Percentiles are exact to one bin: range / 16,384 at worst."""

    def __init__(self) -> None:
        self.counts = torch.zeros(BINS, dtype=torch.float64)
        self.exponent = -60  # values below 2^-60 share the middle bins
        self.low = math.inf
        self.high = -math.inf

    @property
    def width(self) -> float:
        """Width of a bin."""
        return 2.0 ** (self.exponent + 1) / BINS

    @property
    def total(self) -> float:
        """Number of values seen."""
        return float(self.counts.sum())

    @property
    def centres(self) -> Tensor:
        """Middle of every bin, float64, (BINS,)."""
        return (torch.arange(BINS, dtype=torch.float64) - BINS / 2 + 0.5) * self.width

    def update(self, values: Tensor) -> None:
        """Count `values` (any shape, finite)."""
        if values.numel() == 0:
            return
        values = values.detach().reshape(-1).float()
        low, high = (float(bound) for bound in torch.aminmax(values))
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._cover(max(-low, high))
        self.counts += self._count(values)

    def _count(self, values: Tensor) -> Tensor:
        if values.device.type == "cpu":
            from bitline._histogram_numba import count_float32

            counts = torch.zeros(torch.get_num_threads(), BINS, dtype=torch.int64)
            count_float32(values.numpy(), 1 / self.width, counts.numpy())
            return counts.sum(0).double()
        bins = (values / self.width).floor_().add_(BINS // 2).clamp_(max=BINS - 1)
        return torch.bincount(bins.long(), minlength=BINS).cpu().double()

    def percentile(self, percent: float) -> float:
        """The value below which `percent` per cent of the values lie, linear inside a bin."""
        cumulative = self.counts.cumsum(0)
        wanted = percent / 100 * float(cumulative[-1])
        index = min(int(torch.searchsorted(cumulative, torch.tensor(wanted, dtype=torch.float64))), BINS - 1)
        below = float(cumulative[index - 1]) if index else 0.0
        inside = (wanted - below) / max(float(self.counts[index]), 1.0)
        value = (index - BINS / 2 + inside) * self.width
        return min(max(value, self.low), self.high)

    def _cover(self, magnitude: float) -> None:
        """Double the range until it holds `magnitude`."""
        if magnitude < 2.0**self.exponent:
            return
        doublings = math.frexp(magnitude)[1] - self.exponent
        if not self.counts.any():
            self.exponent += doublings
            return
        for _ in range(min(doublings, 64)):
            pairs = self.counts.reshape(-1, 2).sum(1)
            self.counts = torch.zeros_like(self.counts)
            self.counts[BINS // 4 : 3 * BINS // 4] = pairs
        self.exponent += doublings
