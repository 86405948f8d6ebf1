"""A compiled network computes what it computes otherwise, and reads its arrays as often."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, convert, evaluate
from bitline.errors import ConversionError

NOISY = Design.load("differential").with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 0.02}})


class Tagger(nn.Module):
    """An LSTM with a layer before it and a layer behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.lstm, self.head = nn.Linear(6, 5), nn.LSTM(5, 7), nn.Linear(7, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embed(x).relu())[0])


NETWORKS = {
    "image": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)), (3, 6, 6)),
    "sequence": (Tagger, (4, 6)),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_compiled_networks_have_the_same_bits(kind):
    torch.manual_seed(0)
    make, shape = NETWORKS[kind]
    network, x = make().eval(), torch.randn(6, *shape)
    plain, other = (convert(network, NOISY, x) for _ in range(2))
    compiled = torch.compile(other, backend="eager")
    with torch.no_grad():
        for part in (x, x[:2]):
            assert torch.equal(compiled(part), plain(part))
    outputs = [each(x) for each in (compiled, plain)]
    assert torch.equal(*outputs)
    for each in outputs:
        each.square().sum().backward()
    for weight, wanted in zip(other.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, wanted.grad)
    assert [layer.reads for layer in analog_layers(other)] == [layer.reads for layer in analog_layers(plain)]


def test_analog_networks_do_not_import_the_compiler():
    code = """
import sys, torch, bitline
bitline.convert(torch.nn.Linear(3, 2), "differential", torch.rand(8, 3))(torch.rand(2, 3)).sum().backward()
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_graph_of_a_whole_network_is_refused_by_name():
    analog = convert(nn.Linear(3, 2), NOISY, torch.rand(8, 3))
    with pytest.raises(ConversionError, match="'linear' cannot be traced or exported"):
        torch.export.export(analog, (torch.rand(8, 3),))


class PartlyCompiled(nn.Module):
    """A network with a part that was compiled, as those with hot inner blocks have."""

    def __init__(self):
        super().__init__()
        self.part = torch.compile(nn.Sequential(nn.Linear(6, 8), nn.ReLU()), backend="eager")
        self.end = nn.Linear(8, 3)

    def forward(self, x):
        return self.end(self.part(x))


def compiled_in_place():
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    network.compile(backend="eager")
    return network


COMPILED = {
    "whole": lambda: torch.compile(nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3)).eval(), backend="eager"),
    "in place": compiled_in_place,
    "part": lambda: PartlyCompiled().eval(),
}


@pytest.mark.parametrize("make", COMPILED.values(), ids=COMPILED)
def test_networks_that_were_compiled_and_have_run_are_measured(make):
    """The compiler looked into hooks that measure outputs, and failed."""
    torch.manual_seed(0)
    network, x = make(), torch.randn(12, 6)
    with torch.no_grad():
        labels = network(x).argmax(1)
    measured = evaluate(network, "ideal", x, labels, x, chips=1)
    assert measured.float_accuracy == 1
    assert torch.equal(network(x).argmax(1), labels)


def test_networks_are_not_compiled_to_be_measured():
    def refuse(graph, inputs):
        raise AssertionError("compiled")

    x, labels = torch.randn(12, 6), torch.zeros(12, dtype=torch.long)
    evaluate(torch.compile(nn.Linear(6, 3).eval(), backend=refuse), "ideal", x, labels, x, chips=1)
