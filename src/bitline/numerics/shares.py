"""Means of shares, the same number for the same share."""

from __future__ import annotations

import math
from collections.abc import Sequence

WHOLE = 1e-6
"""How near to a whole number a count is that rounding has moved."""


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
    """
    if not shares:
        return math.nan
    whole = [round(share * count) if math.isfinite(share) else 0 for share in shares]
    if count and all(abs(share * count - number) < WHOLE for share, number in zip(shares, whole, strict=True)):
        return sum(whole) / (count * len(shares))
    return sum(shares) / len(shares)
