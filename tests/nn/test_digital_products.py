"""Matrices that stay off the arrays are told."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, analog_layers, conversion_of, convert
from bitline.cost import gather_statistics
from bitline.errors import LeftOutWarning
from bitline.nn import AnalogLayer

X = torch.randn(16, 5, 8, generator=torch.Generator().manual_seed(0))


class Product(nn.Module):
    """y = x W + b, as some packages write linear layers."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight, self.bias = nn.Parameter(torch.randn(features, outputs)), nn.Parameter(torch.randn(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight).unflatten(0, x.shape[:-1])


Conv1D = type("Conv1D", (Product,), {"__module__": "transformers.pytorch_utils"})


def network(middle):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), middle, nn.ReLU(), nn.Linear(32, 2)).eval()


def test_weights_that_multiply_outside_of_arrays_are_named_with_their_share():
    with pytest.warns(LeftOutWarning, match="67 % of the weights that multiply stay digital: '2.weight'"):
        analog = convert(network(Product(8, 32)), "differential", X)
    assert any(
        "67 % of the weights that multiply stay digital: '2.weight'" in note for note in conversion_of(analog).notes
    )


def test_what_rules_keep_digital_is_no_surprise():
    design = Design.of("differential").with_settings({"layers": [{"match": "2", "digital": True}]})
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeftOutWarning)
        convert(network(nn.Linear(8, 32)), design, X)


def test_matrices_that_are_only_looked_up_are_no_products():
    words = nn.Sequential(nn.Embedding(1000, 8), nn.Linear(8, 2)).eval()
    notes = conversion_of(convert(words, "differential", torch.arange(32).reshape(4, 8))).notes
    assert not any("multiply" in note for note in notes)


def test_transposed_linear_layers_of_transformers_are_linear_layers():
    middle = Conv1D(8, 32)
    linear = nn.Linear(8, 32)
    linear.weight.data, linear.bias.data = middle.weight.data.T.contiguous(), middle.bias.data
    transposed, plain = (convert(network(each), "differential", X) for each in (middle, linear))
    layer = list(analog_layers(transposed))[1]
    assert isinstance(layer, AnalogLayer) and isinstance(layer, Conv1D) and layer.outputs == 32
    assert not any("digital" in note for note in conversion_of(transposed).notes)
    for layers in zip(analog_layers(transposed), analog_layers(plain), strict=True):
        assert layers[0].calibration == layers[1].calibration
        assert torch.equal(layers[0].cells().conductance, layers[1].cells().conductance)
    assert torch.equal(transposed(X), plain(X))
    transposed(X).sum().backward()  # gradients reach weights of this shape
    assert layer.weight.grad.shape == (8, 32)


def test_rules_know_transposed_linear_layers():
    rules = [{"match": "2", "set": {"adc.bits": 5}}]
    analog = convert(network(Conv1D(8, 32)), Design.of("differential").with_settings({"layers": rules}), X)
    assert [layer.design.adc.bits for layer in analog_layers(analog)] == [8, 5, 8]


class Experts(nn.Module):
    """Every sample's rows go to the expert that the sign of their first value chooses, as mixtures of experts do."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weights = nn.Parameter(torch.randn(2, 8, outputs))

    def forward(self, x):
        rows = x.reshape(-1, 8)
        expert = (rows[:, 0] > 0).long()
        order = expert.argsort()
        ends = torch.bincount(expert, minlength=2).cumsum(0).to(torch.int32)
        return functional.grouped_mm(rows[order], self.weights, offs=ends)[order.argsort()].unflatten(0, x.shape[:-1])


@pytest.mark.skipif(not hasattr(functional, "grouped_mm"), reason="a PyTorch without them")
def test_products_of_groups_are_products_of_weights():
    """Experts of transformers 5: neither the share nor the digital work knew of them."""
    model = network(Experts(32))
    try:
        model(X)
    except (RuntimeError, NotImplementedError) as error:
        pytest.skip(f"not on this processor: {error}")
    with pytest.warns(LeftOutWarning, match="80 % of the weights that multiply stay digital: '2.weights'"):
        digital = gather_statistics(model, "differential", X).digital
    assert digital.macs == 5 * 8 * 32
