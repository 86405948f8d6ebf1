"""Values of settings: numbers, and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bitline.numerics.text import setting_text


def in_words(value: Any) -> Any:
    """A value of a setting on an axis or in a table: numbers as they are, everything else in words.

    Examples:
        >>> in_words(8), in_words(True), in_words("calibrated"), in_words({"kind": "sar", "bits": 6})
        (8, 'True', 'calibrated', 'sar (bits 6)')
    """
    return value if is_number(value) else setting_text(value) if isinstance(value, dict) else str(value)


def short_names(settings: Sequence[str]) -> dict[str, str]:
    """The last words of dotted names that tell them apart.

    Examples:
        >>> short_names(["adc.bits", "weights.bits", "cell.time"])
        {'adc.bits': 'adc.bits', 'weights.bits': 'weights.bits', 'cell.time': 'time'}
    """
    last = [setting.rpartition(".")[2] for setting in settings]
    return {setting: word if last.count(word) == 1 else setting for setting, word in zip(settings, last, strict=True)}


def is_known(value: Any) -> bool:
    """Whether there is a value: neither None nor NaN.

    Examples:
        >>> is_known("sar"), is_known(0), is_known(None), is_known(float("nan"))
        (True, True, False, False)
    """
    return value is not None and value == value


def is_number(value: Any) -> bool:
    """Whether a value is a number; True and False are words, and NaN is none.

    Examples:
        >>> is_number(0.5), is_number("0.5"), is_number(True)
        (True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)
