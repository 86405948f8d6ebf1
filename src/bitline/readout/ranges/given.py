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
Limit = Signal | Annotated[tuple[Signal, ...], Field(min_length=1)]
"""Of all weight slices, or one for each."""


class GivenRange(RangePolicy):
    """A range that the design states, whatever the signals are; what is outside clips.

    Limits are in units of the current of one cell at G_max whose input is the largest: an array of N rows gives at most
    N. With a rule for each layer (`layers`), every layer gets the range that was published for it, or that calibration
    found (`bitline ranges` writes these rules).

    Examples:
        >>> lines = BitLines(rows=4, signed=True, cell_bits=8, input_bits=8, step=0.25, radix=(1,))
        >>> GivenRange(high=3.0).levels(bits=3, lines=lines, seen=None)
        Levels(step=(0.8571428571428571,), low=(-4,), high=(3,), shape=())
        >>> GivenRange(low=0.0, high=3.0).levels(bits=2, lines=lines, seen=None)
        Levels(step=(1.0,), low=(0,), high=(3,), shape=())
    """

    kind: Literal["given"] = "given"
    low: Limit | None = None
    """Smallest signal inside the range; if not given, `-high` for signals that can be negative and 0 for others."""
    high: Limit
    """Largest signal inside the range: one number for all weight slices, or one for each, lowest bits first."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        counts = {len(limit) for limit in (self.low, self.high) if isinstance(limit, tuple)}
        if len(counts) > 1:
            raise ValueError(
                f"`low` is {_written(self.low)} and `high` is {_written(self.high)}: use as many of one as of the other"
            )
        for low, high in self.limits(max(counts, default=1), signed=False):
            if low >= high:
                raise ValueError(
                    f"a range begins at {low:g} and ends at {high:g}: use a `high` above 0 and above `low`"
                )
        return self

    @property
    def stated_slices(self) -> int | None:
        return next((len(limit) for limit in (self.low, self.high) if isinstance(limit, tuple)), None)

    def limits(self, slices: int, signed: bool) -> list[tuple[float, float]]:
        """Ends of the range of every weight slice.

        Args:
            slices: how many there are.
            signed: whether signals can be negative.

        Examples:
            >>> GivenRange(high=(1.5, 3.0)).limits(slices=2, signed=True)
            [(-1.5, 1.5), (-3.0, 3.0)]
        """
        highs = _of_each(self.high, slices)
        lows = [-high if signed else 0.0 for high in highs] if self.low is None else _of_each(self.low, slices)
        return list(zip(lows, highs, strict=True))

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        return Levels.between(self.limits(len(lines.radix), lines.signed), bits)


def _written(limit: Limit | None) -> object:
    return list(limit) if isinstance(limit, tuple) else limit


def _of_each(limit: Limit, slices: int) -> list[float]:
    return list(limit) if isinstance(limit, tuple) else [limit] * slices
