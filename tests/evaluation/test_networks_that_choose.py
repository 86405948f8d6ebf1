"""Networks that send samples different ways: mixtures of experts, and early exits."""

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, convert, evaluate
from bitline.cost import gather_statistics, network_cost
from bitline.design import reference
from bitline.evaluation.remedies import Recalibrate


class Experts(nn.Module):
    """Each token goes to the expert of the largest score, and the classes are those of their mean."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(2, 2, bias=False)
        self.experts, self.head = nn.ModuleList(nn.Linear(2, 3) for _ in range(2)), nn.Linear(3, 3)
        self.gate.weight.data = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])

    def forward(self, samples):
        tokens = samples.flatten(0, 1)
        chosen, outputs = self.gate(tokens).argmax(-1), tokens.new_zeros(len(tokens), 3)
        for number, expert in enumerate(self.experts):
            places = torch.where(chosen == number)[0]
            if len(places):
                outputs.index_add_(0, places, expert(tokens[places]))
        return self.head(outputs.unflatten(0, samples.shape[:2]).mean(1))


class EarlyExit(nn.Module):
    """Samples whose first value exceeds 1 take the long way."""

    def __init__(self):
        super().__init__()
        self.first, self.exit = nn.Linear(16, 16), nn.Linear(16, 3)
        self.longer, self.last = nn.Linear(16, 64), nn.Linear(64, 3)

    def forward(self, samples):
        states = self.first(samples).relu()
        outputs, hard = self.exit(states), samples[:, 0] > 1
        if hard.any():
            outputs = outputs.clone()
            outputs[hard] = self.last(self.longer(states[hard]).relu())
        return outputs


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def samples_of_early_exit():
    samples = torch.randn(100, 16, generator=torch.Generator().manual_seed(0))
    samples[:, 0] = 0.0
    samples[:10, 0] = 2.0
    return samples


def test_layers_that_the_first_sample_does_not_reach_cost_nothing_for_it():
    """They were a KeyError."""
    network, easy_first = EarlyExit().eval(), samples_of_early_exit().flip(0)
    statistics = gather_statistics(network, "sonos-a", easy_first)
    macs = {layer.name: layer.macs for layer in statistics.layers}
    assert macs == {"first": 256, "exit": 48, "longer": 0, "last": 0}
    assert network_cost(statistics, "sonos-a").energy_uJ > 0
    labels = torch.arange(100) % 3
    result = evaluate(network, "sonos-a", easy_first, labels, easy_first, chips=1)
    assert result.cost.energy_uJ == pytest.approx(network_cost(statistics, "sonos-a").energy_uJ)


def test_recalibration_leaves_layers_that_the_reference_does_not_reach():
    """They were a KeyError."""
    exact = Design.load("ideal")
    samples = samples_of_early_exit()
    analog, same = (convert(EarlyExit().eval(), design, samples) for design in (exact, reference(exact)))
    same.forward = lambda inputs: same.exit(same.first(inputs).relu())
    Recalibrate(samples)(analog, same)
    assert [layer.correction is None for layer in analog_layers(analog)] == [False, False, True, True]
