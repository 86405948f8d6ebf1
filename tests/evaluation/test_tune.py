"""Settings chosen by layer are those with the least error behind the ADC, and the design says which."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from bitline import Design, convert
from bitline.errors import ConversionError
from bitline.evaluation.remedies import KNOBS, Knob, tune
from bitline.nn import analog_layers, computing

SCALES = (Knob("weights.scale", ("layer", "channel")),)


def network() -> nn.Module:
    """Two layers: of the first one output channel is tiny, of the second none."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 12), nn.ReLU(), nn.Linear(12, 4))
    with torch.no_grad():
        model[0].weight[1:] *= 1e-3
        model[0].bias.zero_()
        model[2].weight[:, 0] = 0  # the layer after it sees only the small channels
        model[2].weight *= 1e3
    return model


def inputs() -> torch.Tensor:
    return torch.rand(32, 30, generator=torch.Generator().manual_seed(1))


def ratios(model, design, images) -> dict[str, float]:
    """Signal over error of each layer by its definition: all outputs in memory, in float64."""
    analog, found = convert(model, design, images), {}

    def compare(layer, x):
        exact, seen = layer.float_forward(x), layer.compute(x)
        error = (seen.double() - exact.double()).square().sum()
        found[layer.name] = 10 * math.log10(exact.double().square().sum() / error)
        return exact

    with torch.no_grad(), computing(analog, compare):
        analog(images)
    return found


def test_each_layer_has_the_value_with_the_least_error():
    model, images, design = network(), inputs(), Design.load("ideal")
    tuning = tune(model, design, images, knobs=SCALES)
    by_value = {value: design.with_settings({"weights.scale": value}) for value in SCALES[0].values}
    found = {value: ratios(model, changed, images) for value, changed in by_value.items()}
    for layer in tuning.layers:
        assert layer.before_db == pytest.approx(found["layer"][layer.name], abs=1e-6)
        assert layer.after_db == pytest.approx(max(other[layer.name] for other in found.values()), abs=0.11)
        chosen = layer.settings.get("weights.scale", "layer")
        assert layer.after_db == pytest.approx(found[chosen][layer.name], abs=1e-6)


def test_the_design_alone_gives_what_was_found():
    model, images = network(), inputs()
    design = Design.load("differential").with_settings({"cell.device": "none"})
    tuning = tune(model, design, images, knobs=SCALES)
    again = ratios(model, tuning.design, images)
    assert again == pytest.approx({layer.name: layer.after_db for layer in tuning.layers}, abs=1e-6)


def test_small_channels_are_heard_with_a_scale_of_their_own():
    model, images = network(), inputs()
    plain = Design.load("ideal")
    tuned = tune(model, plain, images, knobs=SCALES).design
    with torch.no_grad():
        exact = model(images)
        before, after = ((convert(model, design, images)(images) - exact).norm() for design in (plain, tuned))
    assert after < before / 3


def test_knobs_follow_one_another_and_rules_of_the_design_stay():
    model, images = network(), inputs()
    design = Design.from_toml('[[layers]]\nmatch = "0"\nset = { "adc.bits" = 6, "weights.percentile" = 99.5 }\n')
    tuning = tune(model, design, images)
    assert set(tuning.gains) == {knob.setting for knob in KNOBS}
    assert all(gain >= 0 for gain in tuning.gains.values())
    assert tuning.design.for_layer("0").adc.bits == 6
    assert Design.from_toml(tuning.design.to_toml()) == tuning.design
    kept = [layer.name for layer in analog_layers(convert(model, tuning.design, images))]
    assert kept == [layer.name for layer in tuning.layers]


def test_a_knob_that_a_design_does_not_have_is_left_out():
    tuning = tune(network(), "ideal", inputs(), knobs=(Knob("adc.range.percentile", (99.0, 100.0)),))
    assert not tuning.gains
    assert tuning.design == Design.load("ideal")


def test_ratios_read_as_those_of_a_run():
    model = network()
    with torch.no_grad():
        model[0].bias -= 1e3  # nothing is left behind the ReLU
        model[2].bias.zero_()
    tuning = tune(model, "ideal", inputs(), knobs=SCALES)
    assert math.isnan(tuning.layers[1].before_db) and math.isfinite(tuning.gains["weights.scale"])
    exact = replace(tuning, layers=(replace(tuning.layers[1], after_db=math.inf),))
    assert str(exact).splitlines()[-2].split() == ["2", "exact", "as", "it", "was"]


def test_layers_that_stay_digital_choose_nothing():
    design = Design.load("differential").with_settings({"layers": [{"match": "0", "digital": True}]})
    tuning = tune(network(), design, inputs(), knobs=(Knob("weights.percentile", (99.0, 100.0)),), chips=2)
    assert [layer.name for layer in tuning.layers] == ["2"]
    assert tuning.design.for_layer("0") is None


def test_what_cannot_be_converted_is_refused():
    with pytest.raises(ConversionError, match="has no layer to put on arrays"):
        tune(nn.ReLU(), "ideal", torch.rand(4, 3))


@pytest.mark.parametrize(
    "rule",
    [
        {"adc.range": "full"},
        {"adc": "none"},
        {"adc.range": {"kind": "given", "high": 8.0}},
        {"inputs.range": "per-vector"},
        {"weights.bits": "float"},
    ],
    ids=str,
)
def test_a_layer_leaves_out_what_its_own_rule_makes_impossible(rule):
    """A rule without a range to choose made `tune` fail, with a message about a key that nobody had written."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 12), nn.Tanh(), nn.Linear(12, 4))
    device = {"kind": "state-independent", "alpha": 0.02}
    settings = {"cell.device": device, "adc.bits": 6, "layers": [{"match": "2", "set": rule}]}
    design = Design.load("differential").with_settings(settings)
    found = tune(network, design, torch.randn(16, 8))
    for layer in found.layers:
        before, after = design.for_layer(layer.name), found.design.for_layer(layer.name)
        assert (before == after) == (not layer.settings), "what is told of a layer differs from the design"
    assert {layer.name for layer in found.layers} == {"0", "2"}
