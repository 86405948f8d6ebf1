"""Axes are crossed, zipped, ranged and conditional."""

from __future__ import annotations

from bitline.study.axes import Axis, Range, crossed


def test_axes_are_crossed_zipped_ranged_and_conditional():
    axes = (
        Axis(setting="weights.kind", values=["differential", "offset"]),
        Axis(zip={"array.rows": (72, 144), "adc.bits": (6, 7)}),
        Axis(setting="weights.bits_per_cell", values=[1, 2, 4], when={"weights.kind": "offset"}),
    )
    points = list(crossed(axes, {}))
    assert len(points) == 2 + 2 * 3
    assert {"weights.kind": "differential", "array.rows": 144, "adc.bits": 7} in points
    assert all(("weights.bits_per_cell" in point) == (point["weights.kind"] == "offset") for point in points)
    assert Range(start=1, stop=5, points=5).values() == [1, 2, 3, 4, 5]
    assert Range(start=0.01, stop=1, points=3, scale="log").values() == [0.01, 0.1, 1]
    base = Axis(setting="adc.bits", values=[4], when={"weights.bits": [7, 8]})
    assert list(crossed((base,), {"weights.bits": 8})) == [{"adc.bits": 4}]
    assert list(crossed((base,), {"weights.bits": 6})) == [{}]
