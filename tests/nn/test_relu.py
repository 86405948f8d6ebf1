"""ADC ranges of layers that a ReLU follows."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, convert
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
