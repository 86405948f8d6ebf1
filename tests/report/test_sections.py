"""What a report begins with, and which charts it leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from synthetic import study_result

from bitline.report.figures.study_parts import ranges_chart
from bitline.report.figures.study_search import importance_chart, parallel_chart
from bitline.report.labels import in_short
from bitline.report.study_page import write_study
from bitline.report.study_sections import front_table, is_grid, sections_of
from bitline.study import DesignResult, Study, StudyResult
from bitline.study.axes import crossed
from bitline.study.sections import BaseDesign


def names(result):
    return [section.name for section in sections_of(result)]


def test_a_search_begins_with_its_front_and_a_sweep_with_the_measure():
    sweep = study_result()
    search = replace(sweep, designs=tuple(design for design in sweep.designs[::2] if design.chip_values))
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
    assert drawn == {design.key for design in result.designs if design.chip_values and design.cost}
    few = replace(result, designs=result.designs[:4])
    assert importance_chart(few) is None and parallel_chart(few, "energy_uJ") is None


def test_settings_that_no_designs_differ_in_alone_have_no_chart():
    (accuracy, *_) = sections_of(study_result())
    titles = [figure.layout.title.text for figure in accuracy.figures]
    assert titles == ["Accuracy against time after programming", "Accuracy against on/off ratio"]


def conditional_study() -> StudyResult:
    """Pairs are right and offsets are not, whatever else they have; only offsets have a way of subtraction."""
    designs = []
    for rows in (72, 144, 288, 1152):
        for kind, subtraction, share in (
            ("differential", None, 0.9), ("offset", "digital", 0.1), ("offset", "unit-column", 0.11),
        ):  # fmt: skip
            settings = {"array.rows": rows, "weights.kind": kind}
            settings |= {} if subtraction is None else {"weights.subtraction": subtraction}
            key, cost = f"{rows} {kind} {subtraction}", {"energy_uJ": 3.0 - share - rows / 1e4}
            designs.append(DesignResult(key, "", settings, {}, chip_values=(share + rows / 1e6,), cost=cost))
    return StudyResult(Study(), {}, (), tuple(designs), 0.92)


def test_designs_without_a_setting_count_for_all_others():
    result = conditional_study()
    explained, _ = importance_chart(result).data
    shares = dict(zip(explained.y, explained.x, strict=True))
    assert shares["mapping of weights"] > 99
    assert shares["rows of an array"] == 0
    assert 99 < shares["weights subtraction<br>(8 of 12 designs)"] < 100
    assert "is judged among those" in sections_of(result)[2].note


def test_designs_without_a_setting_have_a_place_on_its_axis():
    result = conditional_study()
    chart = parallel_chart(result, "energy_uJ")
    others, best = chart.data
    assert {key for key in (*others.customdata, *best.customdata) if key} == {design.key for design in result.designs}
    assert best.customdata[0] == "1152 differential None" and best.y[2] == 0
    places = {
        key: height for key, across, height in zip(others.customdata, others.x, others.y, strict=True) if across == 2
    }
    assert places["72 offset digital"] == 0.5 and places["72 offset unit-column"] == 1
    words = {(word.x, word.y): word.text for word in chart.layout.annotations}
    assert [words[2, height] for height in (0, 0.5, 1)] == ["not set", "digital", "unit-column"]


def test_ranges_that_differ_in_the_last_digit_are_drawn_once():
    designs = tuple(
        DesignResult(key, "", {"array.rows": rows}, {}, cost={"adc_ranges": {"fc": [share]}})
        for key, rows, share in (("a", 72, 2.9309961944818492), ("b", 144, 2.9309961944818497), ("c", 288, 1.5))
    )
    chart = ranges_chart(StudyResult(Study(), {}, (), designs, None))
    assert [trace.name for trace in chart.data] == ["rows 72, and 1 other with these ranges", "rows 288"]


def test_a_report_says_how_its_results_were_made(tmp_path):
    """The front is kept by searches alone; notes are above, and results do not depend on them."""
    kept = {"seed": "0", "notes on axes": "", "notes on the data": ""}
    result = StudyResult(Study(name="bits"), kept, (), (), None)
    write_study(tmp_path / "swept.html", result)
    write_study(tmp_path / "searched.html", replace(result, facts=kept | {"front": '["a1"]'}))
    swept, searched = ((tmp_path / f"{name}.html").read_text() for name in ("swept", "searched"))
    assert "bitline sweep bits.toml --out swept.sqlite" in swept
    assert "bitline explore bits.toml --out searched.sqlite" in searched
    for text in (swept, searched):
        assert "<td>seed</td>" in text and "notes on" not in text and "a1" not in text.partition("</main>")[0]


KINDS = {"setting": "weights.kind", "values": ["differential", "offset"]}
SLICES = {"setting": "weights.bits_per_cell", "values": [1, 2, 4, 7], "when": {"weights.kind": "offset"}}


def measured_once(axes, **changes):
    """A study all of whose combinations are measured."""
    study = Study(axes=axes, **changes)
    found = list(crossed(study.axes, study.known()))
    return StudyResult(
        study,
        facts={},
        sessions=(),
        designs=tuple(DesignResult(f"{i}", "", settings, {}, chip_values=(0.9,)) for i, settings in enumerate(found)),
        float_value=0.92,
    )


def test_axes_with_conditions_have_fewer_combinations():
    """All combinations were counted: 5 designs of 8 are a search, which begins with its front."""
    swept = measured_once(
        [KINDS, SLICES, {"setting": "adc.bits", "values": [5, 6], "when": {"weights.kind": "offset"}}]
    )
    assert len(swept.designs) == 9 and is_grid(swept)
    assert not is_grid(replace(swept, designs=swept.designs[:5]))
    base = measured_once([{"setting": "array.rows", "values": [72, 144]}, SLICES], design={"base": "differential"})
    assert len(base.designs) == 2 and is_grid(base)
    assert is_grid(replace(base, study=base.study.model_copy(update={"design": BaseDesign(base="gone.toml")})))
    endless = [{"setting": f"cell.a{place}", "values": list(range(50))} for place in range(9)]
    assert not is_grid(replace(swept, study=Study(axes=[*endless, KINDS, SLICES])))


def test_maps_are_of_designs_that_have_both_settings():
    """A setting that some designs do not have counted as one more value of it."""
    bits = {"setting": "adc.bits", "values": [5, 6, 7]}
    (chart,) = maps(measured_once([KINDS, SLICES, bits]))[1:]
    assert (len(chart.data[0].x), len(chart.data[0].y)) == (3, 4)
    few = {**SLICES, "values": [2]}
    assert [chart.layout.title.text for chart in maps(measured_once([KINDS, few, bits]))] == [
        "Accuracy: ADC resolution and mapping of weights"
    ]


def maps(result):
    return next(section.figures for section in sections_of(result) if section.name == "maps")


@pytest.mark.parametrize(("metric", "word"), [("accuracy", "an image"), ("mse", "a sample")])
def test_costs_are_of_what_samples_are_called(tmp_path, metric, word):
    """Energies were of an image where samples were texts or signals."""
    costs = [{"energy_uJ": energy, "latency_us": 2.0, "area_mm2": 1.0} for energy in (1.5, 2.5)]
    designs = tuple(
        DesignResult(f"{bits}", "", {"adc.bits": bits}, {}, chip_values=(0.8 + bits / 100,), cost=cost)
        for bits, cost in zip((5, 8), costs, strict=True)
    )
    study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}], run={"metric": metric})
    write_study(tmp_path / "a.html", StudyResult(study, {}, (), designs, None))
    text = (tmp_path / "a.html").read_text()
    assert f"energy of {word} (" in text and f"latency of {word} (" in text
    assert (word == "an image") == ("of an image" in text)


def test_numbers_that_nobody_typed_have_four_digits():
    """Steps of equal ratios; designs stay told apart by their values."""
    designs = tuple(
        DesignResult(f"{alpha}", "", {"cell.device.alpha": alpha}, {}, chip_values=(0.9,), cost={"energy_uJ": 1.0})
        for alpha in (0.01, 0.0464158883361)
    )
    result = StudyResult(Study(), {}, (), designs, None)
    assert "<td>0.04642</td>" in front_table(result) and "158883361" not in front_table(result)
    assert in_short(designs[1].settings) == "error 0.04642" and result.levels("cell.device.alpha") == [
        0.01,
        0.0464158883361,
    ]
