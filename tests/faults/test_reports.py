"""Kinds of faults of reports and tables that were met elsewhere, or in this project before."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import TIMES, evaluations, study_result

from bitline import Design
from bitline.devices import format_duration
from bitline.errors import StudyError
from bitline.numerics.text import exact, fixed, number, percent
from bitline.report import write_html, write_json
from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.figures.study_print import accuracy_figure, write_figures
from bitline.report.figures.study_series import lines
from bitline.report.study_page import write_study
from bitline.study import Study
from bitline.study.axes import crossed
from bitline.study.export import export
from bitline.study.pareto import front

SIZES = st.floats(1e-12, 1e14).flatmap(lambda size: st.sampled_from([size, -size, float(f"{size:.2g}"), round(size)]))


@given(SIZES, st.integers(2, 6))
def test_a_number_is_what_is_shown_of_it(value, digits):
    """The table of a study said 103 for 1,029.7 and 136 for 1,360: zeros at the end of whole numbers were cut off.

    MrJoiny/Idleon-Injector #230: the same regular expression made 1M of 100M.
    """
    text = number(float(value), digits)
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.5000001 * 10 ** (1 - digits), abs=0)
    assert "e" not in text or abs(float(value)) < 1e-4
    assert float(number(int(value)).replace(",", "")) == int(value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (number(1029.7), "1,030"),
        (number(1360.0), "1,360"),
        (number(999.96, 3), "1,000"),
        (number(12345.6, 3), "12,346"),
        (number(None) + number(math.nan), ""),
        (number(-0.0), "0"),
        (number(math.inf), "inf"),
        (fixed(-0.04, 1), "0.0"),
        (percent(0.9996, 1), "99.96"),
        (percent(0.000004, 2), "0.0004"),
        (percent(1.0, 1), "100.0"),
        (exact(99.99999), "99.99999"),
        (format_duration(1234567.0), "1234567 s"),
    ],
)
def test_numbers_in_tables(text, shown):
    """999.96 read 1e+03 in the table of costs, 99.96 % read 100.0 %, and a ratio of -0.04 dB read -0.0."""
    assert text == shown


def test_times_are_in_the_order_of_time():
    """A study over cell.time: '1 day' came before '1 hour' and '1 s', so accuracy seemed to rise with time.

    voxel51/fiftyone-plugins #231 and plotly/plotly.py #2692: the order of values that are numbers in words.
    """
    result = study_result()
    assert result.levels("cell.time") == [1.0, 3600.0, 86400.0, 30 * 86400.0]
    axis = SettingAxis.of(result, "cell.time")
    assert (axis.scale, axis.labels) == ("log", ("1 s", "1 hour", "1 day", "30 days"))
    for series in lines(result, axis):
        times = [axis.place(design) for design in series.designs]
        assert times == sorted(times)
    frame = result.to_frame()
    assert frame["cell.time"].tolist() == [Design().with_settings({"cell.time": design.settings["cell.time"]}).cell.time
                                           for design in result.designs]  # fmt: skip
    drawn = accuracy_figure(result, "cell.time").axes[0].lines[0].get_xdata()
    assert list(drawn) == sorted(drawn)


def test_numbers_in_words_are_numbers_and_words_stay_in_the_order_of_the_study():
    """Of the kind of times: 'inf', '1e1' and '9' went by the alphabet, and so did the names of variants."""
    result = study_result()
    assert result.levels("cell.on_off_ratio") == [10.0, 1000, math.inf]
    assert SettingAxis.of(result, "cell.on_off_ratio").scale == "steps"
    assert result.levels("adc.bits") == [9, 10]
    assert result.levels("adc.range") == ["full", "calibrated"]
    mixed = Study(axes=[{"setting": "weights.bits_per_cell", "values": ["unsliced", 4, 2]}])
    designs = [replace(result.designs[0], settings=point.settings) for point in mixed.points()]
    assert replace(result, study=mixed, designs=tuple(designs)).levels("weights.bits_per_cell") == [2, 4, "unsliced"]
    zero = [
        replace(design, settings={"x": value}) for design, value in zip(result.designs, (0, 1e-7, 1e-3), strict=False)
    ]
    assert SettingAxis.of(replace(result, designs=tuple(zero)), "x").scale == "steps"


@pytest.mark.parametrize(
    ("levels", "scale"),
    [((0.0, 3600.0, 86400.0), "steps"), ((0.0, 60.0, 600.0), "steps"), ((0.0, 60.0, 120.0), "linear"),
     ((0.0, 86400.0), "linear"), ((60.0, 86400.0), "log")],
)  # fmt: skip
def test_times_a_decade_apart_are_not_placed_linearly(levels, scale):
    """'0 s' and '1 h' lay over each other at an axis to one day."""
    assert SettingAxis("cell.time", levels, tuple(map(format_duration, levels))).scale == scale


def test_conditions_of_axes_compare_times_as_times():
    """Of the kind of times: an axis with when = { "cell.time" = "1 day" } was left out where it was '24 hours'."""
    study = Study(
        design={"set": {"cell.time": "24 hours"}},
        axes=[{"setting": "adc.bits", "values": [6, 7], "when": {"cell.time": "1 day"}}],
    )
    assert len(list(crossed(study.axes, study.known()))) == 2


def test_layers_whose_names_are_equal_numbers_stay_apart(tmp_path):
    """plotly/plotly.py #812: layers 1.1 and 1.10 were one place on an axis, and their bars lay on each other."""
    write_html(tmp_path / "report.html", evaluations(), {})
    page = (tmp_path / "report.html").read_text()
    assert page.count('"type":"category"') == 3  # errors and energies by layer, and shares of energy and area


