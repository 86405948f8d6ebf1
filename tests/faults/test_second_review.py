"""Faults that a reading of the source found: numbers, names and files that nobody had tried."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.cli import app as cli
from bitline.cost import Library, at_node, core_cost, cost_intervals, explained, gather_statistics, network_cost
from bitline.errors import DataError, DesignError
from bitline.measures import MEASURES, FunctionMeasure
from bitline.nn.fingerprint import contents_of
from bitline.nn.same_outputs import difference
from bitline.numerics.shares import mean_share
from bitline.report import write_figures
from bitline.study import DesignResult, Study, StudyResult, explore, read_results, sweep, write_designs
from bitline.study.values import MOST, pack, unpack

NETWORK = nn.Sequential(nn.Linear(64, 10))
INPUTS = torch.linspace(0, 1, 640).reshape(10, 64)


@pytest.fixture(scope="module")
def statistics():
    return gather_statistics(NETWORK, "sonos-a", INPUTS)


def library_with_dots() -> Library:
    content = Library.load("sonos-40nm").model_dump()
    content["converters"]["lab.adc:Mine"] = content["converters"]["ramp"]
    content["parts"] = {"v1.2 bus": {"unit": "core", "power_mW": 1.0, "area_mm2": 0.1}}
    return Library(**content)


# -- costs


@pytest.mark.parametrize("node", [7, 14, 40])
def test_capacitors_keep_their_area_at_other_nodes(node):
    """Capacitance per area was scaled like an area: a cell of 2 fF took 16 times the area at 7 nm."""
    first, other = Library.load("sram-28nm"), at_node(Library.load("sram-28nm"), node)
    assert other.cells.density_fF_per_um2 == first.cells.density_fF_per_um2
    assert other.cells.capacitor_fF == first.cells.capacitor_fF


def test_a_core_with_signed_inputs_takes_the_time_of_a_layer():
    """It had a conversion for the bit of the sign, too: 336 ns instead of 326."""
    design = Design.load("differential").with_settings({"inputs.signed": True, "array.rows": 64, "array.columns": 10})
    design = design.with_settings({"inputs.accumulation": "digital", "adc.range": "full"})
    inputs = 2 * INPUTS - 1
    cost = network_cost(gather_statistics(NETWORK, design, inputs), design)
    bits = [core_cost(design.with_settings({"inputs.bits": bits})).time_ns for bits in (8, 7)]
    assert core_cost(design).time_ns == pytest.approx(cost.layers[0].time_ns)
    assert bits[0] / bits[1] == pytest.approx(7 / 6)


def test_names_with_dots_are_those_of_numbers(statistics):
    """`bitline cost` failed with converters called as a note told to call them."""
    library = library_with_dots()
    assert 'converters."lab.adc:Mine".conversion_pJ' in library.quantities()
    changed = library.with_settings({'parts."v1.2 bus".power_mW': 2.0})
    assert changed.parts["v1.2 bus"].power_mW.value == 2.0
    assert cost_intervals(statistics, "sonos-a", library)["energy_uJ"].low > 0
    assert explained("energy", statistics, "sonos-a", library)
    assert at_node(library, 28).node_nm == 28


def test_shares_of_one_are_explained(statistics):
    """1.01 of a converter was asked for."""
    library = Library.load("isaac-32nm").with_settings({"converters.sar.capacitor_share": 1.0})
    found = explained("energy", statistics, "isaac", library)
    assert "converters.sar.conversion_pJ" in {part.quantity for part in found}


@pytest.mark.parametrize("bits", [0, -8, 64])
def test_converters_of_impossible_bits_are_refused(bits):
    with pytest.raises(DesignError, match=r"converters\.sar"):
        Library.load("isaac-32nm").with_settings({"converters.sar.bits": bits})


def test_a_network_whose_first_sample_reaches_no_array_has_a_cost():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x):
            on = x.sum(1) > 0
            out = x.clone()
            if bool(on.any()):
                out[on] = self.inner(x[on])
            return out

    inputs = torch.rand(32, 4)
    inputs[0] = -1
    cost = network_cost(gather_statistics(Gated(), "sonos-a", inputs), "sonos-a")
    assert math.isnan(cost.images_per_s) and math.isnan(cost.power_W) and "0 µs" in str(cost)


def test_designs_of_one_name_have_two_tables(tmp_path, monkeypatch, capsys):
    """Of two designs called alike, JSON had the units of the last one only."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(Design.load("sonos-a").with_settings({"adc.bits": 6}).to_toml())
    cli.app(
        ["cost", "--design", "sonos-a", "--design", "mine.toml", "--units", "--json", "--images", "4"],
        standalone_mode=False,
    )
    found = json.loads(capsys.readouterr().out)
    assert found["units of sonos-a"] != found["units of sonos-a (2)"]


# -- numbers


def test_means_of_small_values_are_not_zero():
    """Counts within a millionth of a whole number were taken for it: an error of 1e-10 was shown as 0."""
    assert mean_share([1e-10, 3e-10], 1000) == pytest.approx(2e-10)
    assert mean_share([7 / 24, 0.0], 24) == mean_share([3 / 24, 4 / 24], 24)


def test_values_of_many_classes_are_kept():
    """F1 of more than 1,000 classes ended a sweep after its first task."""
    values = MEASURES["f1"]().values(torch.randn(4, 1001), torch.arange(4)).numpy()
    assert np.array_equal(unpack(pack(values), 4), values)
    with pytest.raises(DataError, match="a store has room for"):
        pack(np.zeros((2, MOST + 1)))


