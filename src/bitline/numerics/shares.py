"""Means of shares, the same number for the same share."""

from __future__ import annotations

import math
from collections.abc import Sequence

WHOLE = 1e-9
"""How near to a whole number a count is that rounding has moved, relative to it."""


def mean_share(shares: Sequence[float], count: int) -> float:
    """The mean of shares of so many samples; NaN of none.

    7 and 0 right of 24 are as good as 3 and 4, but 7/24 + 0 and 3/24 + 4/24 are rounded to different numbers, so that
    one of two equal designs seems to beat the other.

    Args:
        shares: of the samples; other numbers have the mean that they always have.
        count: how many samples there are; 0 if that is not known.

    Examples:
        >>> some, others = [7 / 24, 0.0], [3 / 24, 4 / 24]
        >>> mean_share(some, 24) == mean_share(others, 24), sum(some) / 2 == sum(others) / 2
        (True, False)
        >>> mean_share([1e-10, 3e-10], 1000)
        2e-10
    """
    if not shares:
        return math.nan
    counts = [share * count if math.isfinite(share) else math.inf for share in shares]
    if count and all(number < math.inf and abs(number - round(number)) <= WHOLE * number for number in counts):
        return sum(map(round, counts)) / (count * len(shares))
    return sum(shares) / len(shares)
