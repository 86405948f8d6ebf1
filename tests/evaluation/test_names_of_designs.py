"""Every public function that takes a design takes the name of a preset, and refuses what is neither alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from bitline import AnalogCore, Design, conversion_of, convert, evaluate, evaluate_times
from bitline.cost import (
    RowActivity,
    core_cost,
    cost_intervals,
    explained,
    gather_statistics,
    library_of,
    network_cost,
    sensitivity,
    unit_costs,
    whole_cost,
)
from bitline.design import views
from bitline.errors import BitlineError
from bitline.evaluation.adc_ranges import study_ranges
from bitline.evaluation.comparison import compare_designs, differing_settings
from bitline.evaluation.recommended_adc import recommend
from bitline.evaluation.remedies import fine_tune, tune
from bitline.nn import load_calibration, record, save_calibration

torch.manual_seed(1)
NETWORK = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)).eval()
INPUTS = torch.rand(12, 8)
LABELS = NETWORK(INPUTS).argmax(1).detach()
STATISTICS = gather_statistics(NETWORK, Design(), INPUTS)
DATA = (INPUTS, LABELS, INPUTS)
FILE = Path("calibration.json")


def in_a_file(design):
    """A calibration that is written and read."""
    save_calibration(FILE, conversion_of(convert(NETWORK, Design(), INPUTS)).calibration, NETWORK, design, INPUTS)
    return load_calibration(FILE, NETWORK, design, INPUTS)


CALLS = {
    "AnalogCore": lambda design: AnalogCore(NETWORK[0].weight, design, calibration=INPUTS.T) @ INPUTS.T,
    "convert": lambda design: convert(NETWORK, design, INPUTS)(INPUTS),
    "record": lambda design: record(NETWORK, design, INPUTS).layers["0"].scale,
    "calibration file": in_a_file,
    "evaluate": lambda design: evaluate(NETWORK, design, *DATA, chips=1).chip_values,
    "evaluate_times": lambda design: [
        found.chip_values for found in evaluate_times(NETWORK, design, *DATA, times=[1.0], chips=1)
    ],
    "compare_designs": lambda design: [
        found.quality.value for found in compare_designs(NETWORK, [design, design], *DATA)
    ],
    "differing_settings": lambda design: differing_settings([design, Design.load("offset")]),
    "study_ranges": lambda design: [found.useful() for found in study_ranges(NETWORK, design, INPUTS)],
    "recommend": lambda design: recommend(NETWORK, design, *DATA, bits=(4, 8)).bits,
    "tune": lambda design: tune(NETWORK, design, INPUTS).design.layers,
    "fine_tune": lambda design: fine_tune(NETWORK, design, INPUTS, LABELS, epochs=1).design.adc,
    "reference": lambda design: views.reference(design).weights,
    "gather_statistics": lambda design: gather_statistics(NETWORK, design, INPUTS).layers[0].macs,
    "network_cost": lambda design: network_cost(STATISTICS, design).totals(),
    "whole_cost": lambda design: whole_cost(network_cost(STATISTICS, design), STATISTICS, design, images=2).batch_us,
    "core_cost": lambda design: core_cost(design).energies_pJ,
    "unit_costs": lambda design: [unit.energies_pJ for unit in unit_costs(design)],
    "sensitivity": lambda design: sensitivity(STATISTICS, design).energy.tolist(),
    "cost_intervals": lambda design: cost_intervals(STATISTICS, design),
    "explained": lambda design: explained("energy", STATISTICS, design),
    "library_of": lambda design: library_of(design),
    "RowActivity.average": lambda design: RowActivity.average(STATISTICS, design),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_name_stands_for_its_preset(call, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    by_name, whole = CALLS[call]("differential"), CALLS[call](Design.load("differential"))
    assert torch.equal(by_name, whole) if isinstance(whole, torch.Tensor) else by_name == whole


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wrong", ["diferential", None, 7], ids=str)
def test_what_is_no_design_is_refused_alike(call, wrong):
    words = "there is no preset 'diferential'.*differential" if isinstance(wrong, str) else "give a Design"
    with pytest.raises(BitlineError, match=words):
        CALLS[call](wrong)
