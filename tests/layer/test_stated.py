"""Designs that state what calibration inputs would decide need none."""

from __future__ import annotations

import pytest
import torch

from bitline import AnalogCore, Design, convert
from bitline.errors import CalibrationError
from bitline.nn import conversion_of

STATED = Design.load("differential").with_settings(
    {
        "inputs.range": {"kind": "given", "high": 4.0},
        "inputs.signed": True,
        "adc.range": {"kind": "given", "low": -8.0, "high": 8.0},
    }
)
torch.manual_seed(0)
MATRIX, INPUTS = torch.randn(6, 64), torch.randn(64, 20)


@pytest.mark.parametrize(
    "settings",
    [{}, {"adc.range": "full"}, {"adc.kind": "none"}, {"inputs.range": "per-vector"}, {"inputs.signed": False}],
    ids=str,
)
def test_a_core_without_calibration_inputs_is_that_of_any(settings):
    design = STATED.with_settings(settings)
    found, known = AnalogCore(MATRIX, design), AnalogCore(MATRIX, design, calibration=INPUTS)
    assert found.calibration == known.calibration
    assert torch.equal(found @ INPUTS, known @ INPUTS)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"inputs.signed": "auto"}, "the sign of inputs"),
        ({"inputs.range": "percentile"}, "the range of inputs"),
        ({"adc.range": "calibrated"}, "the range of ADCs"),
    ],
    ids=str,
)
def test_what_inputs_would_decide_is_named(settings, named):
    design = STATED.with_settings(settings)
    with pytest.raises(CalibrationError, match=f"core 'core' has no calibration inputs, .* for {named}") as found:
        AnalogCore(MATRIX, design)
    assert str(found.value).count("state ") == 2  # the setting, and the remedy in general
    with pytest.raises(CalibrationError, match=f"layer '0' has no calibration inputs, .* for {named}"):
        convert(torch.nn.Sequential(torch.nn.Linear(8, 4)), design)


class Untraceable(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution, self.norm = torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.convolution(x)
        return self.norm(y) if bool(x.sum() < 1e9) else y


def test_a_network_without_calibration_inputs_is_that_of_any():
    network = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(48, 4)
    )
    network[1].running_var.fill_(3.0)
    images = torch.randn(5, 2, 6, 6)
    found, known = convert(network.eval(), STATED), convert(network, STATED, images)
    assert conversion_of(found).calibration.layers == conversion_of(known).calibration.layers
    assert conversion_of(found).folding.folded == (("0", "1"),)
    assert torch.equal(found(images), known(images))
    assert any("not compared with the float network" in note for note in conversion_of(found).notes)


def test_batch_norms_are_folded_unseen_only_where_the_graph_shows_them():
    found = conversion_of(convert(Untraceable().eval(), STATED))
    assert (found.folding.folded, found.folding.kept) == ((), ("norm",))
