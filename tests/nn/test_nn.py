"""Converted networks are ordinary PyTorch modules with the errors of their chip."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from hypothesis import given, settings
from strategies import designs
from torch import nn
from torch.nn import functional

from bitline import Calibration, Design, analog_layers, conversion_of, convert, program
from bitline.design import views
from bitline.errors import CalibrationError, ConversionError, DataError
from bitline.nn import AnalogConv1d, AnalogConv2d, AnalogLinear, record

FINE = Design().with_settings(
    {"weights.bits": 12, "inputs.bits": 12, "adc": "none", "inputs.range": {"percentile": 100.0}}
)
"""So fine that a layer must agree with its float original."""
ADC = {"kind": "uniform", "bits": 24, "range": {"percentile": 100.0}}
NOISY = Design.load("differential")


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def small_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5)
    ).eval()


LAYERS = {
    "plain": (nn.Conv2d(4, 6, 3), (4, 9, 10)),
    "strided": (nn.Conv2d(4, 6, 3, stride=(2, 1), padding=(1, 0)), (4, 9, 10)),
    "same": (nn.Conv2d(4, 6, (3, 4), padding="same", dilation=(1, 2)), (4, 9, 10)),
    "valid": (nn.Conv2d(4, 6, 3, padding="valid"), (4, 9, 10)),
    "dilated": (nn.Conv2d(4, 6, 3, dilation=2, padding=2), (4, 9, 10)),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2), (4, 9, 10)),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4, bias=False), (4, 9, 10)),
    "reflected": (nn.Conv2d(4, 6, 3, padding=(1, 2), padding_mode="reflect"), (4, 9, 10)),
    "circular same": (nn.Conv2d(4, 6, (3, 4), padding="same", padding_mode="circular"), (4, 9, 10)),
    "one by one": (nn.Conv2d(4, 6, 1), (4, 9, 10)),
    "one-dimensional": (nn.Conv1d(4, 6, 5, stride=2, padding=2), (4, 21)),
    "one-dimensional grouped": (nn.Conv1d(4, 6, 5, groups=2), (4, 21)),
    "linear": (nn.Linear(7, 4), (7,)),
    "linear on sequences": (nn.Linear(7, 4, bias=False), (3, 7)),
}


@pytest.mark.parametrize("mapping", ["differential", "offset"])
@pytest.mark.parametrize("rows", [1152, 8])
@pytest.mark.parametrize("case", LAYERS)
def test_a_fine_analog_layer_computes_what_the_float_layer_computes(case, rows, mapping):
    layer, shape = LAYERS[case]
    x = images(5, *shape)
    design = FINE.with_settings({"array.rows": rows, "weights.kind": mapping, "adc": ADC})
    analog = convert(nn.Sequential(layer), design, x)
    with torch.no_grad():
        expected = layer(x)
        torch.testing.assert_close(analog(x), expected, rtol=0, atol=0.01 * float(expected.abs().max()))


def test_unbatched_images_work():
    layer = nn.Conv2d(4, 6, 3)
    x = images(2, 4, 6, 6)
    analog = convert(nn.Sequential(layer), FINE, x)
    with torch.no_grad():
        torch.testing.assert_close(analog(x[0]), analog(x)[0])


def test_the_original_stays_untouched_and_the_type_stays():
    network = small_network()
    before = copy.deepcopy(network.state_dict())
    analog = convert(network, NOISY, images(20, 3, 6, 6))
    assert isinstance(analog, nn.Sequential)
    assert [type(one) for one in analog_layers(analog)] == [AnalogConv2d, AnalogLinear]
    assert isinstance(network[1], nn.BatchNorm2d)
    assert isinstance(analog[1], nn.Identity)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_the_conversion_is_recorded():
    analog = convert(small_network(), NOISY, images(20, 3, 6, 6))
    record = conversion_of(analog)
    assert record.analog == ("0", "4")
    assert record.folding.folded == (("0", "1"),)
    assert set(record.calibration.layers) == {"0", "4"}
    with pytest.raises(ConversionError, match="not a converted network"):
        conversion_of(small_network())


def test_results_do_not_depend_on_the_batch_and_depend_on_the_chip():
    x = images(12, 3, 6, 6)
    analog = convert(small_network(), NOISY, x)
    with torch.no_grad():
        whole = analog(x)
        torch.testing.assert_close(torch.cat([analog(part) for part in x.split(5)]), whole, rtol=0, atol=1e-5)
        other = program(analog, chip=1)(x)
        assert not torch.allclose(whole, other, atol=1e-3)
        torch.testing.assert_close(program(analog, chip=0)(x), whole, rtol=0, atol=0)


def test_calibration_does_not_depend_on_batches_or_repeats():
    x = images(120, 3, 6, 6)
    once = conversion_of(convert(small_network(), NOISY, x)).calibration
    twice = conversion_of(convert(small_network(), NOISY, x.flip(0))).calibration
    for name, layer in once.layers.items():
        assert twice.layers[name].inputs.step == pytest.approx(layer.inputs.step, rel=1e-6)
        assert twice.layers[name].levels.step == pytest.approx(layer.levels.step, rel=1e-4)


def test_a_calibration_is_used_again():
    x = images(20, 3, 6, 6)
    first = convert(small_network(), NOISY, x)
    second = convert(small_network(), NOISY, conversion_of(first).calibration)
    with torch.no_grad():
        assert torch.equal(first(x), second(x))


@given(design=designs(adc=True), other=designs())
@settings(max_examples=25, deadline=None)
def test_designs_that_see_the_same_are_calibrated_alike(design, other):
    cell = {name: other.model_dump()["cell"][name] for name in ("device", "clip")}
    changed = design.with_settings({"cell": cell, "adc.bits": design.adc.bits + 1})
    assert views.record(changed) == views.record(design)
    model, calibration = small_network(), images(5, 3, 6, 6)
    shared = record(model, design, calibration)
    again, own = convert(model, changed, shared), convert(model, changed, calibration)
    for name, one in conversion_of(own).calibration.layers.items():
        other_one = conversion_of(again).calibration.layers[name]
        assert other_one.inputs == one.inputs
        assert other_one.levels.step == one.levels.step
    assert views.record(design.with_settings({"inputs.range.percentile": 98.0})) != views.record(design)
    if design.adc.range.needs_calibration:
        assert views.record(design.with_settings({"cell.on_off_ratio": 3.0})) != views.record(design)


def test_state_dict_copies_and_files_keep_the_chip():
    x = images(20, 3, 6, 6)
    analog = program(convert(small_network(), NOISY, x), chip=3)
    other = convert(small_network(), NOISY, images(20, 3, 6, 6, seed=1))
    with torch.no_grad():
        expected = analog(x)
        assert torch.equal(copy.deepcopy(analog)(x), expected)
        other.load_state_dict(analog.state_dict())
        assert torch.equal(other(x), expected)
        file = io.BytesIO()
        torch.save(analog, file)
        assert file.tell() < 60_000
        file.seek(0)
        assert torch.equal(torch.load(file, weights_only=False)(x), expected)
        weights = io.BytesIO()
        torch.save(analog.state_dict(), weights)
        weights.seek(0)
        other.load_state_dict(torch.load(weights, weights_only=True))
        assert torch.equal(other(x), expected)


def test_double_precision_networks_compute_in_double_precision():
    x = images(6, 3, 6, 6).double()
    network = small_network().double()
    analog = convert(network, FINE, x)
    with torch.no_grad():
        result = analog(x)
    assert result.dtype == torch.float64


def test_gradients_pass_straight_through():
    layer = nn.Linear(6, 3)
    x = images(10, 6).requires_grad_()
    analog = convert(nn.Sequential(layer), NOISY.with_settings({"inputs.range": {"percentile": 100.0}}), x.detach())
    analog(x).sum().backward()
    plain = x.detach().clone().requires_grad_()
    layer(plain).sum().backward()
    torch.testing.assert_close(x.grad, plain.grad)
    torch.testing.assert_close(analog[0].weight.grad, layer.weight.grad)
    torch.testing.assert_close(analog[0].bias.grad, layer.bias.grad)


def test_fine_tuning_changes_the_cells_and_lowers_the_loss():
    torch.manual_seed(0)
    x, wanted = images(64, 3, 6, 6), torch.randint(5, (64,))
    analog = convert(small_network(), NOISY.with_settings({"cell.device.alpha": 0.2}), x)
    optimiser = torch.optim.SGD(analog.parameters(), 0.05)
    losses = []
    for _ in range(25):
        loss = functional.cross_entropy(analog(x), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_rules_keep_layers_digital_or_change_their_design():
    design = NOISY.with_settings({"adc.bits": 3})
    rules = design.with_settings(
        {"layers": [{"match": "0", "digital": True}, {"match": "4", "set": {"adc": {"bits": 9}}}]}
    )
    analog = convert(small_network(), rules, images(20, 3, 6, 6))
    assert type(analog[0]) is nn.Conv2d
    assert analog[4].design.adc.bits == 9
    assert ("0", "Conv2d") in conversion_of(analog).digital


def test_layers_without_an_analog_form_are_refused_by_name():
    with pytest.raises(ConversionError, match=r"'odd' is a Bilinear.*digital = true"):
        convert(Named(nn.Bilinear(6, 6, 4)), NOISY, images(2, 6))


class Named(nn.Module):
    def __init__(self, odd: nn.Module) -> None:
        super().__init__()
        self.odd = odd
        self.fc = nn.Linear(6, 2)


def poisoned(value: float) -> nn.Sequential:
    network = small_network()
    with torch.no_grad():
        network[4].weight[0, 0] = value
    return network


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(value):
    with pytest.raises(ConversionError, match=r"'4' has NaN or infinite weights"):
        convert(poisoned(value), NOISY, images(2, 3, 6, 6))


def test_zero_weights_are_refused_by_name():
    network = small_network()
    nn.init.zeros_(network[4].weight)
    with pytest.raises(ConversionError, match=r"'4' has only zero weights.*digital = true"):
        convert(network, NOISY, images(2, 3, 6, 6))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_inputs_that_are_not_finite_are_refused(value):
    x = images(4, 3, 6, 6)
    analog = convert(small_network(), NOISY, x)
    bad = x.clone()
    bad[1, 2, 3, 4] = value
    with torch.no_grad(), pytest.raises(DataError, match="NaN or infinite"):
        analog(bad)
    with pytest.raises(CalibrationError, match="NaN or infinite"):
        convert(small_network(), NOISY, bad)


def test_calibration_needs_images_and_the_same_network():
    with pytest.raises(CalibrationError, match="no calibration images"):
        convert(small_network(), NOISY, images(0, 3, 6, 6))
    with pytest.raises(CalibrationError, match="knows nothing of layer"):
        convert(small_network(), NOISY, Calibration({}))


def test_wrong_channels_are_refused_by_name():
    analog = convert(small_network(), NOISY, images(4, 3, 6, 6))
    with pytest.raises(ConversionError, match=r"'0' takes 3 input channels"):
        analog(images(4, 2, 6, 6))


def test_networks_without_matrix_layers_are_refused():
    with pytest.raises(ConversionError, match="no layer to put on arrays"):
        convert(nn.Sequential(nn.ReLU()), NOISY, images(2, 3))


def test_one_dimensional_form_is_its_own_type():
    analog = convert(nn.Sequential(nn.Conv1d(2, 3, 3)), NOISY, images(4, 2, 8))
    assert type(analog[0]) is AnalogConv1d


def test_a_conversion_is_shown_by_layer():
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    for layer in (network[0], network[2]):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    record = conversion_of(convert(network, "differential", torch.linspace(-1, 1, 64).reshape(16, 4)))
    assert str(record) == (
        "differential, chip 0 of seed 0: 2 analog layers\n"
        "layer         inputs  input step    ADC codes\n"
        "0      sign + 7 bits     0.00787  -127 to 128\n"
        "2             8 bits     0.00392     0 to 255"
    )


def test_parameters_beside_analog_layers_are_named_themselves():
    """Not their owner, which would read as if all of it stayed digital."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.scale = nn.Linear(4, 4), nn.Parameter(torch.ones(4))

        def forward(self, x):
            return self.fc(x) * self.scale

    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.pos, self.block, self.norm = nn.Parameter(torch.rand(4)), Block(), nn.LayerNorm(4)

        def forward(self, x):
            return self.norm(self.block(x + self.pos))

    found = conversion_of(convert(Positions().eval(), "differential", torch.rand(8, 4)))
    assert set(found.notes) >= {
        "parameter 'pos' of the network itself stays digital",
        "parameter 'block.scale' stays digital",
        "norm (LayerNorm) stays digital",
    }
    assert not any("Positions" in note or "Block" in note for note in found.notes)
