"""Analog layers of users: their matrices are what they compute."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, convert
from bitline.errors import ConversionError
from bitline.nn import ANALOG_LAYERS, AnalogConv2d, AnalogLinear

DESIGN = Design.load("differential").with_settings({"cell.device": "none"})
INPUTS = torch.linspace(0, 1, 60 * 8).reshape(60, 8)


def three_times(layer, inputs):
    return functional.linear(inputs, 3 * layer.weight, layer.bias)


def own(monkeypatch, **members):
    """A network with a layer whose analog form has these members."""

    class Scaled(nn.Linear):
        forward = three_times

    form = type("AnalogScaled", (AnalogLinear, Scaled), {"float_type": Scaled, **members})
    monkeypatch.setitem(ANALOG_LAYERS, Scaled, form)
    torch.manual_seed(0)
    return nn.Sequential(Scaled(8, 16), nn.ReLU(), nn.Linear(16, 3))


def test_a_matrix_that_the_layer_computes_with_is_converted(monkeypatch):
    network = own(monkeypatch, matrix=property(lambda self: 3 * self.weight), float_forward=three_times)
    analog = convert(network, DESIGN, INPUTS)
    assert float((analog(INPUTS) - network(INPUTS)).detach().std()) < 0.005


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (None, "AnalogScaled.matrix does not give what AnalogScaled.float_forward computes"),
        (lambda self: 2 * self.weight, "matrix does not give"),
        (lambda self: 3 * self.weight[:1], r"its matrix has 1 outputs, but its bias is \(16,\)"),
    ],
    ids=["forgotten", "another", "short"],
)
def test_a_matrix_that_is_not_what_the_layer_computes_is_refused(monkeypatch, matrix, words):
    """The arrays held W, the float layer 3 W: 70 times the error, without a word."""
    members = {"float_forward": three_times} | ({} if matrix is None else {"matrix": property(matrix)})
    with pytest.raises(ConversionError, match=rf"layer '0': .*{words}"):
        convert(own(monkeypatch, **members), DESIGN, INPUTS)


def test_a_matrix_of_another_shape_is_refused(monkeypatch):
    """It was PyTorch's error of a shape that is invalid."""
    network = own(monkeypatch, matrix=property(lambda self: 3 * self.weight[:1]), float_forward=three_times)
    network[0].bias = None
    with pytest.raises(ConversionError, match=r"AnalogScaled.matrix is \(1, 8\), but the layer has 16 outputs and 8 "):
        convert(network, DESIGN, INPUTS)


def test_convolutions_with_groups_and_strides_are_compared_on_the_way_of_their_chip(monkeypatch):
    class Twice(nn.Conv2d):
        def forward(self, input):
            return 2 * functional.conv2d(input, self.weight, self.bias, self.stride, self.padding, groups=self.groups)

    class AnalogTwice(AnalogConv2d, Twice):
        float_type = Twice

        @property
        def matrix(self):
            return 2 * self.weight.flatten(1)

        def restore(self, outputs, inputs):
            return super().restore(outputs + self.bias[:, None, None], inputs)

        def float_forward(self, inputs):
            return Twice.forward(self, inputs)

    monkeypatch.setitem(ANALOG_LAYERS, Twice, AnalogTwice)
    network = nn.Sequential(Twice(4, 6, 3, stride=2, padding=1, groups=2))
    images = torch.rand(8, 4, 9, 9)
    analog = convert(network, DESIGN, images)
    assert float((analog(images) - network(images)).detach().std()) < 0.02
    monkeypatch.setattr(AnalogTwice, "restore", AnalogConv2d.restore)  # one bias instead of two
    with pytest.raises(ConversionError, match=r"AnalogTwice.matrix does not give"):
        convert(network, DESIGN, images)