@pytest.mark.parametrize("name", ["<!--<script>", "</script><b>", "<img src=x onerror=alert(1)>", "[/bold]", "&lt;"])
def test_names_are_names_in_every_report(tmp_path, name):
    """w3c/html #1617, OWASP/json-sanitizer #20: '<!--<script>' in a name swallowed the end of a script element.

    Of 10 figures 2 were left, and in a notebook the name of a stranger's study ran as HTML.
    """
    result = study_result(8)
    study = Study(name=name, description=name, axes=result.study.axes)
    layers = [replace(layer, name=name) for layer in result.designs[0].layers[:1]]
    designs = (replace(result.designs[0], name=name, layers=tuple(layers), error=name), *result.designs[1:])
    named = replace(result, study=study, designs=designs)
    write_study(tmp_path / "study.html", named)
    whole = evaluations()[0]
    write_html(tmp_path / "run.html", [replace(whole, design=Design(name=name), layers=tuple(layers))], {name: name})
    texts = [(tmp_path / file).read_text() for file in ("study.html", "run.html")]
    own = [*texts, named._repr_html_(), replace(whole, design=Design(name=name))._repr_html_()]
    plain = study_result(8)
    write_study(tmp_path / "plain.html", plain)
    for text in own:
        if name.startswith("<"):
            assert name not in text
    assert texts[0].count("<script") == (tmp_path / "plain.html").read_text().count("<script")
    data = texts[0].split('<script type="application/json" id="packed">')[1].split("</script>")[0]
    assert json.loads(data)["size"] == len(designs)


def test_a_report_needs_no_design_that_is_measured_and_costed(tmp_path):
    """A report of a study that has only begun ended in numpy's 'cannot reshape array of size 0'."""
    assert front([]) == []
    result = study_result(6)
    bare = tuple(replace(design, chip_values=(), cost=None, layers=()) for design in result.designs)
    for designs in (bare, bare[:0], (replace(result.designs[0], cost=None), *bare[1:])):
        write_study(tmp_path / "study.html", replace(result, designs=designs))
    with pytest.raises(StudyError, match="nothing to draw"):
        write_figures(tmp_path, "study", replace(result, designs=bare), "svg")


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path):
    """hhurz/tableExport.jquery.plugin #230: a spreadsheet runs a design named =cmd|...; numbers stay numbers."""
    result = study_result(6)
    names = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\tx", "-5"]
    named = tuple(replace(design, name=name) for design, name in zip(result.designs, names, strict=True))
    export(replace(result, designs=named), "csv", tmp_path / "table.csv")
    table = pd.read_csv(tmp_path / "table.csv", dtype=str, keep_default_na=False)
    assert table["design"].tolist() == ["'=1+1", "+1", "'-2+3", "'@SUM(A1)", "'\tx", "-5"]
    assert table["cell.on_off_ratio"].astype(float).tolist() == [design.values["cell.on_off_ratio"] for design in named]
    assert "-1234.5" in set(table.to_numpy().flatten())


def test_files_of_results_are_json_for_every_reader(tmp_path):
    """esnet/iperf #370: Infinity and NaN are no JSON; a ratio of 'inf' ended the export in a traceback."""

    def strict(word):
        raise AssertionError(word)

    export(study_result(6), "json", tmp_path / "study.json")
    design = Design().with_settings({"cell.on_off_ratio": "inf"})
    write_json(tmp_path / "run.json", [replace(evaluations()[0], design=design)], {})
    for name in ("study.json", "run.json"):
        content = json.loads((tmp_path / name).read_text(), parse_constant=strict)
    assert Design(**content["design"]) == design


def test_designs_of_one_name_have_places_of_their_own(tmp_path):
    """Of the kind of equal numbers: the energies of two designs of one name were added up in one bar."""
    result = study_result(2)
    cost = study_result(1).designs[0].cost
    same = tuple(replace(design, name="same", settings={}, cost=cost) for design in result.designs)
    write_study(tmp_path / "study.html", replace(result, designs=same))
    page = (tmp_path / "study.html").read_text()
    data = json.loads(page.split('id="figures">')[1].split("</script>")[0])
    bars = [trace for figure in data for trace in figure["data"] if trace["type"] == "bar"]
    assert bars
    assert all(trace["y"] == ["same", "same (2)"] for trace in bars)


def test_the_fixture_lists_times_in_no_order():
    """Otherwise the tests above would hold by luck."""
    assert list(TIMES) != sorted(TIMES, key=lambda time: Design().with_settings({"cell.time": time}).cell.time)
