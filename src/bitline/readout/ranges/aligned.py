"""Calibrated ranges whose levels fall on what an ideal array can give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.policy import ROUNDING, CalibratedPolicy, required


class AlignedRange(CalibratedPolicy):
    """Steps that are the current of the smallest cell digit times a power of two.

    Of these steps it takes the finest whose levels span the inner `percentile` per cent of the signals of a calibration
    set. Levels then fall on outputs of an ideal array and never between two of them, unless cells conduct at G_min and
    nothing takes these currents away before the conversion; then `EncodedLayer.shortfall` says so. The steps of weight
    slices differ by powers of two. This is how the authors of Xiao et al. 2022 set the ranges of sliced weights
    (CrossSim 2.0). For conversions of few input bits and few rows, as with offset cells, it is worth more than a range
    up to twice as narrow.

    Examples:
        >>> import torch
        >>> seen = Histogram()
        >>> seen.update(torch.arange(101.0))
        >>> lines = BitLines(rows=128, signed=False, cell_bits=1, input_bits=1, step=1.0, radix=(1,))
        >>> AlignedRange(percentile=100).levels(bits=6, lines=lines, seen=[seen])
        Levels(step=(2.0,), low=(0,), high=(63,), shape=())
    """

    kind: Literal["aligned"] = "aligned"
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.98
    """P: percentage of the calibration signals inside the range."""

    @property
    def is_aligned(self) -> bool:
        return True

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        tail = (100 - self.percentile) / 2
        steps, lows, highs = [], [], []
        for signals in seen:
            low, high = signals.percentile(tail), signals.percentile(100 - tail)
            top = 2 ** (bits - 1) - 1 if low < 0 else 2**bits - 1
            needed = max(-low, high, lines.step) / (lines.step * max(top, 1))
            steps.append(lines.step * 2.0 ** max(0, math.ceil(math.log2(needed) - ROUNDING)))
            lows.append(-top if low < 0 else 0)
            highs.append(max(top, 1))
        return Levels(tuple(steps), tuple(lows), tuple(highs))
