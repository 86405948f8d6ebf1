"""Results on axes of the user's own."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from bitline import Design, Evaluation, plot
from bitline.cost.result import LayerCost, NetworkCost
from bitline.errors import BitlineError, StudyError
from bitline.report.figures.study_accuracy import accuracy_chart
from bitline.study import DesignResult, Study, StudyResult

DESIGNS = tuple(
    DesignResult(f"{bits}", "", {"adc.bits": bits}, {}, chip_values=(share, share + 0.01), cost={"energy_uJ": bits / 4})
    for bits, share in ((5, 0.82), (8, 0.91))
)
STUDY = StudyResult(Study(), facts={}, sessions=(), designs=DESIGNS, float_value=0.92)
RUN = Evaluation(Design(), 100, 0, 0.92, 0.91, (0.9, 0.89), layers=())


@pytest.mark.parametrize(
    "draw", [lambda axes: plot.accuracy(STUDY, "adc.bits", axes), lambda axes: plot.pareto(STUDY, axes=axes)]
)
def test_axes_of_the_users_own_are_drawn_on_and_returned(draw):
    left, right = Figure().subplots(1, 2)
    assert draw(right) is right
    assert right.lines and not left.lines and right.get_ylabel() == "accuracy (%)"


def test_chips_stand_beside_what_they_are_compared_with():
    axes = plot.chips(RUN, Figure().subplots())
    assert axes.lines[0].get_ydata().tolist() == [90.0, 89.0]
    assert [round(float(line.get_ydata()[0]), 6) for line in axes.lines[1:]] == [89.5, 91.0, 92.0]


def test_components_are_ordered_by_their_energy():
    """They were in the order of the report, in which a large area counts as much."""
    layers = (LayerCost("fc", 640, 1, 1, 1, 0.5, 10, {"ADCs": 1e6, "rows": 2e6}, 1.0, 1.0),)
    cost = NetworkCost("none", "none", layers, {"ADCs": 9.0, "rows": 1.0}, 1, 1, 1.0, 1.0)
    axes = plot.energy(cost, Figure().subplots())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rows", "ADCs"]
    assert [bar.get_width() for bar in axes.patches] == [2.0, 1.0]


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(StudyError, match=r"do not differ in 'adc.bit': use one of adc.bits"):
        plot.accuracy(STUDY, "adc.bit")
    with pytest.raises(StudyError, match="there is no cost 'energy'"):
        plot.pareto(STUDY, "energy")
    with pytest.raises(StudyError, match="no design of this study has both"):
        plot.pareto(STUDY, "area_mm2")
    with pytest.raises(BitlineError, match="compared_images"):
        plot.layers(RUN)


def overlapping(designs: int) -> StudyResult:
    """Designs with the same accuracy on both values of a setting that has no order."""
    found = tuple(
        DesignResult(f"{kind}{rows}", "", {"weights.kind": kind, "array.rows": rows}, {}, chip_values=(0.8, 0.9))
        for kind in ("differential", "offset")
        for rows in range(1, designs + 1)
    )
    return StudyResult(Study(), {}, (), found, None)


@pytest.mark.parametrize("count", [3, 30])
def test_points_at_the_same_word_lie_beside_each_other_and_colours_are_told(count):
    axes = plot.accuracy(overlapping(count), "weights.kind")
    places = [place for line in axes.lines for place in line.get_xdata()]
    assert len({round(place, 6) for place in places}) == 2 * count
    assert sorted({round(place) for place in places}) == [0, 1]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == (["rows 1", "rows 2", "rows 3"] if count == 3 else ["a point for each design"])
    chart = accuracy_chart(overlapping(count), "weights.kind")
    assert chart.layout.scattermode == "group" and chart.layout.showlegend
    assert [trace.name for trace in chart.data if trace.showlegend is not False] == legend
    assert len({trace.marker.color for trace in chart.data}) == (count if count == 3 else 1)
