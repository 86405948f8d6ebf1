"""Arguments of a network that are no inputs are named, with what to do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import convert, evaluate
from bitline.errors import CalibrationError, DataError

X, LABELS = torch.rand(12, 4, generator=torch.Generator().manual_seed(0)), torch.arange(12) % 3


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x, scale=1.0, mode="relu", mask=None):
        return self.last(getattr(torch, mode)(self.first(x))) * scale


GIVEN = {
    "a number": ((X, 2.0), "argument 'scale' is a float.*scale=2.0"),
    "a text": ({"x": X, "mode": "tanh"}, "argument 'mode' is a str.*mode='tanh'"),
    "an object": ({"x": X, "mask": object()}, r"argument 'mask' is an object.*mask=\.\.\."),
}


@pytest.mark.parametrize(("inputs", "message"), GIVEN.values(), ids=GIVEN)
def test_arguments_that_are_no_tensors_are_named(inputs, message):
    """They were taken for batches, and layers were blamed."""
    network = Scaled().eval()
    with pytest.raises(CalibrationError, match=message):
        convert(network, "ideal", inputs)
    with pytest.raises(DataError, match=message):
        evaluate(network, "ideal", inputs, LABELS, X, chips=1)


def test_arguments_that_are_none_are_left_out():
    network = Scaled().eval()
    analog = convert(network, "ideal", {"x": X, "mask": None})
    assert torch.equal(analog(x=X), convert(network, "ideal", X)(X))


class Graph(nn.Module):
    """Values of nodes, (nodes, features), and edges, (2, edges)."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x, edges):
        nodes = self.first(x).relu()
        return self.last(nodes.index_add(0, edges[1], nodes[edges[0]]))


def test_inputs_without_samples_along_their_first_axis_are_explained():
    network, edges = Graph().eval(), torch.randint(2, 12, (2, 40))
    message = r"samples lie along the first axis of every input.* such as the edges of a graph, wrap the network"
    with pytest.raises(CalibrationError, match=message):
        convert(network, "ideal", (X, edges))
    with pytest.raises(DataError, match=message):
        evaluate(network, "ideal", [((X, edges), LABELS)], calibration=[(X, edges)], chips=1)
