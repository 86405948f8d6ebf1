"""What a report begins with, and which charts it leaves out."""

from __future__ import annotations

from dataclasses import replace

from synthetic import study_result

from bitline.report.figures.study_search import importance_chart, parallel_chart
from bitline.report.study_sections import sections_of


def names(result):
    return [section.name for section in sections_of(result)]


def test_a_search_begins_with_its_front_and_a_sweep_with_the_measure():
    sweep = study_result()
    search = replace(sweep, designs=tuple(design for design in sweep.designs[::2] if design.accuracies))
    assert names(sweep)[:3] == ["accuracy", "pareto", "settings"]
    assert names(search)[:2] == ["pareto", "settings"]
    front = sections_of(search)[0].content
    assert "time after programming" in front and "95 % interval of the mean" in front and "cell.time" not in front


def test_settings_are_ranked_and_designs_drawn_over_all_of_them():
    result = study_result()
    bars = importance_chart(result).data
    assert [bar.name for bar in bars] == ["accuracy", "logarithm of the energy"]
    assert all(0 <= share <= 100 for bar in bars for share in bar.x)
    others, best = parallel_chart(result, "energy_uJ").data
    drawn = {key for key in (*others.customdata, *best.customdata) if key}
    assert drawn == {design.key for design in result.designs if design.accuracies and design.cost}
    few = replace(result, designs=result.designs[:4])
    assert importance_chart(few) is None and parallel_chart(few, "energy_uJ") is None


def test_settings_that_no_designs_differ_in_alone_have_no_chart():
    (accuracy, *_) = sections_of(study_result())
    titles = [figure.layout.title.text for figure in accuracy.figures]
    assert titles == ["Accuracy against time after programming", "Accuracy against on/off ratio"]
