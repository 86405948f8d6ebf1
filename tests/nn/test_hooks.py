"""Hooks are there for a while, and gone afterwards whatever happened."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline.nn.hooks import hooked


class Counting:
    """A hook that counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, *arguments):
        self.calls += 1


@pytest.fixture
def network():
    return nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))


def test_hooks_see_what_happens_meanwhile(network):
    count = Counting()
    with hooked(layer.register_forward_hook(count) for layer in network):
        network(torch.ones(1, 3))
    network(torch.ones(1, 3))
    assert count.calls == 3


def test_hooks_are_removed_after_an_error(network):
    count = Counting()
    with pytest.raises(RuntimeError, match="shapes"), hooked(layer.register_forward_hook(count) for layer in network):
        network(torch.ones(1, 4))
    network(torch.ones(1, 3))
    assert count.calls == 0


def test_hooks_are_removed_where_a_later_one_cannot_be_registered(network):
    count = Counting()
    with pytest.raises(AttributeError), hooked(module.register_forward_hook(count) for module in (*network, None)):
        pass
    network(torch.ones(1, 3))
    assert count.calls == 0
