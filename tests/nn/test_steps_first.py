"""Inputs with steps first are counted, cut and calibrated on by sample."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bitline import Design, conversion_of, convert, evaluate
from bitline.cost import Statistics, gather_statistics, network_cost
from bitline.data.call import Call
from bitline.evaluation.adc_ranges import study_ranges
from bitline.nn import Inputs, record
from bitline.nn.steps_first import samples_axis

STEPS, FEATURES = 20, 8


class Attending(nn.Module):
    """Attention and a layer after it."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(FEATURES, 2, batch_first=batch_first)
        self.last = nn.Linear(FEATURES, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.attention(x, x, x, need_weights=False)[0])


class Walking(nn.Module):
    """A cell that is called step by step."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.cell, self.batch_first = nn.GRUCell(FEATURES, 5), batch_first

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for step in x.unbind(1 if self.batch_first else 0):
            state = self.cell(step, state)
        return state


class OfLength(nn.Module):
    """A network that takes sequences of one length only."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.lstm, self.batch_first = nn.LSTM(FEATURES, 3, batch_first=batch_first), batch_first
        self.last = nn.Linear(3 * STEPS, 2)

    def forward(self, x: Tensor) -> Tensor:
        outputs = self.lstm(x)[0]
        return self.last((outputs if self.batch_first else outputs.transpose(0, 1)).flatten(1))


NETWORKS = {
    "lstm": lambda batch_first: nn.LSTM(FEATURES, 5, batch_first=batch_first),
    "gru": lambda batch_first: nn.GRU(FEATURES, 5, 2, batch_first=batch_first, bidirectional=True),
    "attention": Attending,
    "encoder": lambda batch_first: nn.TransformerEncoderLayer(FEATURES, 2, 12, batch_first=batch_first),
    "cell": Walking,
    "length": OfLength,
}


def _both(kind: str) -> tuple[nn.Module, nn.Module]:
    """The same network with steps first and with samples first."""
    torch.manual_seed(3)
    steps_first, samples_first = NETWORKS[kind](False), NETWORKS[kind](True)
    samples_first.load_state_dict(steps_first.state_dict())
    return steps_first.eval(), samples_first.eval()


def _inputs(samples: int) -> Tensor:
    return torch.rand(STEPS, samples, FEATURES, generator=torch.Generator().manual_seed(samples))


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("samples", [1, 9, STEPS, 30])
def test_costs_are_those_of_samples_first(kind, samples):
    steps_first, samples_first = _both(kind)
    inputs = _inputs(samples)
    seen = gather_statistics(steps_first, Design(), inputs)
    wanted = gather_statistics(samples_first, Design(), inputs.transpose(0, 1).contiguous())
    assert seen.images == wanted.images == samples
    for layer, other in zip(seen.layers, wanted.layers, strict=True):
        assert (layer.macs, layer.products, layer.inputs) == (other.macs, other.products, other.inputs)
    assert seen.digital.activations == wanted.digital.activations
    energy, other = (network_cost(each, "differential").energy_pJ for each in (seen, wanted))
    assert energy == pytest.approx(other, rel=1e-3)


@pytest.mark.parametrize("kind", NETWORKS)
def test_calibration_sees_whole_sequences(kind):
    steps_first, samples_first = _both(kind)
    inputs = _inputs(9)
    calibrations = [
        conversion_of(convert(steps_first, Design(), inputs)).calibration,
        conversion_of(convert(samples_first, Design(), inputs.transpose(0, 1).contiguous())).calibration,
    ]
    steps, others = ({name: each.inputs.step for name, each in known.layers.items()} for known in calibrations)
    assert steps == pytest.approx(others, rel=1e-5)


def test_ways_to_give_inputs_agree():
    network, inputs = _both("lstm")[0], _inputs(9)
    loader = torch.utils.data.DataLoader(list(inputs.unbind(1)), 3, collate_fn=lambda some: torch.stack(some, 1))
    converted = convert(network, Design(), inputs)
    for given in (inputs, loader):
        assert gather_statistics(network, Design(), given).layers[0].macs == STEPS * FEATURES * 20
        assert Statistics.of(converted, given).layers[0].macs == STEPS * FEATURES * 20
        assert [call.samples for call in Inputs.of(given, network).calls] == ([8, 1] if given is inputs else [3] * 3)
    shown = record(network, Design(), inputs).layers["ih_l0"].signals
    assert shown.by_slice[0].total == STEPS * 9 * 20
    assert {entry.layer for entry in study_ranges(network, Design(), inputs)} == {"ih_l0", "hh_l0"}


def test_a_network_that_turns_its_inputs_round_has_samples_first():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(FEATURES, 5)

        def forward(self, x):
            return self.lstm(x.transpose(0, 1))[0].transpose(0, 1)

    for samples in (7, STEPS):
        assert samples_axis(Call((torch.rand(samples, STEPS, FEATURES),), {}), Turned()) == 0
        assert samples_axis(Call((torch.rand(STEPS, samples, FEATURES),), {}), nn.LSTM(FEATURES, 5)) == 1


def test_looking_for_samples_leaves_a_network_as_it_is():
    network = nn.LSTM(FEATURES, 5, 2, dropout=0.5).train()
    before = torch.random.get_rng_state()
    samples_axis(Call((_inputs(9),), {}), network)
    assert network.training
    assert torch.equal(torch.random.get_rng_state(), before)
    converted = convert(nn.LSTM(FEATURES, 5), Design(), _inputs(9))
    converted(_inputs(9))
    samples_axis(Call((_inputs(9),), {}), converted)
    assert converted.ih_l0.reads == 9


def test_evaluation_costs_a_sample():
    network = nn.LSTM(FEATURES, 5)

    class Outputs(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = network

        def forward(self, x):
            return self.lstm(x)[0]

    inputs = torch.rand(40, 3, FEATURES)
    known = conversion_of(convert(Outputs(), Design(), inputs)).calibration
    for calibration in (inputs, known):
        cost = evaluate(Outputs(), Design(), inputs, torch.rand(40, 3, 5), calibration, chips=1, metric="mse").cost
        assert sum(layer.macs for layer in cost.layers) == 40 * (FEATURES + 5) * 20
