"""Where the values of a setting lie on an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bitline.numerics import text
from bitline.report.labels import label_of_setting
from bitline.study.results import DesignResult, StudyResult
from bitline.study.words import in_words

MANY_DECADES = 50
"""Ratio of the largest to the smallest number from which on an axis is logarithmic."""
DECADE = 10
"""The same for times, whose words are long and lie over each other near 0."""
LARGEST_TICKS = 12
"""Values of a setting that are all written at its axis."""


@dataclass(frozen=True)
class SettingAxis:
    """Where the values of a setting lie on an axis.

    Attributes:
        setting: its dotted name.
        levels: its values in order; times in seconds.
        labels: the same as they were written.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(time, "", {"cell.time": time}, {"cell": {"time": seconds}})
        ...     for time, seconds in (("1 day", 86400.0), ("1 s", 1.0))
        ... )
        >>> study = Study(axes=[{"setting": "cell.time", "values": ["1 day", "1 s"]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=None)
        >>> axis = SettingAxis.of(result, "cell.time")
        >>> axis.levels, axis.labels
        ((1.0, 86400.0), ('1 s', '1 day'))
    """

    setting: str
    levels: tuple[float | str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, result: StudyResult, setting: str) -> SettingAxis:
        """The axis of a setting of a study."""
        written: dict[float | str, str] = {}
        for design in result.designs:
            if setting in design.settings:
                written.setdefault(in_words(design.value(setting)), text.setting_text(design.settings[setting]))
        levels = tuple(result.levels(setting))
        return cls(setting, levels, tuple(written[level] for level in levels))

    @cached_property
    def scale(self) -> Literal["linear", "log", "steps", "words"]:
        """How values are placed: as numbers, by their logarithms, one after the other in order, or without an order.

        Numbers are only put in order where they span decades and one of them has no logarithm, and where one is
        infinite.
        """
        numbers = [level for level in self.levels if not isinstance(level, str)]
        if len(numbers) < len(self.levels):
            return "words"
        positive = [number for number in numbers if 0 < number < math.inf]
        far = DECADE if self.setting == "cell.time" else MANY_DECADES
        wide = len(numbers) > 2 and positive and positive[-1] >= far * positive[0]
        if self.setting == "cell.time" and len(positive) == len(numbers) > 1 and not math.isinf(numbers[-1]):
            return "log"  # seconds, days and years lie apart on no other axis
        if any(math.isinf(number) for number in numbers) or (wide and len(positive) < len(numbers)):
            return "steps"
        return "log" if wide else "linear"

    @property
    def title(self) -> str:
        """What is written at the axis."""
        return label_of_setting(self.setting).head

    @property
    def is_numeric(self) -> bool:
        """Whether values are placed as numbers."""
        return self.scale in ("linear", "log")

    @property
    def is_ordered(self) -> bool:
        """Whether a line from one value to the next means something."""
        return self.scale != "words"

    @property
    def has_ticks(self) -> bool:
        """Whether just the values of the study are written at the axis: words such as '1 day', and counts such as 7."""
        if not self.is_numeric or len(self.levels) > LARGEST_TICKS:
            return False
        return self.has_own_words or self._are_counts

    @property
    def _are_counts(self) -> bool:
        """Whether the values are whole numbers close together, between which an axis would have halves and fifths."""
        numbers = [level for level in self.levels if not isinstance(level, str)]
        return all(level == int(level) for level in numbers) and numbers[-1] - numbers[0] < LARGEST_TICKS

    @property
    def has_own_words(self) -> bool:
        """Whether the study writes some values as words, such as '1 day'."""
        return any(not _is_plain(label) for label in self.labels)

    @cached_property
    def _places(self) -> dict[float | str, int]:
        return {level: place for place, level in enumerate(self.levels)}

    def index(self, design: DesignResult) -> int:
        """The place of a design's value in the order."""
        return self._places[in_words(design.value(self.setting))]

    def label(self, design: DesignResult) -> str:
        """A design's value in the words of the study."""
        return self.labels[self.index(design)]

    def place(self, design: DesignResult) -> float | str:
        """A design's value on the axis: a number, or a label where values are not placed as numbers."""
        return self.levels[self.index(design)] if self.is_numeric else self.label(design)


def _is_plain(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True
