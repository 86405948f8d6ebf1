"""A range that is a setting, such as one that was published with a chip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.policy import RangePolicy

Signal = Annotated[float, Field(allow_inf_nan=False)]


class GivenRange(RangePolicy):
    """A range that the design states, whatever the signals are; what is outside clips.

    Limits are in units of the current of one cell at G_max whose input is the largest: an array of N rows gives at most
    N. With a rule for each layer (`layers`), every layer gets the range that was published for it.

    Examples:
        >>> lines = BitLines(rows=4, signed=True, cell_bits=8, input_bits=8, step=0.25, radix=(1,))
        >>> GivenRange(high=3.0).levels(bits=3, lines=lines, seen=None)
        Levels(step=(0.8571428571428571,), low=(-4,), high=(3,), shape=())
        >>> GivenRange(low=0.0, high=3.0).levels(bits=2, lines=lines, seen=None)
        Levels(step=(1.0,), low=(0,), high=(3,), shape=())
    """

    kind: Literal["given"] = "given"
    low: Signal | None = None
    """Smallest signal inside the range; if not given, `-high` for signals that can be negative and 0 for others."""
    high: Signal
    """Largest signal inside the range, the same for every weight slice."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        low = 0.0 if self.low is None else self.low
        if low >= self.high:
            raise ValueError(
                f"a range begins at {low:g} and ends at {self.high:g}: use a `high` above 0 and above `low`"
            )
        return self

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        low = self.low if self.low is not None else -self.high if lines.signed else 0.0
        return Levels.between([(low, self.high)] * len(lines.radix), bits)
