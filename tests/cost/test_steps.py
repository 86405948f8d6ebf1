"""Products that need each other are formed one after another, however many copies a matrix has."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from bitline import Design
from bitline.cost import gather_statistics, network_cost, whole_cost
from bitline.cost.steps import Steps

SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=6)


@given(sizes=SIZES, copies=st.integers(1, 40), longest=st.floats(0.1, 100))
def test_copies_share_the_products_of_a_step(sizes, copies, longest):
    steps = Steps.of(map(float, sizes))
    assert steps.products == sum(sizes)
    assert steps.turns(copies) == sum(math.ceil(size / copies) for size in sizes)
    assert steps.of_independent_images.turns(copies) == math.ceil(sum(sizes) / copies)
    tried = {count: steps.turns(count) for count in range(1, max(sizes) + 1)}
    fast = [count for count, turns in tried.items() if turns <= longest]
    assert steps.fewest_copies(longest) == (fast[0] if fast else max(sizes))


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.Module], **settings: bool) -> None:
        super().__init__()
        self.rnn = kind(4, 4, batch_first=True, **settings)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class CellByCell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(len(x), 4)
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.head(state)


class InSeries(nn.Module):
    """A layer that is called again and again, and another one that is called for each result."""

    def __init__(self) -> None:
        super().__init__()
        self.shared, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for _ in range(3):
            x = torch.relu(self.shared(x))
            found.append(self.head(x))
        return torch.cat(found, 1)


class Twins(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.shared(x[:, 0])) - torch.relu(self.shared(x[:, 1]))


class Decoder(nn.Module):
    """A token after the other, from what all tokens before it have left in a cache."""

    def __init__(self, token) -> None:
        super().__init__()
        self.embedded, self.key, self.out = nn.Embedding(5, 4), nn.Linear(4, 4), nn.Linear(4, 5)
        self.token = token

    def forward(self, first: Tensor) -> Tensor:
        token, cache = first, torch.zeros(len(first), 3, 4)
        for place in range(3):
            cache[:, place] = self.key(self.embedded(token))
            scores = self.out(torch.relu(cache.mean(1)))
            token = self.token(scores)
        return scores


def fixed(scores: Tensor) -> Tensor:
    return torch.zeros(len(scores), dtype=torch.long)


def chosen(scores: Tensor) -> Tensor:
    return scores.argmax(1)


def by_number(scores: Tensor) -> Tensor:
    return torch.tensor([int(row.argmax()) for row in scores])


SERIAL, TOGETHER = ((1.0, 3),), ((3.0, 1),)
SEQUENCES, TOKENS = torch.rand(8, 3, 4), torch.arange(8) % 5
LSTM = {"rnn.ih_l0": TOGETHER, "rnn.hh_l0": SERIAL}


@pytest.mark.parametrize(
    ("network", "inputs", "steps"),
    [
        (Recurrent(nn.LSTM), SEQUENCES, LSTM),
        (Recurrent(nn.GRU), SEQUENCES, LSTM),
        (
            Recurrent(nn.RNN, bidirectional=True),
            SEQUENCES,
            {**LSTM, **{f"{name}_reverse": counts for name, counts in LSTM.items()}},
        ),
        (CellByCell(), SEQUENCES, {"cell.ih": TOGETHER, "cell.hh": SERIAL, "head": ((1.0, 1),)}),
        (InSeries(), SEQUENCES[:, 0], {"shared": SERIAL, "head": TOGETHER}),
        (Twins(), SEQUENCES, {"shared": ((2.0, 1),)}),
        (Decoder(fixed), TOKENS, {"key": TOGETHER, "out": TOGETHER}),
        (Decoder(chosen), TOKENS, {"key": SERIAL, "out": SERIAL}),
        (Decoder(by_number), TOKENS, {"key": SERIAL, "out": SERIAL}),
        (nn.Sequential(nn.Conv2d(3, 4, 3, padding=1)), torch.rand(4, 3, 5, 5), {"0": ((25.0, 1),)}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_steps_are_those_that_need_each_other(network, inputs, steps):
    torch.manual_seed(0)
    found = gather_statistics(network.eval(), "sonos-a", inputs)
    assert {layer.name: layer.steps.counts for layer in found.layers} == steps


def costs(network: nn.Module, inputs: Tensor, extra: float, pipelined: bool):
    settings = {"duplication": {"kind": "balanced", "extra_arrays": extra}, "pipelined": pipelined}
    design = Design.load("sonos-a").with_settings({"hardware": settings})
    found = gather_statistics(network.eval(), design, inputs)
    cost = network_cost(found, design)
    return cost, {layer.name: layer for layer in cost.layers}, whole_cost(cost, found, design, images=4)


def test_copies_of_recurrent_matrices_do_not_shorten_a_sequence():
    """20 copies made 20 steps, each of which needs the one before, as long as one."""
    torch.manual_seed(0)
    network, inputs = Recurrent(nn.LSTM), torch.rand(8, 20, 4)
    _, once, _ = costs(network, inputs, 0.0, pipelined=False)
    cost, layers, whole = costs(network, inputs, 20.0, pipelined=False)
    assert (layers["rnn.hh_l0"].copies, layers["rnn.ih_l0"].copies) == (1, 20)
    assert layers["rnn.hh_l0"].time_ns == once["rnn.hh_l0"].time_ns
    assert layers["rnn.ih_l0"].time_ns == pytest.approx(once["rnn.ih_l0"].time_ns / 20)
    assert cost.interval_ns == cost.latency_ns
    assert whole.batch_us == pytest.approx(4e-3 * cost.latency_ns)
    assert not any("one after another" in note for note in cost.notes)


def test_pipelined_copies_work_on_different_sequences():
    torch.manual_seed(0)
    network, inputs = Recurrent(nn.LSTM), torch.rand(8, 20, 4)
    _, once, _ = costs(network, inputs, 0.0, pipelined=True)
    cost, layers, whole = costs(network, inputs, 20.0, pipelined=True)
    hidden = layers["rnn.hh_l0"]
    assert hidden.copies == 20
    assert hidden.time_ns == once["rnn.hh_l0"].time_ns == pytest.approx(20 * hidden.interval_ns)
    assert cost.latency_ns > hidden.time_ns
    assert cost.interval_ns == max(layer.interval_ns for layer in layers.values()) < cost.latency_ns / 10
    assert whole.batch_us == pytest.approx(1e-3 * (cost.latency_ns + 3 * cost.interval_ns))
    assert any("products of rnn.hh_l0 that need results of each other" in note for note in cost.notes)


@pytest.mark.parametrize("pipelined", [True, False])
def test_a_layer_that_is_called_in_series_takes_the_time_of_all_its_calls(pipelined):
    torch.manual_seed(0)
    _, once, _ = costs(InSeries(), SEQUENCES[:, 0], 0.0, pipelined)
    cost, layers, _ = costs(InSeries(), SEQUENCES[:, 0], 10.0, pipelined)
    assert layers["shared"].copies == (3 if pipelined else 1)
    assert layers["shared"].time_ns == once["shared"].time_ns
    assert cost.latency_ns == pytest.approx(once["shared"].time_ns + once["head"].time_ns / 3)
