"""ADC ranges of least quantisation error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.policy import CalibratedPolicy, not_empty, required

FRACTIONS = torch.logspace(-2.5, 0, 41, dtype=torch.float64)
"""Limits that are tried, as fractions of the largest signal."""
OCTAVE = 16
"""Sizes that are tried between one power of two and the next, where slices are tied."""


class LeastErrorAdcRange(CalibratedPolicy):
    """The range with the least error between calibration signals and their converted values, clipping included.

    Without weight slices, minimum and maximum are searched independently (CrossSim, as used by Xiao et al. 2022). The
    ranges of several slices differ by powers of two only; they are chosen together for the least error of the digital
    sum, in which a slice's error counts with the square of its weight.

    Examples:
        With few bits, clipping an outlier costs less than large steps for all other signals:

        >>> seen = Histogram()
        >>> seen.update(torch.cat([torch.arange(1000.0) / 1000, torch.tensor([20.0])]))
        >>> lines = BitLines(rows=128, signed=False, cell_bits=8, input_bits=8, step=1e-5, radix=(1,))
        >>> levels = LeastErrorAdcRange(power=1).levels(bits=4, lines=lines, seen=[seen])
        >>> levels.step[0] * levels.high[0] < 2
        True
    """

    kind: Literal["least-error"] = "least-error"
    power: Literal[1, 2] = 2
    """1: mean absolute error, 2: mean squared error."""
    bits: Annotated[int, Field(ge=1, le=24)] | None = None
    """Resolution at which the error is measured; that of the ADC if not given (the paper's authors use 12)."""

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        measured = [_Signals(signals, self.bits or bits, self.power) for signals in seen]
        limits = _tied(measured, lines.radix) if len(measured) > 1 else [measured[0].best_limits()]
        return Levels.between(not_empty(limits, lines.step), bits)


class _Signals:
    """The signals of one slice, and the error that a range makes of them."""

    def __init__(self, seen: Histogram, bits: int, power: int) -> None:
        used = seen.counts > 0
        self.values, self.counts = seen.centres[used], seen.counts[used]
        self.low, self.high = min(seen.low, 0.0), max(seen.high, 0.0)
        self.steps, self.power = 2**bits - 1, power

    def error(self, low: Tensor, high: Tensor) -> Tensor:
        """Error of each range between `low` and `high`, all (ranges,)."""
        step = ((high - low) / self.steps).clamp(min=1e-300)[:, None]
        codes = (self.values / step).round()
        lowest = (low[:, None] / step).round()
        converted = torch.maximum(torch.minimum(codes, lowest + self.steps), lowest) * step
        errors: Tensor = ((self.values - converted).abs() ** self.power * self.counts).sum(1)
        return errors

    def best_limits(self) -> tuple[float, float]:
        """The best range, each end by itself while the other stays."""
        low, high = (torch.tensor(ends, dtype=torch.float64) for ends in (self.low, self.high))
        for _ in range(3):
            if self.high > 0:
                highs = self.high * FRACTIONS
                high = highs[self.error(low.expand_as(highs), highs).argmin()]
            if self.low < 0:
                lows = self.low * FRACTIONS
                low = lows[self.error(lows, high.expand_as(lows)).argmin()]
        return float(low), float(high)

    def range_of(self, size: float) -> tuple[float, float]:
        """A symmetric range, or one from zero where no signal is negative."""
        return (-size if self.low < 0 else 0.0), size


def _tied(measured: Sequence[_Signals], radix: Sequence[float]) -> list[tuple[float, float]]:
    """Ranges that differ by powers of two."""
    largest = max(max(-signals.low, signals.high) for signals in measured) or 1.0
    exponents = torch.arange(20, dtype=torch.float64)
    best, chosen = torch.inf, [largest] * len(measured)
    for fraction in torch.arange(OCTAVE, dtype=torch.float32) / OCTAVE:
        sizes = largest * 2.0 ** (-exponents - float(fraction))
        total, picked = 0.0, []
        for signals, weight in zip(measured, radix, strict=True):
            errors = signals.error(-sizes if signals.low < 0 else torch.zeros_like(sizes), sizes)
            place = int(errors.argmin())
            total += float(errors[place]) * abs(weight) ** signals.power
            picked.append(float(sizes[place]))
        if total < best:
            best, chosen = total, picked
    return [signals.range_of(size) for signals, size in zip(measured, chosen, strict=True)]
