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
    """Counts of the values seen so far. Percentiles are exact to one bin: range / 16,384 at worst.

    Args:
        bins: number of bins, a multiple of 4; half of them lie on each side of zero.

    Examples:
        >>> values = torch.arange(1001.0)
        >>> batches, whole = Histogram(), Histogram()
        >>> for batch in values.split(100):
        ...     batches.update(batch)
        >>> whole.update(values)
        >>> batches.percentile(99) == whole.percentile(99)
        True
        >>> whole.total, whole.low, whole.high, round(whole.percentile(50))
        (1001.0, 0.0, 1000.0, 500)
    """

    def __init__(self, bins: int = BINS) -> None:
        self.counts = torch.zeros(bins, dtype=torch.float64)
        self.exponent = -60  # values below 2^-60 share the middle bins
        self.low = math.inf
        self.high = -math.inf

    @property
    def bins(self) -> int:
        """Number of bins."""
        return self.counts.shape[0]

    @property
    def width(self) -> float:
        """Width of a bin."""
        return 2.0 ** (self.exponent + 1) / self.bins

    @property
    def total(self) -> float:
        """Number of values seen."""
        return float(self.counts.sum())

    @property
    def centres(self) -> Tensor:
        """Middle of every bin, float64, (bins,)."""
        return (torch.arange(self.bins, dtype=torch.float64) - self.bins / 2 + 0.5) * self.width

    def update(self, values: Tensor) -> None:
        """Count `values` (any shape, finite)."""
        if values.numel() == 0:
            return
        values = _in_any_order(values.detach().resolve_neg()).float()
        low, high = (float(bound) for bound in torch.aminmax(values))
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._cover(max(-low, high))
        self.counts += self._count(values)

    def _count(self, values: Tensor) -> Tensor:
        if values.device.type == "cpu":
            from bitline.numerics._histogram_numba import count_float32

            counts = torch.zeros(torch.get_num_threads(), self.bins, dtype=torch.int64)
            count_float32(values.numpy(), 1 / self.width, counts.numpy())
            return counts.sum(0).double()
        bins = (values / self.width).floor_().add_(self.bins // 2).clamp_(max=self.bins - 1)
        return torch.bincount(bins.long(), minlength=self.bins).cpu().double()

    def percentile(self, percent: float) -> float:
        """The value below which `percent` per cent of the values lie, linear inside a bin."""
        counts = self.counts.numpy()  # for one number at a time, several times faster than PyTorch
        cumulative = counts.cumsum()
        wanted = percent / 100 * float(cumulative[-1])
        index = min(int(cumulative.searchsorted(wanted)), self.bins - 1)
        below = float(cumulative[index - 1]) if index else 0.0
        inside = (wanted - below) / max(float(counts[index]), 1.0)
        value = (index - self.bins / 2 + inside) * self.width
        return min(max(value, self.low), self.high)

    def without_negative(self) -> Histogram:
        """The histogram of the same values with 0 for negative ones.

        Examples:
            >>> seen = Histogram()
            >>> seen.update(torch.tensor([-3.0, -1.0, 0.5, 2.0]))
            >>> kept = seen.without_negative()
            >>> kept.total, kept.low, kept.high
            (4.0, 0.0, 2.0)
        """
        if self.low >= 0:
            return self
        kept, middle = Histogram(self.bins), self.bins // 2
        kept.counts[middle:] = self.counts[middle:]
        kept.counts[middle] += self.counts[:middle].sum()
        kept.exponent, kept.low, kept.high = self.exponent, 0.0, max(self.high, 0.0)
        return kept

    def _cover(self, magnitude: float) -> None:
        """Double the range until it holds `magnitude`."""
        if magnitude < 2.0**self.exponent:
            return
        doublings = math.frexp(magnitude)[1] - self.exponent
        if not self.counts.any():
            self.exponent += doublings
            return
        for _ in range(min(doublings, 64)):
            self.counts = _halved(self.counts)
        self.exponent += doublings


def _in_any_order(values: Tensor) -> Tensor:
    """All values, (n,), in the order in which they lie in memory: a view, or a copy of whole runs of them."""
    strides = values.stride()
    return values.permute(sorted(range(values.ndim), key=lambda axis: -strides[axis])).reshape(-1)


def _halved(counts: Tensor) -> Tensor:
    """Counts (..., bins) in bins twice as wide."""
    bins = counts.shape[-1]
    wider = torch.zeros_like(counts)
    wider[..., bins // 4 : 3 * bins // 4] = counts.reshape(*counts.shape[:-1], -1, 2).sum(-1)
    return wider


class HistogramSeries:
    """Many histograms of few bins, with a width in common: one for each column of an array, for example.

    Args:
        count: number of histograms.

    Examples:
        >>> series = HistogramSeries(2)
        >>> series.update(torch.tensor([[0.5, 1.5], [-3.0, 3.0]]))
        >>> column = series.histogram(1)
        >>> column.total, column.low, column.high
        (2.0, -3.0, 3.0)
    """

    BINS = 1024

    def __init__(self, count: int) -> None:
        self.counts = torch.zeros((count, self.BINS), dtype=torch.int64)
        self.exponent = -60
        self.low = torch.full((count,), math.inf, dtype=torch.float64)
        self.high = -self.low

    def update(self, values: Tensor, first: int = 0) -> None:
        """Count values of neighbouring histograms of the series.

        Args:
            values: a row for each histogram, (histograms, values of each), finite.
            first: number of the histogram that counts the first row.
        """
        if values.numel() == 0:
            return
        values = values.detach().float()
        which = slice(first, first + len(values))
        low, high = values.amin(1).double().cpu(), values.amax(1).double().cpu()
        self.low[which] = torch.minimum(self.low[which], low)
        self.high[which] = torch.maximum(self.high[which], high)
        self._cover(float(torch.maximum(-low, high).max()))
        self._count(values, self.counts[which], 2.0 ** (self.exponent + 1) / self.BINS)

    def _count(self, values: Tensor, counts: Tensor, width: float) -> None:
        """Add the values of each row to its counts."""
        if values.device.type == "cpu":
            from bitline.numerics._histogram_numba import count_rows_float32

            count_rows_float32(values.contiguous().numpy(), 1 / width, counts.numpy())
            return
        bins = (values / width).floor_().add_(self.BINS // 2).clamp_(0, self.BINS - 1).long()
        bins += torch.arange(len(values), device=values.device)[:, None] * self.BINS
        counted = torch.bincount(bins.flatten(), minlength=counts.numel())
        counts += counted.cpu().reshape(counts.shape)

    def histogram(self, index: int) -> Histogram:
        """The histogram of this number, as a copy."""
        single = Histogram(self.BINS)
        single.counts = self.counts[index].double()
        single.exponent = self.exponent
        single.low, single.high = float(self.low[index]), float(self.high[index])
        return single

    def _cover(self, magnitude: float) -> None:
        if magnitude < 2.0**self.exponent:
            return
        doublings = math.frexp(magnitude)[1] - self.exponent
        if self.counts.any():
            for _ in range(min(doublings, 64)):
                self.counts = _halved(self.counts)
        self.exponent += doublings
