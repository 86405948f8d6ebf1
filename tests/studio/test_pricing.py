"""The studio prices a design as everything else does, whatever was priced before."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design
from bitline.cost import gather_statistics, network_cost
from bitline.studio.pricing import Pricing

RULES = {
    "plain": None,
    "range": {"inputs.range": {"kind": "percentile", "percentile": 60.0}},
    "per vector": {"inputs.range": "per-vector"},
    "unsigned": {"inputs.signed": False},
    "fine": {"inputs.bits": 10},
    "coarse": {"inputs.bits": 4},
    "separate": {"inputs.polarities": "separate"},
}
"""Settings of a rule for all layers."""


def design_of(rule: str) -> Design:
    layers = [{"match": "*", "set": RULES[rule]}] if RULES[rule] else []
    return Design.load("differential").with_settings({"layers": layers})


@pytest.mark.parametrize("first", RULES)
def test_inputs_that_rules_set_count_whatever_was_priced_before(first):
    """What a rule says of inputs was ignored: the first design that was priced decided for all others."""
    torch.manual_seed(0)
    network, images = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 4)).eval(), torch.randn(32, 16)
    pricing = Pricing(network, images)
    pricing.of(design_of(first))
    for rule in RULES:
        design = design_of(rule)
        expected = network_cost(gather_statistics(network, design, images), design)
        close = 5e-3 if rule == "coarse" else 1e-9  # coarser codes are made of finer ones
        assert pricing.of(design).energy_uJ == pytest.approx(expected.energy_uJ, rel=close), rule
