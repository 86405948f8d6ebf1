"""The range of all that an array can produce."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.policy import RangePolicy


class FullRange(RangePolicy):
    """The largest current that a line can carry, in both directions where lines are subtracted.

    It is N for N rows of cells at G_max, as in CrossSim (`ADCRangeLimits.MAX`) and in the code behind Xiao et al. 2022,
    whatever the on/off ratio is. Most levels stay unused; differences of lines cannot exceed N (1 - G_min).

    Examples:
        >>> lines = BitLines(rows=4, signed=True, cell_bits=8, input_bits=8, step=0.25, radix=(1,))
        >>> FullRange().levels(bits=3, lines=lines, seen=None)
        Levels(step=(1.1428571428571428,), low=(-4,), high=(3,), shape=())
    """

    kind: Literal["full"] = "full"

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        return Levels.between([(lines.low, lines.high)] * len(lines.radix), bits)
