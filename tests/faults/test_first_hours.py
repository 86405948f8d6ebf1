"""What four new users met in their first hours: wrong rows, errors without a remedy, and what was passed over."""

from __future__ import annotations

import math
import sys

import pytest
import torch
from matplotlib import pyplot
from torch import nn

from bitline import Design, convert, plot
from bitline.config.imports import import_module
from bitline.cost import gather_statistics, network_cost
from bitline.data.batch import batch_of
from bitline.data.split_samples import SplitSamples
from bitline.errors import BitlineError, DataError, DesignError, StudyError
from bitline.evaluation.result import Evaluation
from bitline.nn import conversion_of
from bitline.report.figures.study_accuracy import accuracy_chart
from bitline.study import DesignResult, Selection, Study, StudyResult
from bitline.study.sampling import generations
from bitline.study.table import columns

TABLE = {"kind": "sar", "bits": 6}


@pytest.mark.parametrize("first", [True, False])
def test_an_axis_of_a_section_and_one_in_it_do_not_set_the_same(first):
    """A design with 6 bits was measured, and its row said 5; another one vanished."""
    axes = [{"setting": "adc.bits", "values": [5, 7]}, {"setting": "adc", "values": [TABLE, "uniform"]}]
    study = Study(axes=axes if first else axes[::-1])
    with pytest.raises(StudyError, match=r"adc.bits is \d and \d at once"):
        study.points()
    points = study.model_copy(update={"skip_impossible": True}).points()
    assert [(point.design.adc.kind, point.design.adc.bits) for point in points] == [("uniform", 5), ("uniform", 7)]


def test_settings_of_one_axis_do_not_set_the_same():
    axes = [{"zip": {"adc": [TABLE, TABLE], "adc.bits": [6, 7]}}]
    with pytest.raises(StudyError, match=r"adc.bits is 6 and 7 at once"):
        Study(axes=axes).points()


def test_an_axis_takes_the_place_of_what_all_designs_have_in_common():
    study = Study(design={"set": {"adc.bits": 8}}, axes=[{"setting": "adc", "values": [TABLE]}])
    assert [point.design.adc.bits for point in study.points()] == [6]


@pytest.mark.needs("Optuna")
def test_a_search_looks_at_as_many_designs_as_it_is_asked_for():
    """Of 40 designs 20 were looked at, as the sampler proposes what is good again."""
    sizes = {"adc.bits": [4, 5, 6, 7, 8], "array.rows": [72, 144, 288], "weights.bits": [6, 7, 8]}
    axes = [{"setting": name, "values": values} for name, values in sizes.items()]
    seen = []

    def look_at(settings):
        seen.extend(map(str, settings))
        return [[chosen["adc.bits"] / 8, chosen["array.rows"]] for chosen in settings]

    study = Study(axes=axes, search={"designs": 40, "population": 6})
    *_, last = generations(study, ("maximize", "minimize"), look_at)
    assert last == len(seen) == len(set(seen)) == 40


def test_calibration_inputs_that_are_all_0_are_told():
    """Every other input was clipped, and 61 % of 100 left, without a word."""
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    nn.init.ones_(network[0].bias)
    notes = conversion_of(convert(network, Design(), torch.zeros(5, 4))).notes
    assert any("all calibration inputs of 1 layer are 0 ('0')" in note for note in notes)
    given = Design(inputs={"range": {"kind": "given", "high": 1.0}})
    for design, inputs in ((Design(), torch.rand(5, 4)), (given, torch.zeros(5, 4))):
        assert not any("are 0" in note for note in conversion_of(convert(network, design, inputs)).notes)


def test_words_are_sorted_as_the_study_has_them():
    designs = tuple(
        DesignResult(f"{kind}{bits}", "", {"adc.bits": bits, "adc": kind}, {}, chip_values=(0.9,))
        for bits in (6, 8)
        for kind in ("uniform", "sar", "none")
    )
    result = StudyResult(Study(), {}, (), designs, float_value=None)
    assert [design.key for design in Selection(sort="adc").of(result)] == [
        "uniform6", "uniform8", "sar6", "sar8", "none6", "none8",
    ]  # fmt: skip
    assert Selection(sort="-adc").of(result)[0].key == "none6"


