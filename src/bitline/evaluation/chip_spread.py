"""How the chips of a design differ, in words that do not promise more than a few chips can show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bitline.measures import Measure
from bitline.numerics.confidence import deviation, half_width, student
from bitline.numerics.text import fixed

FEW = 5
"""Chips of which the interval is wide only because they are few."""
WIDE = 0.01
"""Half of an interval of a share that is wide."""
ENOUGH = 12
"""Chips that are named as more."""


@dataclass(frozen=True)
class ChipSpread:
    """What one measure says of several chips.

    Attributes:
        measure: what was measured.
        values: of each chip.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> few = ChipSpread(ACCURACY, (0.7, 0.9))
        >>> few.interval, few.is_few
        ((0.0, 1.0), True)
        >>> print(few)
        median 80.00 %, worst 70.00 %; 95 % interval of the mean 0.00 to 100.00 %; few chips: with 12 about ± 9.0 points
    """

    measure: Measure
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The chip in the middle, or between the two that are."""
        ordered = self._worst_first
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2

    @property
    def worst(self) -> float:
        """The chip that no other one is worse than."""
        return self._worst_first[0]

    @property
    def says_nothing(self) -> bool:
        """Whether chips are so few and so equal that they do not show how chips differ.

        Two chips with the same accuracy have an interval of no width, which would claim that all chips are alike.

        Examples:
            >>> from bitline.measures import ACCURACY
            >>> [ChipSpread(ACCURACY, (0.9,) * count).says_nothing for count in (1, 2, 4, 5)]
            [True, True, True, False]
        """
        return len(self.values) < FEW and len(set(self.values)) == 1

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean, within what the measure can be; NaN where chips do not show how they differ."""
        if self.says_nothing:
            return math.nan, math.nan
        half, mean = half_width(self.values), sum(self.values) / len(self.values)
        return self.measure.possible(mean - half), self.measure.possible(mean + half)

    @property
    def is_few(self) -> bool:
        """Whether an interval is wide only because the chips are few."""
        return self.measure.is_share and 1 < len(self.values) < FEW and half_width(self.values) > WIDE

    @property
    def in_short(self) -> str:
        """The mean with half of its interval, without the unit; with both ends where the measure limits one of them.

        Examples:
            >>> from bitline.measures import ACCURACY
            >>> ChipSpread(ACCURACY, (0.90, 0.92, 0.91)).in_short, ChipSpread(ACCURACY, (0.7, 0.9)).in_short
            ('91.00 ± 2.48', '80.00 (0.00 to 100.00)')
            >>> ChipSpread(ACCURACY, (0.9, 0.9)).in_short
            '90.00'
        """
        mean, half = sum(self.values) / len(self.values), half_width(self.values)
        if self.says_nothing:
            return self.measure.text(mean)
        if self.interval == (mean - half, mean + half):
            return f"{self.measure.text(mean)} ± {self.measure.text_of_spread(half)}"
        return f"{self.measure.text(mean)} ({' to '.join(map(self.measure.text, self.interval))})"

    @property
    def in_interval(self) -> str:
        """The interval with its unit; empty where there is none."""
        if self.says_nothing:
            return ""
        low, high = self.interval
        if self.measure.is_share:
            return f"{self.measure.text(low)} to {self.measure.shown(high)}"
        return f"{self.measure.shown(low)} to {self.measure.shown(high)}"

    def __str__(self) -> str:
        measure = self.measure
        text = f"median {measure.shown(self.median)}, worst {measure.shown(self.worst)}"
        if self.in_interval:
            text += f"; 95 % interval of the mean {self.in_interval}"
        return f"{text}; {self.remark}" if self.remark else text

    @property
    def no_interval(self) -> str:
        """Why there is none, in a word or two; empty where there is one.

        Examples:
            >>> from bitline.measures import ACCURACY
            >>> [ChipSpread(ACCURACY, values).no_interval for values in ((0.9,), (0.9, 0.9), (0.8, 0.9))]
            ['one chip', 'equal chips', '']
        """
        return "" if not self.says_nothing else "one chip" if len(self.values) == 1 else "equal chips"

    @property
    def remark(self) -> str:
        """That the chips are few, and what more would bring; empty where they are not."""
        if self.says_nothing:
            return "" if len(self.values) == 1 else f"{len(self.values)} equal chips give no interval: more chips do"
        if not self.is_few:
            return ""
        half = student(0.95, ENOUGH - 1) / math.sqrt(ENOUGH) * deviation(self.values)
        return f"few chips: with {ENOUGH} about ± {fixed(100 * half, 1)} points"

    @property
    def _worst_first(self) -> list[float]:
        return sorted(self.values, key=self.measure.rank, reverse=True)