def test_a_permuted_kernel_is_another_one():
    """Its bytes in memory are the same, so that weights that changed answered as before."""
    kernel = torch.randn(3, 2, 2, 2)
    assert contents_of(kernel) != contents_of(kernel.permute(0, 3, 1, 2))
    layer = nn.Conv2d(2, 3, 2, bias=False)
    analog, images = convert(nn.Sequential(layer), "ideal", torch.rand(4, 2, 5, 5)), torch.rand(1, 2, 5, 5)
    before = analog(images)
    analog[0].weight.data = analog[0].weight.data.permute(0, 1, 3, 2)
    assert not torch.equal(before, analog(images))


def test_imaginary_parts_are_compared():
    assert difference((torch.tensor([1 + 2j]),), (torch.tensor([1 + 2j]),)) == ""
    assert difference((torch.tensor([1 + 2j]),), (torch.tensor([1 + 50j]),)) != ""


# -- studies


def small(**settings):
    data = {"images": 4, "calibration_images": 4}
    return Study(
        **{"data": data, "run": {"chips": 1, "layer_errors": False}, "design": {"base": "differential"}, **settings}
    )


def test_designs_beside_a_study_are_found_in_zips_and_conditions(tmp_path):
    """Only an axis of designs alone counted from the folder of the study."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\n')
    (tmp_path / "study.toml").write_text(
        '[[axes]]\nzip = { design = ["a.toml", "b.toml"], "adc.bits" = [6, 7] }\n'
        '[[axes]]\nsetting = "array.rows"\nvalues = [64, 128]\nwhen = { design = "a.toml" }\n'
    )
    assert len(Study.load(tmp_path / "study.toml").points()) == 3


def test_names_of_designs_are_no_paths(tmp_path):
    """A name with slashes wrote outside of the folder."""
    content = Design(name="../../evil").model_dump()
    (path,) = write_designs([DesignResult("a1", "../../evil", {}, content)], tmp_path / "out")
    assert path.parent == tmp_path / "out" and path.is_file()


def test_dollar_signs_in_settings_are_drawn(tmp_path):
    designs = tuple(
        DesignResult(name, "", {"cell.device.file": name}, {}, chip_values=(0.9,)) for name in ("a$x_$.csv", "b.csv")
    )
    study = Study(axes=[{"setting": "cell.device.file", "values": ["a$x_$.csv", "b.csv"]}])
    result = StudyResult(study, {}, (), designs, None)
    assert all(path.is_file() for path in write_figures(tmp_path, "study", result, "svg"))


def test_settings_that_an_axis_adds_are_those_of_earlier_designs(tmp_path):
    """Designs that were measured before had an empty cell, and were left out by `--where`."""
    bits = {"setting": "adc.bits", "values": [6, 8]}
    sweep(small(axes=[bits]), tmp_path / "s.sqlite")
    rows = {"setting": "array.rows", "values": [144, 1152]}
    axes = [{"setting": "adc.bits", "values": [6]}, rows]
    sweep(small(axes=axes), tmp_path / "s.sqlite")
    frame = read_results(tmp_path / "s.sqlite").to_frame()
    assert frame["array.rows"].tolist() == [144, 1152, 1152]
    assert frame["adc.bits"].tolist() == [6, 6, 8]


def test_a_search_looks_at_all_designs_where_they_are_few(tmp_path):
    """Of eight possible designs four were looked at, as the sampler proposed some again."""
    axes = [{"setting": "adc.bits", "values": [5, 6, 7, 8]}, {"setting": "array.rows", "values": [144, 1152]}]
    search = {"designs": 12, "population": 4, "screening_images": 4, "objectives": ["accuracy", "energy_uJ"]}
    found = explore(small(axes=axes, search=search), tmp_path / "s.sqlite")
    assert found.looked_at == 8


def test_searches_ask_which_values_of_an_own_measure_are_better(tmp_path, monkeypatch):
    """The largest error was taken for the best."""
    (tmp_path / "lab_of_errors.py").write_text("def miss(outputs, targets):\n    return outputs[:, 0].abs()\n")
    monkeypatch.syspath_prepend(tmp_path)
    axes = [{"setting": "adc.bits", "values": [5, 8]}]
    run = {"chips": 1, "metric": "lab_of_errors:miss"}
    search = {"designs": 2, "screening_images": 4, "objectives": ["miss", "energy_uJ"]}
    with pytest.raises(DataError, match="nobody said which ones are"):
        explore(small(axes=axes, run=run, search=search), tmp_path / "s.sqlite")
    said = {**run, "metric": {"function": "lab_of_errors:miss", "direction": "lower"}}
    assert explore(small(axes=axes, run=said, search=search), tmp_path / "t.sqlite").looked_at == 2
    assert FunctionMeasure(len).assumed and not FunctionMeasure(len, direction="higher").assumed


def test_conditions_on_fractions_are_not_in_per_cent():
    from bitline.errors import StudyError
    from bitline.study.selection import Selection

    design = DesignResult("a", "", {}, {}, chip_values=(0.9,), cost={"cells_used": 0.9})
    with pytest.raises(StudyError, match="write 'cells_used > 50%'"):
        Selection(where=("cells_used > 50",)).of(StudyResult(Study(), {}, (), (design,), None))
