"""How many samples go through a network together."""

import pytest
import torch
from torch import nn

from bitline import evaluate
from bitline.evaluation import together
from bitline.evaluation.together import TOGETHER, LargestOutput, largest_output


class Wide(nn.Module):
    """A network whose second module has the largest output, and that remembers how many samples it saw."""

    def __init__(self):
        super().__init__()
        self.narrow, self.wide, self.last = nn.Linear(4, 8), nn.Linear(8, 100), nn.Linear(100, 3)
        self.sizes = []

    def forward(self, inputs):
        self.sizes.append(len(inputs))
        return self.last(self.wide(self.narrow(inputs)))


def test_largest_output_counts_the_largest_of_all_modules():
    network = Wide().eval()
    with largest_output(network) as seen, torch.no_grad():
        network(torch.rand(6, 4))
    assert seen.size == 6 * 100 * 4
    with torch.no_grad():
        network(torch.rand(60, 4))
    assert seen.size == 6 * 100 * 4, "the hooks are gone"


@pytest.mark.parametrize(("size", "expected"), [(0, 64), (TOGETHER // 64, 64), (TOGETHER // 10, 10), (9 * TOGETHER, 1)])
def test_together_is_as_many_as_fit_and_at_least_one(size, expected):
    seen = LargestOutput()
    seen.size = size
    assert seen.together(samples=1, most=64) == expected


def test_outputs_of_several_tensors_are_seen():
    with largest_output(nn.LSTM(4, 16, batch_first=True).eval()) as seen:
        seen.note(nn.Identity(), (), {"first": torch.zeros(2, 3), "others": [torch.zeros(5, 7), None]})
    assert seen.size == 5 * 7 * 4


def test_evaluation_does_not_depend_on_how_many_go_together(monkeypatch):
    torch.manual_seed(0)
    network, images = Wide().eval(), torch.rand(30, 4)
    labels = network(images).argmax(1)
    whole = evaluate(network, "differential", images, labels, images, chips=2)
    assert max(network.sizes) == 30
    monkeypatch.setattr(together, "TOGETHER", 7 * 100 * 4)
    network.sizes.clear()
    pieces = evaluate(network, "differential", images, labels, images, chips=2)
    assert max(network.sizes) == 7
    assert pieces.chip_values == whole.chip_values
    assert pieces.layers == whole.layers