def test_equal_chips_have_no_interval():
    """Two chips had one of no width in tables, and none in reports."""
    few, many = (DesignResult("a", "", {}, {}, chip_values=(0.9,) * count) for count in (2, 5))
    assert math.isnan(few.half_width) and many.half_width == 0
    assert math.isnan(columns(StudyResult(Study(), {}, (), (few,), float_value=None))["half_width_95"][0])
    assert all(map(math.isnan, Evaluation(Design(), 9, 0, 0.9, 0.9, (0.9, 0.9), layers=()).confidence_interval))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"axes": {"adc.bits": [4, 5]}}, r"axes is .*, but it is a list: write \[\[axes\]\] for each"),
        ({"axes": [{"setting": "adc.bits", "values": 4}]}, r"values is 4, but it is a list: write \[4\]"),
    ],
)
def test_a_value_in_the_place_of_a_list(settings, words):
    """It was to be 'a valid tuple', which TOML does not have."""
    with pytest.raises(StudyError, match=words):
        Study(**settings)


def test_a_package_that_is_missing_is_to_be_installed(tmp_path, monkeypatch):
    """'Put it on PYTHONPATH' seemed to mean the file that was found."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_networks.py").write_text("import surely_absent_package\n")
    with pytest.raises(ValueError, match=r"my_networks needs surely_absent_package, which is not there .*: install it"):
        import_module("my_networks:build")
    sys.modules.pop("my_networks", None)


class Taking(nn.Linear):
    def forward(self, tokens, mask=None):
        return super().forward(tokens)


def test_labels_are_no_unknown_arguments_and_near_names_are_named():
    given = {"token": torch.rand(3, 4), "labels": torch.zeros(3)}
    with pytest.raises(DataError, match="no argument called token: did you mean 'tokens'") as refused:
        batch_of(given, Taking(4, 2))
    assert "labels" not in str(refused.value)


def test_designs_say_how_they_are_changed():
    with pytest.raises(DesignError, match=r"bits of a UniformAdc stays as it is: .*with_settings"):
        Design().adc.bits = 5


def test_figures_say_what_they_are_made_of():
    result = Evaluation(Design(), 9, 0, 0.9, 0.9, (0.9,), layers=())
    for draw, words in ((plot.energy, "give a cost, such as result.cost"), (plot.pareto, "read_results")):
        with pytest.raises(BitlineError, match=f"not one of an Evaluation: .*{words}"):
            draw(result)
    with pytest.raises(BitlineError, match=r"what bitline.evaluate returns"):
        plot.chips(0.9)


def test_energies_of_small_networks_have_a_unit_of_their_own():
    """Ticks of 0.000025 µJ were printed over each other."""
    network = nn.Sequential(nn.Linear(256, 64))
    cost = network_cost(gather_statistics(network, "sonos-a", torch.rand(4, 256)), "sonos-a")
    axes = plot.energy(cost)
    assert axes.get_xlabel() == "energy of an inference (nJ)" and cost.energy_uJ < 0.1
    widths = sorted(bar.get_width() for bar in axes.patches)
    assert sum(widths) == pytest.approx(1e3 * cost.energy_uJ)
    pyplot.close(axes.figure)


def test_fewer_samples_than_asked_for_are_told():
    network = nn.Linear(4, 2)
    assert (
        "only 15 samples are there to measure on, not 5,000"
        in SplitSamples.of(torch.rand(30, 4), "mine:make", network, images=5000).notes
    )
    few = SplitSamples.of(torch.rand(2, 4), "mine:make", network, images=1)
    assert few.notes == ("the last 1 sample of mine:make set ranges, and are not measured on",)


def by_words():
    """A study of three kinds of converters, one of them a table of settings."""
    kinds = ("uniform", TABLE, {"kind": "uniform", "bits": 6})
    designs = tuple(
        DesignResult(str(at), "", {"adc": kind}, {}, chip_values=(0.9 + at / 100,)) for at, kind in enumerate(kinds)
    )
    study = Study(axes=[{"setting": "adc", "values": kinds}])
    return StudyResult(study, {}, (), designs, float_value=0.95)


def test_charts_against_words_begin_where_the_values_do():
    """Plotly begins at 0 where points stand beside each other."""
    low, high = accuracy_chart(by_words(), "adc").layout.yaxis.range
    assert 89 < low < 90 and 95 < high < 96


def test_tables_of_settings_have_names_that_can_be_asked_for():
    """Dictionaries of Python stood in tables and files, and conditions could not name them."""
    result = by_words()
    assert columns(result)["adc"] == ["uniform", "sar (bits 6)", "uniform (bits 6)"]
    assert [design.key for design in Selection(where=("adc = sar (bits 6)",)).of(result)] == ["1"]
    with pytest.raises(StudyError, match=r"use one of sar \(bits 6\), uniform, uniform \(bits 6\)"):
        Selection(where=("adc = pipeline",)).of(result)
