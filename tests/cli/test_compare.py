"""Designs side by side, and why accuracy is lost."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from bitline.cli import why
from bitline.cli.run_tables import run_tables
from bitline.cli.table import Cell
from bitline.data.samples import samples_of
from bitline.design import Design
from bitline.evaluation.causes import causes
from bitline.evaluation.comparison import compare_designs, differing_settings
from bitline.evaluation.diagnosis import Patient, diagnose
from bitline.evaluation.evaluate import Procedure
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.reading import Reading
from bitline.evaluation.result import Evaluation
from bitline.measures import measure_of

FEW = ["--images", "12", "--calibration-images", "8", "--chips", "2"]


def test_designs_are_compared_on_the_same_chips(bitline, tmp_path):
    (tmp_path / "coarse.toml").write_text(Design().with_settings({"adc.bits": 2, "name": "coarse"}).to_toml())
    (tmp_path / "fine.toml").write_text(Design().with_settings({"name": "fine"}).to_toml())
    status, output, _ = bitline("compare", tmp_path / "fine.toml", tmp_path / "coarse.toml", *FEW, "--json")
    found = json.loads(output)
    assert status == 0
    assert [row["setting"] for row in found["settings"]] == ["adc.bits"]
    fine, coarse = found["accuracy"]
    assert coarse["difference"] == pytest.approx(coarse["accuracy"] - fine["accuracy"])
    assert coarse["difference_low"] < coarse["difference"] < coarse["difference_high"]
    assert found["cost"][1]["energy_ratio"] < 1 == found["cost"][0]["energy_ratio"]


def test_designs_are_compared_at_a_time(bitline, tmp_path):
    """As --set cell.time does for all designs alike; `bitline run` has --time."""
    for name, device in (("drifting", "pcm-joshi-2020"), ("still", "none")):
        (tmp_path / f"{name}.toml").write_text(Design().with_settings({"cell.device": device, "name": name}).to_toml())
    both = (tmp_path / "drifting.toml", tmp_path / "still.toml", *FEW)
    (status, timed, _), (_, set_, _) = (
        bitline("compare", *both, *given, "--json") for given in (("--time", "1 day"), ("--set", "cell.time=1 day"))
    )
    assert status == 0 and json.loads(timed)["accuracy"] == json.loads(set_)["accuracy"]
    status, _, errors = bitline("compare", *both, "--time", "1 day", "--set", "cell.time=1 h")
    assert (status, "--time does nothing where --set cell.time says the time" in errors) == (2, True)
    status, _, errors = bitline("compare", *both, "--time", "soon")
    assert (status, "soon" in errors) == (2, True)


def test_a_design_is_not_compared_with_itself(bitline):
    status, _, errors = bitline("compare", "ideal", "ideal")
    assert (status, "give designs that differ" in errors) == (2, True)


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"cell.faults.stuck_high": 0.5}, "stuck and noisy cells"),
        ({"adc.bits": 1}, "too few levels of the ADCs"),
        ({"adc.range": {"kind": "given", "low": -0.05, "high": 0.05}}, "signals beyond the range of the ADCs"),
    ],
)
def test_a_fault_that_is_put_in_is_found(settings, cause):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(120, 24, generator=generator)
    network = nn.Linear(24, 8)
    network.weight.data, network.bias.data = torch.randn(8, 24, generator=generator), torch.zeros(8)
    network.bias.data -= (network(images)).mean(0)
    data = MeasuredSamples.labelled(images, network(images).argmax(1), batch=64)
    found = diagnose(Patient(network.eval(), Design().with_settings(settings), data, images))
    assert found.loss > 0.2
    assert found.because.startswith(cause), (found.because, found.without)
    assert all(remedy.value > found.value for remedy in found.remedies)
    assert len(found.remedies) <= 3


def test_any_measure_is_asked_why_and_compared():
    """Lower is better: what regains is what lowers the error."""
    generator = torch.Generator().manual_seed(0)
    inputs, network = torch.rand(40, 12, generator=generator), nn.Linear(12, 3, bias=False).eval()
    network.weight.data = torch.randn(3, 12, generator=generator)
    targets = network(inputs).detach() + 0.01
    data = MeasuredSamples(samples_of(inputs, targets, network), Reading(measure_of("mse")), batch=40)
    poor = Design().with_settings({"adc.bits": 2})
    found = diagnose(Patient(network, poor, data, inputs))
    assert found.loss > 0 and found.because.startswith("too few levels of the ADCs") and "%" not in found.because
    assert [undone.value for undone in found.without] == sorted(undone.value for undone in found.without)
    table, lines = why.why_parts(found)
    assert "40 samples on one chip" in table.title
    assert "40 images on one chip" in why.why_parts(replace(found, measure=measure_of("accuracy")))[0].title
    assert table.columns[1].head == "mean squared error" and "try: --set adc.bits=" in lines
    first, second = compare_designs(network, [poor, "ideal"], inputs, targets, inputs, Procedure(2), metric="mse")
    assert second.less(first).value == pytest.approx(second.quality.value - first.quality.value)
    assert second.less(first).value < 0


def test_a_cause_that_is_undone_with_a_wider_one_says_so_in_sentence_and_table():
    """Exact cells do not drift either: drift is named if it is nearly all, and the rest with what it is of."""
    generator = torch.Generator().manual_seed(0)
    images, network = torch.rand(120, 256, generator=generator), nn.Linear(256, 8)
    network.weight.data, network.bias.data = torch.randn(8, 256, generator=generator), torch.zeros(8)
    network.bias.data -= network(images).mean(0)
    data = MeasuredSamples.labelled(images, network(images).argmax(1), batch=64)
    aged = Design.load("differential").with_settings(
        {
            "cell.device": {"kind": "pcm-joshi-2020", "extrapolate": True, "noise_renewed": "read"},
            "cell.time": 1e11,
        }
    )
    found = diagnose(Patient(network.eval(), aged, data, images))
    rows = {undone.name: undone.value for undone in found.without}
    whole = rows["programming error, with drift and read noise"]
    assert found.without[0].value == whole > rows["drift"] and found.regained(rows["drift"]) > 0.75
    alone, share = f"{100 * rows['drift']:.1f} %", f"{100 * found.regained(rows['drift']):.0f} % of the loss"
    assert found.because.startswith(f"the drift of the cells: without that alone, {alone}") and share in found.because
    assert f"(without programming error and read noise, too: {100 * whole:.1f} %)" in found.because


def test_remedies_are_tried_for_any_data_and_alternatives_are_named():
    """Recalibration of named inputs, too; a better step of the same setting is no alternative."""

    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(16, 6)

        def forward(self, left, right):
            return self.fc(left + right)

    generator = torch.Generator().manual_seed(0)
    inputs = {name: torch.rand(120, 16, generator=generator) for name in ("left", "right")}
    network = Sum().eval()
    network.fc.weight.data = torch.randn(6, 16, generator=generator)
    network.fc.bias.data = -network.fc.weight.detach().sum(1)
    labels = network(**inputs).argmax(1)
    aged = Design.load("differential").with_settings(
        {"cell.device": {"kind": "pcm-joshi-2020", "extrapolate": True}, "cell.time": 1e8}
    )
    data = MeasuredSamples(samples_of(inputs, labels, network), Reading(measure_of("accuracy")), batch=64)
    found = diagnose(Patient(network, aged, data, samples_of(inputs, None, network)))
    assert "--recalibrate 64" in [remedy.name for remedy in found.remedies]
    narrow = Design().with_settings({"adc.range": {"kind": "given", "low": -0.05, "high": 0.05}})
    clipped = diagnose(Patient(network, narrow, data, samples_of(inputs, None, network)))
    assert clipped.because.startswith("signals beyond the range of the ADCs, with ADC levels: without that")
    good = [remedy.name for remedy in clipped.remedies if clipped.regained(remedy.value) > 0.8]
    assert len(good) == 2 and sum("adc.bits" in name for name in good) == 1, clipped.remedies


def test_what_was_found_is_kept(bitline, tmp_path):
    """As the terminal shows it, in JSON, and in both files."""
    options = ["--set", "adc.bits=1", "--images", "12", "--calibration-images", "8", "--chips", "1", "--json"]
    status, output, _ = bitline("run", *options, "--why", "--out", tmp_path)
    found = json.loads(output)
    kept, page = json.loads((tmp_path / "results.json").read_text()), (tmp_path / "report.html").read_text()
    assert status == 0
    assert kept["why"]["because"] == found["why"][0]["because"]
    assert [row["cause"] for row in kept["why"]["without"]] == [row["without"] for row in found["causes"]]
    assert kept["why"]["remedies"] == found["remedies"]
    assert kept["why"]["because"][1:] in page and "Why accuracy is lost" in page


def test_causes_are_those_that_the_cells_have():
    proportional = Design.load("differential").with_settings({"cell.time": "1 day"})
    assert not {"drift", "read noise"} & {cause.name for cause in causes(proportional)}
    measured = proportional.with_settings({"cell.device": "pcm-joshi-2020"})
    assert {"drift", "read noise"} <= {cause.name for cause in causes(measured)}
    noisy = proportional.with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 0.01}})
    assert "read noise" in {cause.name for cause in causes(noisy)}
    assert "programming error" in {cause.name for cause in causes(noisy)}
    exact = noisy.with_settings({"cell.device.alpha": 0.0})
    assert "programming error" not in {cause.name for cause in causes(exact)}


def test_every_cause_leaves_a_design(bitline):
    for name in ("differential", "isaac", "sonos-a"):
        design = Design.load(name)
        assert all(cause.undone(design) != design for cause in causes(design))


def evaluation(*chips, images=1000):
    return Evaluation(Design(), images, 0, 0.92, 0.92, chips, layers=())


def test_few_chips_are_called_few():
    few, many = evaluation(0.7, 0.9), evaluation(*[0.9, 0.901] * 6)
    assert "few chips" in why.spread_of_chips(few)
    assert "median 90.05 %, worst 90.00 %" in why.spread_of_chips(many)
    assert "few" not in why.spread_of_chips(many)
    assert "one chip" in why.spread_of_chips(evaluation(0.9))


def test_few_equal_chips_claim_no_certainty():
    """Two chips with one accuracy read '± 0.00', as if all chips were alike."""
    alike, many = evaluation(0.9, 0.9), evaluation(*[0.9] * 12)
    said = why.spread_of_chips(alike)
    assert "2 equal chips give no interval" in said and "to 90.00" not in said
    assert "±" not in str(alike) and "all equal" in str(alike)
    assert "equal" in [cell.text for cell in run_tables([alike], "network")[0].rows[-1] if isinstance(cell, Cell)]
    assert "90.00 ± 0.00 %" in str(many)


def test_settings_that_only_one_kind_has_are_listed_where_they_were_changed():
    sar = Design().with_settings({"adc.kind": "sar"})
    noisy = sar.with_settings({"adc.comparator_offset_steps": 0.3})
    assert differing_settings([Design(), sar]) == {"adc.kind": ("uniform", "sar")}
    assert differing_settings([Design(), noisy]) == {
        "adc.kind": ("uniform", "sar"),
        "adc.comparator_offset_steps": (None, 0.3),
    }
    assert differing_settings([sar, noisy]) == {"adc.comparator_offset_steps": (sar.adc.comparator_offset_steps, 0.3)}
    needed = Design().with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.05}})
    assert differing_settings([Design(), needed])["cell.device.alpha"][1] == 0.05  # it has no default


def test_causes_are_looked_for_where_much_is_lost():
    assert why.is_large(evaluation(0.5))
    assert not why.is_large(evaluation(0.9))
    assert not why.is_large(evaluation(0.5, images=20))
    assert math.isclose(evaluation(0.5).mean, 0.5)
