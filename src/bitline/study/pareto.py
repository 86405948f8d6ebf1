"""Designs that no other design beats in everything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def front(values: Sequence[Sequence[float]]) -> list[bool]:
    """Which points no other one dominates.

    Args:
        values: for each point its objectives, all of which are to be small; points with NaN are never on the front.

    Examples:
        >>> front([(1.0, 5.0), (2.0, 3.0), (2.0, 4.0)])
        [True, True, False]
    """
    if not values:
        return []
    table = np.asarray(values, dtype=float).reshape(len(values), -1)
    result = [False] * len(table)
    best = np.empty_like(table)  # the points of the front so far
    count = 0
    for index in np.lexsort(table.T[::-1]):  # whoever beats a point comes before it
        point, front_so_far = table[index], best[:count]
        beaten = ((front_so_far <= point).all(1) & (front_so_far < point).any(1)).any()
        if not beaten and not np.isnan(point).any():
            result[index] = True
            best[count] = point
            count += 1
    return result


def ranks(values: Sequence[Sequence[float]]) -> list[int]:
    """Number of the front of each point: 0 for the best, 1 for the best without those, and so on (Deb et al. 2002).

    Args:
        values: for each point its objectives, all of which are to be small; points with NaN come last.

    Examples:
        >>> ranks([(1.0, 5.0), (2.0, 3.0), (2.0, 4.0), (3.0, 6.0)])
        [0, 0, 1, 2]
    """
    table = [list(point) for point in values]
    result = [-1] * len(table)
    rank = 0
    while -1 in result:
        left = [index for index, number in enumerate(result) if number < 0]
        best = front([table[index] for index in left])
        if not any(best):
            for index in left:
                result[index] = rank
            break
        for index, on_front in zip(left, best, strict=True):
            if on_front:
                result[index] = rank
        rank += 1
    return result
