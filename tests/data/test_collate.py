"""Lists of numbers in items of data sets have their samples first in every batch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate

from bitline import evaluate
from bitline.data.collate import collated
from bitline.errors import DataError
from bitline.evaluation.remedies import fine_tune
from bitline.measures import ErrorRate
from bitline.nn.inputs import Inputs


class Items(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, place):
        return self.items[place]


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(3, 8, batch_first=True), nn.Linear(8, 1)
        self.seen = set()

    def forward(self, x):
        self.seen.add(tuple(x.shape[1:]))
        return self.head(self.lstm(x)[0])


@pytest.fixture
def recurrent():
    torch.manual_seed(0)
    network = Recurrent().eval()
    inputs = torch.randn(22, 6, 3)
    with torch.no_grad():
        return network, inputs, network(inputs)


def lists_of(inputs, targets, kind):
    pairs = zip(inputs.tolist(), targets.tolist(), strict=True)
    return Items([{"x": x, "labels": y} if kind is dict else (x, y) for x, y in pairs])


@pytest.mark.parametrize("kind", [dict, tuple])
@pytest.mark.parametrize("batch", [None, 4, 6])
def test_lists_of_lists_are_samples(recurrent, kind, batch):
    """They were 6 samples, one for each place, and the mean squared error was not 0."""
    network, inputs, targets = recurrent
    data = lists_of(inputs, targets, kind)
    data = data if batch is None else DataLoader(data, batch_size=batch)
    found = evaluate(network, "ideal", data, metric="mse", calibration=inputs, chips=1)
    assert found.images == 22 and found.float_value == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("batch", [None, 4])
def test_training_and_calibration_read_them_alike(recurrent, batch):
    """Training went over (positions, samples)."""
    network, inputs, targets = recurrent
    data = lists_of(inputs, targets, dict)
    data = data if batch is None else DataLoader(data, batch_size=batch)
    assert torch.equal(torch.cat([call.keywords["x"] for call in Inputs.of(data, network).calls]), inputs)
    network.seen.clear()
    fine_tune(network, "ideal", data, calibration=inputs, metric="mse", epochs=1)
    assert network.seen <= {(6, 3), (5, 3), (3, 3), (1, 3)}  # shorter ones are probes


def test_lists_of_tensors_of_which_nobody_knows_the_axis_are_refused(recurrent):
    network, inputs, targets = recurrent
    loader = DataLoader(lists_of(inputs, targets, dict), batch_size=4, collate_fn=lambda items: default_collate(items))
    with pytest.raises(DataError, match=r"'x' of a batch is a list of 6"):
        evaluate(network, "ideal", loader, metric="mse", calibration=inputs)
    with pytest.raises(DataError, match=r"'x' of a batch is a list of 6"):
        fine_tune(network, "ideal", loader, metric="mse", calibration=inputs)


def test_lists_of_words_stay_those_of_their_samples():
    items = [(torch.ones(3), ["a", "b"]), (torch.zeros(3), ["c", "d"])]
    assert collated(items)[1] == [["a", "b"], ["c", "d"]]
    network = nn.Linear(3, 2).eval()
    rate = ErrorRate(decode=lambda outputs: [["a", "b"] if row[0] else ["c", "d"] for row in outputs])
    with torch.no_grad():
        network.weight.fill_(1.0)
        network.bias.zero_()
    for data in (Items(items), DataLoader(Items(items), batch_size=2)):
        assert evaluate(network, "ideal", data, metric=rate, calibration=torch.ones(4, 3), chips=1).float_value == 0
