"""ADC ranges of layers that a ReLU follows."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, conversion_of, convert
from bitline.errors import CalibrationError
from bitline.nn import analog_layers
from bitline.nn._relu import followed_by_relu


class Relus(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Linear(16, 16) for _ in range(3))
        self.nothing, self.relu = nn.Identity(), nn.ReLU()

    def forward(self, x):
        x = self.relu(self.nothing(self.first(x)))
        y = self.second(x)
        return torch.relu(y + x) + self.third(x).relu()


def test_relus_are_found_behind_identities_but_not_behind_sums():
    assert followed_by_relu(Relus(), ["first", "second", "third"]) == {"first", "third"}


def test_ranges_above_the_relu_halve_the_error():
    torch.manual_seed(0)
    network, images = Relus().eval(), torch.rand(256, 16)
    base = Design().with_settings({"adc.bits": 4, "adc.range.percentile": 100})
    layers = {}
    for aware in (False, True):
        analog = convert(network, base.with_settings({"adc.range.relu_aware": aware}), images)
        layers[aware] = {one.name: one for one in analog_layers(analog)}
    steps = {aware: {n: one.calibration.levels.step[0] for n, one in layers[aware].items()} for aware in layers}
    assert steps[True]["first"] < 0.8 * steps[False]["first"]
    assert steps[True]["second"] == steps[False]["second"]
    exact = network.first(images).relu()
    errors = [
        float((layers[aware]["first"](images).relu() - exact).detach().square().mean()) for aware in (False, True)
    ]
    assert errors[1] < 0.7 * errors[0]


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x) if x.sum() > 0 else self.layer(-x)


def test_networks_whose_graph_is_unknown_are_refused():
    with pytest.raises(CalibrationError, match="relu_aware"):
        convert(Branching(), Design().with_settings({"adc.range.relu_aware": True}), torch.rand(4, 4))


def levels_of(network: nn.Module, images: torch.Tensor, **changes):
    design = Design().with_settings({"cell.device": "none", "adc.bits": 6, "adc.range.percentile": 100, **changes})
    return analog_layers_by_name(convert(network, design, images))["0"].calibration.levels


def analog_layers_by_name(network: nn.Module):
    return {layer.name: layer for layer in analog_layers(network)}


DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.AlphaDropout, nn.FeatureAlphaDropout)


@pytest.mark.parametrize("between", [(), *((kind(0.5), nn.Identity()) for kind in DROPOUTS)])
@pytest.mark.parametrize("bias", [False, True])
def test_ranges_begin_where_the_relu_does(bias, between):
    """The floor is the signal whose output is 0: at 0 without a bias. Dropout is the identity in evaluation."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(20, 6, bias=bias), *between, nn.ReLU(), nn.Linear(6, 3)).eval()
    images = torch.randn(300, 20)
    plain, aware = (levels_of(network, images, **{"adc.range.relu_aware": each}) for each in (False, True))
    assert float(aware.steps().max()) < 0.65 * float(plain.steps().max())
    if not bias:
        assert float(aware.limits()[0].min()) >= -1  # a level for zero, and at most one below


@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_centred_ranges_begin_where_the_relu_does(offset):
    """The floor is that of signals, and not of what is left when their mean is taken away."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(20, 6, bias=False), nn.ReLU(), nn.Linear(6, 3)).eval()
    with torch.no_grad():
        network[0].weight.abs_()
    images = torch.randn(300, 20) + offset
    design = {"adc.centred": True, "adc.range.relu_aware": True}
    plain, aware = levels_of(network, images, **{"adc.centred": True}), levels_of(network, images, **design)
    ratio = float(aware.steps().max()) / float(plain.steps().max())
    assert ratio == pytest.approx(1.0) if offset else ratio < 0.8


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({}, False),
        ({"weights.kind": "two-sided"}, False),
        ({"weights.bits_per_cell": 2, "weights.accumulation": "analog"}, False),
        ({"weights.bits_per_cell": 2}, True),
        ({"weights.subtraction": "digital"}, True),
        ({"weights.kind": "offset"}, True),
        ({"weights.kind": "polarised"}, True),
        ({"array.rows": 2}, True),
        ({"inputs.accumulation": "digital"}, True),
    ],
)
def test_a_note_says_where_no_layer_can_use_it(changes, idle):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(20, 6), nn.ReLU(), nn.Linear(6, 3)).eval()
    design = Design().with_settings({"cell.device": "none", "adc.range.relu_aware": True, **changes})
    remarks = conversion_of(convert(network, design, torch.rand(50, 20))).remarks
    assert any("in no layer is an output one conversion" in remark for remark in remarks) == idle
