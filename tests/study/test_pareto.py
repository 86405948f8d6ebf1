"""Fronts hold what nothing dominates."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.study.pareto import front, ranks


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=20))
def test_fronts_hold_what_nothing_dominates(points):
    def dominates(a, b):
        return all(x <= y for x, y in zip(a, b, strict=True)) and a != b

    expected = [not any(dominates(other, point) for other in points) for point in points]
    assert front(points) == expected
    order = ranks(points)
    assert [rank == 0 for rank in order] == expected
    for index, point in enumerate(points):
        better = [order[other] for other, values in enumerate(points) if dominates(values, point)]
        assert order[index] == (max(better) + 1 if better else 0)
    assert front([(math.nan, 0.0), (1.0, 1.0)]) == [False, True]
