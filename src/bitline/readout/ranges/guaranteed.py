"""The range in which every output of an ideal array has a level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.policy import RangePolicy


class GuaranteedRange(RangePolicy):
    """One level for every output that an ideal array can produce (full precision guarantee, Eqs. 2 and 3).

    A design with too few bits for inputs that are never negative is refused. Where a layer's inputs turn out to be
    signed and take one bit more, its ADC takes the smallest power of two of the ideal step that covers the range. With
    a finite on/off ratio the G_min currents of lines that are not subtracted before the ADC fall between the levels.
    `EncodedLayer.shortfall` tells what a layer lacks; a plain matrix warns of it, and `bitline.convert` reports it.

    Examples:
        >>> lines = BitLines(rows=4, signed=True, cell_bits=8, input_bits=8, step=0.25, radix=(1,))
        >>> GuaranteedRange().levels(bits=6, lines=lines, seen=None).step
        (0.25,)
    """

    kind: Literal["guaranteed"] = "guaranteed"

    @property
    def is_guaranteed(self) -> bool:
        return True

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        coarser = 2 ** max(0, lines.needed_bits - bits)
        low, high = (math.ceil(abs(code) / coarser - 0.5) for code in lines.ideal_codes)
        count = len(lines.radix)
        return Levels((lines.step * coarser,) * count, (-low,) * count, (min(high, 2**bits - 1 - low),) * count)
