"""Work outside the arrays, counted by hand."""

from __future__ import annotations

from small_cost import statistics


def test_work_outside_the_arrays_is_counted():
    digital = statistics().digital
    assert digital.activations == 6 * 64 + 6 * 16
    assert digital.poolings == 6 * 16
    assert digital.unknown == ()
