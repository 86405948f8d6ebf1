"""Remedies of networks in half precision are those of the same network in float32."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from bitline import Design, evaluate
from bitline.evaluation.remedies import fine_tune, smooth, tune

HALVES = [torch.float16, torch.bfloat16]
X = torch.randn(120, 8, generator=torch.Generator().manual_seed(0))
LABELS = X[:, :3].argmax(1)


def network(dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
    """A network of this type, and one of the same weights in float32."""
    torch.manual_seed(0)
    given = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 3)).eval().to(dtype)
    return given, copy.deepcopy(given).float()


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_trained_in_single(dtype):
    """Adam's smallest number is zero in float16, and its steps are lost in bfloat16."""
    given = {"epochs": 10, "learning_rate": 0.01, "validation": (X, LABELS)}
    told = [fine_tune(each, Design(), X, LABELS, **given) for each in network(dtype)]
    assert told[0].history == told[1].history and told[0].history[-1].value > 0.75
    assert told[0].network[0].weight.dtype == torch.float32
    assert evaluate(told[0].network, Design(), X, LABELS, X, chips=1).mean > 0.75


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_smoothed_and_tuned_in_single(dtype):
    given, single = network(dtype)
    for smoothed, wanted in zip(smooth(given, X).parameters(), smooth(single, X).parameters(), strict=True):
        assert torch.equal(smoothed, wanted)
    assert tune(given, Design(), X) == tune(single, Design(), X)
    assert given[0].weight.dtype == dtype


def test_double_precision_stays():
    given = network(torch.float64)[0]
    assert fine_tune(given, Design(), X, LABELS, epochs=1).network[0].weight.dtype == torch.float64
    assert smooth(given, X)[2].weight.dtype == torch.float64
