"""Fronts hold what nothing dominates."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.study.pareto import evenly, front, ranks


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


@given(count=st.integers(1, 60), room=st.integers(1, 60))
def test_a_front_that_does_not_fit_is_measured_at_both_ends(count, room):
    """The design at one end of a front, often the cheapest, was never measured."""
    members = list(range(count))
    chosen = evenly(members, room)
    assert len(set(chosen)) == min(count, room)
    assert chosen == sorted(chosen)
    assert chosen[0] == 0
    assert room == 1 or chosen[-1] == count - 1
    apart = [after - before for before, after in pairwise(chosen)]
    assert not apart or max(apart) - min(apart) <= 1
