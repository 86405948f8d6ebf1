"""Layers that cannot lie on arrays: refused with the reason, the remedy and all their names."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, analog_layers, convert, evaluate
from bitline.errors import CalibrationError, ConversionError

X = torch.rand(12, 8, generator=torch.Generator().manual_seed(0))
FINE = Design.load("ideal").with_settings(
    {"weights.bits": 12, "inputs.bits": 14, "inputs.range": {"kind": "percentile", "percentile": 100.0}}
)


class Twice(nn.Conv1d):
    """Two products with one matrix, which is not what a convolution does."""

    def forward(self, x):
        return super().forward(super().forward(functional.pad(x, (4, 0))))


class Turned(nn.Module):
    """Pairs of features turned by angles that are kept as complex numbers, as rotary positions of LLaMA are."""

    def __init__(self, precision=torch.complex64):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 3)
        self.angles = nn.Buffer(torch.polar(torch.ones(4), torch.arange(4.0)).to(precision))
        self.gain = nn.Parameter(torch.ones(4, dtype=precision))

    def forward(self, x):
        turned = torch.view_as_complex(self.first(x).unflatten(1, (4, 2))) * self.angles * self.gain
        return self.last(torch.view_as_real(turned).flatten(1))


def test_complex_numbers_outside_of_layers_are_digital():
    """The whole network was refused, with a remedy that nobody could follow."""
    network = Turned().eval()
    analog = convert(network, FINE, X)
    assert [layer.name for layer in analog_layers(analog)] == ["first", "last"]
    torch.testing.assert_close(analog(X), network(X), atol=2e-3, rtol=0)


def test_complex_numbers_are_measured_in_the_precision_of_the_others():
    network = Turned(torch.complex128).double().eval()
    labels = network(X.double()).argmax(1)
    assert evaluate(network, FINE, X, labels, X, chips=1).mean == 1
    assert network.angles.dtype == torch.complex128


class Magnitudes(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(8, 8, dtype=torch.complex64), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.first(x.to(torch.complex64)).abs())


def test_layers_of_complex_weights_are_refused_unless_they_are_digital():
    network = Magnitudes().eval()
    with pytest.raises(ConversionError, match=r"'first' is a Linear of complex weights \(torch.complex64\), which no"):
        convert(network, FINE, X)
    rule = {"layers": [{"match": "first", "digital": True}]}
    torch.testing.assert_close(convert(network, FINE.with_settings(rule), X)(X), network(X), atol=2e-3, rtol=0)


def test_all_layers_without_an_analog_form_are_named_at_once():
    network = nn.Sequential(Twice(2, 2, 3), nn.Linear(4, 4), nn.Sequential(Twice(2, 2, 3), nn.Bilinear(2, 2, 2)))
    with pytest.raises(ConversionError) as refused:
        convert(network, "ideal", X)
    assert str(refused.value) == (
        "layer '0' is a Twice, which has no analog form, as it computes something else than Conv1d (its own forward); "
        "nor have '2.0' (a Twice), '2.1' (a Bilinear): register a form of yours in ANALOG_LAYERS, or keep them "
        'digital with [[layers]] match = ["0", "2.0", "2.1"], digital = true'
    )


def test_layers_of_every_block_have_one_rule():
    blocks = [nn.Sequential(Twice(2, 2, 3), nn.Linear(4, 4)) for _ in range(3)]
    with pytest.raises(ConversionError, match=r'match = \["\*.0"\], digital = true'):
        convert(nn.Sequential(*blocks), "ideal", X)
    with pytest.raises(ConversionError, match=r'match = \["0.0", "1.0", "2.0"\], digital = true'):
        convert(nn.Sequential(*blocks, nn.Sequential(nn.Linear(4, 4))), "ideal", X)


def test_layers_that_round_their_weights_in_training_have_a_float_form():
    qat = pytest.importorskip("torch.ao.nn.qat")
    layer = nn.Linear(8, 4)
    layer.qconfig = torch.ao.quantization.get_default_qat_qconfig()
    with pytest.raises(
        ConversionError, match=r"as it rounds its weights at every call: give the float layer \(its to_f"
    ):
        convert(nn.Sequential(qat.Linear.from_float(layer), nn.Linear(4, 2)), "ideal", X)


class OutsideReads(nn.Module):
    """Blocks that compute with the weights of two of their layers themselves, of one of them as a layer does."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleDict({name: nn.Linear(8, 8) for name in ("seen", "mixed", "gate")}) for _ in range(3)
        )

    def forward(self, x):
        for block in self.blocks:
            x = block["seen"](x @ block["mixed"].weight) * functional.linear(x, block["gate"].weight)
        return x


def test_all_layers_whose_weights_are_read_outside_of_them_are_named_at_once():
    with pytest.raises(ConversionError) as refused:
        convert(OutsideReads(), "ideal", X)
    rule = 'keep them digital with [[layers]] match = ["blocks.*.mixed"], digital = true'
    assert "likewise with those of 2 more" in str(refused.value) and str(refused.value).endswith(rule)


class Rare(nn.Module):
    """Heads, one of which only inputs above a threshold reach, and one none."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.heads = nn.Linear(8, 8), nn.ModuleList(nn.Linear(8, 3) for _ in range(3))

    def forward(self, x):
        return self.heads[0 if x.max() < 2 else 1](self.body(x))


def test_layers_that_no_calibration_input_reaches_are_named_with_both_remedies():
    network = Rare().eval()
    with pytest.raises(CalibrationError) as refused:
        convert(network, "ideal", X)
    assert str(refused.value) == (
        "layer 'heads.1' saw no calibration input, nor did 1 more, among them 'heads.2': give more calibration inputs, "
        "some of which reach them; where none ever does, keep them digital with "
        '[[layers]] match = ["heads.1", "heads.2"], digital = true'
    )
    rule = {"layers": [{"match": "heads.2", "digital": True}]}
    convert(network, Design.load("ideal").with_settings(rule), torch.cat([X, X + 3]))
