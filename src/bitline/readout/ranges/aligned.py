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

    Of these the finest whose levels hold the inner `percentile` per cent of the signals of a calibration set. Levels
    then fall on outputs of an ideal array, none between two of them, and the steps of weight slices differ by powers of
    two. This is how the authors of Xiao et al. 2022 set the ranges of sliced weights (CrossSim 2.0). Where a conversion
    sees few input bits and few rows, as with offset cells, it is worth more than a range up to twice as narrow.
    """

    kind: Literal["aligned"] = "aligned"
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.98
    """P: percentage of the calibration signals inside the range."""

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        tail = (100 - self.percentile) / 2
        steps, lows, highs = [], [], []
        for one in seen:
            low, high = one.percentile(tail), one.percentile(100 - tail)
            top = 2 ** (bits - 1) - 1 if low < 0 else 2**bits - 1
            needed = max(-low, high, lines.step) / (lines.step * max(top, 1))
            steps.append(lines.step * 2.0 ** max(0, math.ceil(math.log2(needed) - ROUNDING)))
            lows.append(-top if low < 0 else 0)
            highs.append(max(top, 1))
        return Levels(tuple(steps), tuple(lows), tuple(highs))
