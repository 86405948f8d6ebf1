"""Networks that send samples different ways: mixtures of experts, and early exits."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, convert, evaluate
from bitline.cost import gather_statistics, network_cost
from bitline.design import reference
from bitline.evaluation.layer_errors import LayerSums, layer_errors
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


NOISY = Design.load("ideal").with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.03}})


@pytest.mark.parametrize(("second", "wrong"), [(-1.0, "swapped"), (-0.6, "one expert")])
def test_outputs_of_other_tokens_are_not_compared(second, wrong):
    """Two tokens at the border of both experts: chips swap them, or give both to one expert, which was a crash."""
    samples = torch.tensor([[[0.02, 1.0], [-0.02, second]]]).repeat(2, 1, 1)
    calibration = torch.randn(10, 12, 2)
    network, seen = Experts().eval(), set()
    exact = convert(network, "ideal", calibration)
    with torch.no_grad():
        wanted = exact.gate(samples).argmax(-1)
    for number in range(8):
        result = evaluate(network, NOISY, samples, torch.arange(2), calibration, chips=1, seed=number)
        with torch.no_grad():
            chosen = convert(network, NOISY, calibration, seed=number).gate(samples).argmax(-1)
        is_same, is_swapped = torch.equal(chosen, wanted), len(chosen.unique()) == 2
        seen.add("same" if is_same else "swapped" if is_swapped else "one expert")
        layers = {layer.name: layer for layer in result.layers}
        known = [name for name in layers if not math.isnan(layers[name].accumulated_db)]
        reached = sorted({f"experts.{expert}" for expert in chosen.unique().tolist()})
        assert known == ["gate", *reached, "head"] if is_same else known == ["gate", "head"]
        assert all(layers[name].own_db > 10 for name in reached)
        told = [note for note in result.notes if "error of layer" in note]
        assert bool(told) != is_same
    assert seen == {"same", wrong}


def test_all_layers_of_an_exact_chip_are_compared():
    samples, labels = torch.randn(20, 5, 2), torch.arange(20) % 3
    for chips in (1, 2):
        result = evaluate(Experts().eval(), "ideal", samples, labels, samples, chips=chips)
        assert [layer.accumulated_db for layer in result.layers] == [math.inf] * 4
    easy_last, network, labels = samples_of_early_exit(), EarlyExit().eval(), torch.arange(100) % 3
    result = evaluate(network, "ideal", easy_last, labels, easy_last, chips=1)
    assert [layer.accumulated_db for layer in result.layers] == [math.inf] * 4
    easy_first = evaluate(network, "ideal", easy_last.flip(0), labels, easy_last, chips=1)
    assert [layer.name for layer in easy_first.layers] == ["first", "exit"]
    assert "no error of layers 'longer', 'last': no compared sample reached them on a chip" in easy_first.notes


def test_chips_that_give_a_layer_other_samples_do_not_count():
    known = LayerSums("fc", 64, 10, 1, 1.0, 0.0, 50.0, 0.05, 50.0, 0.5, converted=640, skipped=0, images=64)
    apart = replace(known, signal=0.0, error=0.0)
    (both,) = layer_errors([[known], [apart]])
    assert (both.own_db, both.accumulated_db) == (30.0, 20.0)
    assert math.isnan(layer_errors([[apart]])[0].accumulated_db)


def test_experts_with_padding_are_measured():
    """Padding changes which tokens an expert gets, and was looked for in calls of other shapes."""

    class Padded(Experts):
        def forward(self, samples, attention_mask=None):
            return super().forward(samples)

    mask = torch.arange(6) < torch.tensor([6, 3, 4, 2] * 5)[:, None]
    given = {"samples": torch.randn(20, 6, 2), "attention_mask": mask.long()}
    result = evaluate(Padded().eval(), "ideal", {**given, "labels": torch.arange(20) % 3}, calibration=given, chips=1)
    assert [layer.accumulated_db for layer in result.layers] == [math.inf] * 4
