"""Modules that multiply with the weights of layers themselves: the layers are called, and lie on arrays."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, conversion_of, convert, evaluate
from bitline.cost import gather_statistics, network_cost
from bitline.errors import ConversionError
from bitline.nn import record
from bitline.nn.calibration_file import load_calibration, save_calibration
from bitline.nn.record_bytes import pack_record, unpack_record

X = torch.rand(12, 5, 8, generator=torch.Generator().manual_seed(0))
FINE = Design.load("ideal").with_settings(
    {"weights.bits": 12, "inputs.bits": 14, "inputs.range": {"kind": "percentile", "percentile": 100.0}}
)


class Attention(nn.Module):
    """Attention with a bias of its own, as in Swin transformers V2, BEiT and EVA, and a convolution over tokens."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out, self.mix = nn.Linear(8, 24), nn.Linear(8, 8, bias=False), nn.Conv1d(5, 5, 3, padding=1)
        self.shift = nn.Parameter(torch.rand(8))

    def forward(self, x):
        bias = self.qkv.bias.clone()
        bias[8:16].zero_()  # keys have none
        q, k, v = functional.linear(x, self.qkv.weight, bias).chunk(3, -1)
        attended = functional.scaled_dot_product_attention(q, k, v)
        outputs = functional.linear(input=attended, weight=self.out.weight, bias=self.shift)
        return functional.conv1d(outputs, self.mix.weight, None, padding=1)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(Attention(), nn.ReLU(), Attention(), nn.Flatten(), nn.Linear(40, 3)).eval()


LAYERS = (*(f"{block}.{name}" for block in (0, 2) for name in ("qkv", "out", "mix")), "4")


def test_the_layers_lie_on_arrays(network):
    analog = convert(network, FINE, X)
    assert conversion_of(analog).analog == LAYERS
    torch.testing.assert_close(analog(X), network(X), atol=1e-3, rtol=0)
    assert not any("multiply" in note and "qkv" in note for note in conversion_of(analog).notes)


def test_copies_files_and_compiled_networks_compute_the_same(network):
    analog, file = convert(network, "differential", X), io.BytesIO()
    torch.save(analog, file)
    file.seek(0)
    for again in (copy.deepcopy(analog), torch.load(file, weights_only=False), torch.compile(analog)):
        assert torch.equal(again(X), analog(X))
    alone = copy.deepcopy(analog[0])  # which is told of no passes
    assert torch.equal(alone(X), analog[0](X))


def test_gradients_reach_the_bias_of_the_module(network):
    analog = convert(network, FINE, X)
    for each in (network, analog):
        each(0.7 * X).square().sum().backward()
    for name in ("0.shift", "0.qkv.weight", "2.qkv.bias"):
        got, wanted = (each.get_parameter(name).grad for each in (analog, network))
        assert (got - wanted).norm() < 0.02 * wanted.norm()


def test_calibrations_and_records_know_of_them(network, tmp_path):
    analog = convert(network, "differential", X)
    known, seen = conversion_of(analog).calibration, record(network, "differential", X)
    save_calibration(tmp_path / "known.json", known, network, "differential", X)
    read = load_calibration(tmp_path / "known.json", network, "differential", X)
    assert read == known and read.lent[0] == ("0", "0.qkv", "layer")
    for what in (known, read, seen, unpack_record(pack_record(seen))):
        assert torch.equal(convert(network, "differential", what)(X), analog(X))


def test_results_and_costs_count_their_layers(network):
    labels = network(X).argmax(1)
    result = evaluate(network, FINE, X, labels, X, chips=1)
    assert result.mean == 1 and tuple(layer.name for layer in result.layers) == LAYERS
    cost = network_cost(gather_statistics(network, "sonos-a", X), "sonos-a")
    assert {layer.name for layer in cost.layers} >= set(LAYERS)


def test_rules_keep_them_digital(network):
    design = FINE.with_settings({"layers": [{"match": "*.qkv", "digital": True}]})
    analog = convert(network, design, X)
    assert conversion_of(analog).analog == tuple(name for name in LAYERS if "qkv" not in name)
    torch.testing.assert_close(analog(X), network(X), atol=1e-3, rtol=0)


class Scan(nn.Module):
    """Products as Mamba has them: the weights of a convolution without an axis, and factors on either side."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.mix = nn.Conv1d(8, 8, 3, groups=8, padding=2)
        self.step, self.out = nn.Linear(8, 6), nn.Linear(6, 6, bias=False)

    def forward(self, x):
        weight = self.mix.weight.squeeze(1)
        mixed = functional.conv1d(x.mT, weight=weight.unsqueeze(1), bias=self.mix.bias, padding=2, groups=8)[..., :5]
        steps = functional.softplus(self.step.weight @ mixed + self.step.bias[:, None])
        return torch.matmul(steps.mT, self.out.weight.T)


def test_views_and_transposed_weights_are_those_of_the_layer():
    network = Scan().eval()
    analog = convert(network, FINE, X)
    assert conversion_of(analog).analog == ("mix", "step", "out")
    torch.testing.assert_close(analog(X), network(X), atol=1e-3, rtol=0)
    assert torch.equal(copy.deepcopy(analog)(X), analog(X)) and torch.equal(torch.compile(analog)(X), analog(X))
    exact, noisy = (FINE, FINE.with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.1}}))
    for name in ("mix", "step", "out"):
        rule = [{"match": other, "digital": True} for other in ("mix", "step", "out") if other != name]
        changed = convert(network, noisy.with_settings({"layers": rule}), X)(X) - network(X)
        assert changed.abs().max() > 10 * (convert(network, exact, X)(X) - network(X)).abs().max()


class Graph(nn.Module):
    """A graph convolution: a sparse matrix that is nobody's weight, and a layer whose weights are read."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.last = nn.Linear(8, 6), nn.Linear(6, 2)
        self.edges = nn.Buffer((torch.rand(5, 5) > 0.5).float().to_sparse())

    def forward(self, x):
        nodes = functional.linear(x, self.layer.weight)
        return self.last(torch.stack([self.edges @ graph for graph in nodes]).relu())


def test_sparse_factors_are_nobodys_weights():
    network = Graph().eval()
    analog = convert(network, FINE, X)
    assert conversion_of(analog).analog == ("layer", "last")
    torch.testing.assert_close(analog(X), network(X), atol=2e-3, rtol=0)


class Both(nn.Module):
    """A layer that is called, and whose weights are read, too."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x) + functional.linear(x, self.layer.weight)


class Otherwise(nn.Module):
    """A convolution with other steps than its layer has."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Conv1d(5, 5, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.last(functional.conv1d(x, self.layer.weight, stride=2))


class Turned(nn.Module):
    """A product with the columns of a square matrix, which is not that of its layer."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.last(x @ self.layer.weight)


@pytest.mark.parametrize("module", [Both(), Otherwise(), Turned()])
def test_other_products_with_the_weights_of_a_layer_are_refused(module):
    with pytest.raises(ConversionError, match="computes with the weights of layer 'layer' outside of it"):
        convert(module.eval(), "ideal", X)
