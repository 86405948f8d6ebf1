"""What mappings with one bit line for each matrix column have in common."""

from __future__ import annotations

from typing import ClassVar

from bitline.encode._mapping import WeightMapping


class SingleLine(WeightMapping):
    """A mapping whose columns are one bit line each: every slice has one reading, which counts as it is.

    Examples:
        >>> from bitline.encode import Offset
        >>> Offset(bits=3).lines, Offset(bits=3).readings, Offset(bits=3).reading_signs
        (1, ((1.0,),), (1.0,))
    """

    lines: ClassVar[int] = 1

    @property
    def readings(self) -> tuple[tuple[float, ...], ...]:
        return ((1.0,),)

    @property
    def reading_signs(self) -> tuple[float, ...]:
        return (1.0,)

    def input_sum_factor(self, window_low: float) -> float:
        """What cells add that are at G_min, whatever they store."""
        return window_low / (1 - window_low) * self.top_digit * sum(self.radix)
