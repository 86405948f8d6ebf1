"""Signals over errors in decibels, as numbers and as text."""

from __future__ import annotations

import math

from bitline.numerics.text import fixed


def decibels(signal: float, error: float) -> float:
    """The energy of a signal over that of its error, in decibels: NaN where there is no signal.

    Examples:
        >>> decibels(50.0, 0.05), decibels(1.0, 0.0), decibels(0.0, 0.0)
        (30.0, inf, nan)
    """
    if signal <= 0:
        return math.nan
    # the last digits depend on how a batch is cut
    return math.inf if error == 0 else round(10 * math.log10(signal / error), 6)


def decibel_text(ratio: float) -> str:
    """Decibels with one decimal; what is unknown (NaN) is an empty text.

    Examples:
        >>> decibel_text(31.24), decibel_text(math.inf), decibel_text(math.nan)
        ('31.2', 'exact', '')
    """
    return "exact" if ratio == math.inf else fixed(ratio, 1)
