"""Networks whose samples cannot be compared one by one are told of, and no others."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, evaluate
from bitline.data.call import Call
from bitline.evaluation.comparison import compare_designs
from bitline.evaluation.single_samples import irregularities
from bitline.networks import find_network, load_network

INPUTS = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
CLASSES = torch.arange(20) % 3
RANDOM, MIXED = "says other things of the same sample when it is asked again", "says other things of a sample alone"


class Changed(nn.Module):
    """A linear layer of changed inputs."""

    def __init__(self, change):
        super().__init__()
        self.layer, self.change = nn.Linear(6, 3), change

    def forward(self, inputs):
        return self.layer(self.change(inputs))


class Recurrent(nn.Module):
    """States have their layers first, as many as there are samples; a sum and numbers of classes are of no sample."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(3, 4, num_layers=2, batch_first=True)

    def forward(self, inputs):
        outputs, states = self.layer(inputs.unflatten(1, (2, 3)))
        return outputs[:, -1], states, outputs.sum(), torch.arange(2.0)


def transformer():
    layer = nn.TransformerEncoderLayer(6, 2, 12, batch_first=True)
    return nn.Sequential(nn.Unflatten(1, (1, 6)), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False))


NOISE = {"numbers": lambda x: x + 0.1 * torch.randn_like(x), "dropout": lambda x: nn.functional.dropout(x, 0.5)}
MIXING = {
    "mean": lambda x: x - x.mean(0),
    "largest": lambda x: x / x.abs().max(),
    "norm": nn.Sequential(nn.Unflatten(1, (2, 3)), nn.BatchNorm1d(2, track_running_stats=False), nn.Flatten()),
}


@pytest.mark.parametrize(("change", "words"), [*((each, RANDOM) for each in NOISE.values()),
                                               *((each, MIXED) for each in MIXING.values())])  # fmt: skip
def test_networks_whose_samples_cannot_be_compared_are_told_of(change, words):
    """Differences of networks were called paired that were not."""
    torch.manual_seed(0)
    network = Changed(change)
    network.training = False
    before = torch.random.get_rng_state()
    call = Call((INPUTS[:2],), {})
    with torch.random.fork_rng():
        outputs = call.on(network)
    assert words in irregularities(network, call, outputs)[0]
    assert torch.equal(torch.random.get_rng_state(), before)
    told = evaluate(network, Design(), INPUTS, CLASSES, INPUTS, chips=1, compared_images=0).notes
    assert any(words in note for note in told)


def test_comparisons_tell_it_too():
    compared = compare_designs(Changed(MIXING["mean"]).eval(), [Design(), "offset"], INPUTS, CLASSES, INPUTS)
    assert all(any(MIXED in note for note in each.notes) for each in compared)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(6, 3),
        Recurrent,
        transformer,
        lambda: Changed(lambda x: (16 * x).round() / 16),  # as in training for quantised networks
        lambda: Changed(lambda x: x.squeeze()),  # which a sample alone is too small for
    ],
)
def test_rounding_is_no_reason(make, dtype):
    torch.manual_seed(1)
    network = make().eval().to(dtype)
    call = Call((INPUTS[:2].to(dtype),), {})
    with torch.no_grad():
        assert irregularities(network, call, call.on(network)) == ()


def test_a_trained_network_is_regular():
    network = load_network(find_network("fashion-resnet"))
    call = Call((torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)),), {})
    with torch.no_grad():
        assert irregularities(network, call, call.on(network)) == ()
