"""Spread of accuracies over chips."""

from __future__ import annotations

import math
from collections.abc import Sequence


def deviation(accuracies: Sequence[float]) -> float:
    """Standard deviation of a sample; NaN for fewer than two values.

    Examples:
        >>> round(deviation([0.91, 0.93, 0.92]), 6), deviation([0.91])
        (0.01, nan)
    """
    count = len(accuracies)
    if count < 2:
        return math.nan
    mean = sum(accuracies) / count
    return math.sqrt(sum((accuracy - mean) ** 2 for accuracy in accuracies) / (count - 1))


def half_width(accuracies: Sequence[float]) -> float:
    """Half of the 95 % confidence interval of the mean (Student's t); NaN for fewer than two values.

    Examples:
        >>> round(half_width([0.91, 0.93, 0.92]), 4)
        0.0248
    """
    count = len(accuracies)
    if count < 2:
        return math.nan
    return student(0.95, count - 1) * deviation(accuracies) / math.sqrt(count)


def student(confidence: float, freedom: int) -> float:
    """Half of an interval that holds the truth with some confidence, in standard errors (Student's t).

    Args:
        confidence: probability that the interval holds the truth.
        freedom: degrees of freedom, at least 1.

    Examples:
        >>> round(student(0.95, freedom=4), 3)
        2.776
    """
    from scipy import special  # here, for the start-up of what does not need it

    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def known(value: object) -> object:
    """A value for JSON: unknown and infinite numbers are None.

    Examples:
        >>> known(0.5), known(float("nan")), known("inf")
        (0.5, None, 'inf')
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value
