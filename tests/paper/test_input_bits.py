"""The error of wires by input bit: what the study sees, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from bitline.nn import independent_copy
from bitline.paper import Experiment
from bitline.paper.studies import input_bits


@dataclass(frozen=True)
class Network(Experiment):
    """A network with images, and nothing else."""

    loaded: object = None


@pytest.fixture
def copies(monkeypatch):
    """The copies of networks that the study makes to look at them."""
    made = []
    monkeypatch.setattr(input_bits, "independent_copy", lambda model: made.append(independent_copy(model)) or made[-1])
    return made


def test_layers_are_watched_only_while_their_inputs_are_taken(copies, tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    context = SimpleNamespace(model=model)
    table = input_bits.run(
        Network(out=tmp_path, loaded=SimpleNamespace(context=context, calibration=torch.rand(4, 1, 3, 3)))
    ).table
    assert table["layer"].unique().tolist() == ["1", "3"]
    assert table.groupby("layer")["bit"].apply(list).tolist() == [list(range(8))] * 2
    (copy,) = copies
    x = torch.rand(1, 9)
    # whoever still looked would miss the inputs among the positional arguments
    assert torch.equal(copy[1](input=x), model[1](x))
