"""Designs that no other design beats in everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Member = TypeVar("Member")


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
    result = np.zeros(len(table), dtype=bool)
    best = np.empty((0, table.shape[1]))  # the points of the front so far
    known = ~np.isnan(table).any(axis=1)
    order = np.lexsort(table.T[::-1])  # whoever beats a point comes before it
    for start in range(0, len(order), TOGETHER):
        candidates = [index for index in order[start : start + TOGETHER] if known[index]]
        left = np.array(candidates, dtype=int)[~_beaten(table[candidates], best)]
        for index in left:
            point = table[index : index + 1]
            if not _beaten(point, best)[0]:
                result[index] = True
                best = np.concatenate([best, point])
    return [bool(on_front) for on_front in result]


TOGETHER = 256
"""Points that are compared with the front at once."""


def _beaten(points: NDArray[np.float64], front_so_far: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points are beaten by one of the front."""
    no_worse: NDArray[np.bool_] = np.ones((len(points), len(front_so_far)), dtype=bool)
    better: NDArray[np.bool_] = np.zeros(no_worse.shape, dtype=bool)
    for own, of_front in zip(points.T, front_so_far.T, strict=True):
        np.logical_and(no_worse, of_front <= own[:, None], out=no_worse)
        np.logical_or(better, of_front < own[:, None], out=better)
    return np.asarray((no_worse & better).any(axis=1), dtype=bool)


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


def evenly(members: Sequence[Member], count: int) -> Sequence[Member]:
    """So many members at equal distances, the first and the last among them; all if they are fewer.

    Args:
        members: in some order, as of a front along an objective.
        count: how many are chosen at most.

    Examples:
        >>> evenly(range(10), 4), evenly(range(10), 1), list(evenly(range(3), 4))
        ([0, 3, 6, 9], range(0, 1), [0, 1, 2])
    """
    if len(members) <= count or count < 2:
        return members[: max(0, count)]
    last = len(members) - 1
    return [members[round(place * last / (count - 1))] for place in range(count)]
