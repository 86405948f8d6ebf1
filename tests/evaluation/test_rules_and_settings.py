"""A rule for all layers gives what the same settings of the design give, whoever measures."""

from __future__ import annotations

import itertools

import pytest
import torch
from every_setting import changes

from bitline import Design, evaluate
from bitline.design.settings import flat

pytestmark = pytest.mark.filterwarnings("ignore::bitline.errors.ApproximationWarning")

GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.rand(24, 20, generator=GENERATOR)
TARGETS = torch.randn(24, 3, generator=GENERATOR)
BASE = Design().with_settings({"cell.device.kind": "pcm-joshi-2020", "inputs.accumulation": "digital"})
NOT_OF_LAYERS = ("name", "description", "hardware")
"""What belongs to the accelerator."""


def measured(design: Design):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(20, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3)).eval()
    result = evaluate(network, design, INPUTS, TARGETS, INPUTS, metric="mse", chips=1, compared_images=0)
    cost = result.cost and (result.cost.energy_uJ, result.cost.area_mm2, result.cost.latency_us)
    return result.chip_values, result.reference_value, cost


def test_a_rule_for_all_layers_counts_like_the_design_itself():
    """Times of rules were ignored where a network was measured, and counted in studies and costs."""
    plain, tried = flat(BASE.model_dump()), set()
    for name, group in itertools.groupby(changes(BASE), key=lambda change: change[0]):
        _, changed = next(group)
        differing = {key: value for key, value in flat(changed.model_dump()).items() if plain.get(key) != value}
        if name.startswith(NOT_OF_LAYERS):
            continue
        ruled = BASE.with_settings({"layers": [{"match": "*", "set": differing}]})
        assert measured(ruled) == measured(changed), name
        tried.add(name)
    assert {"weights.bits", "inputs.bits", "cell.time", "adc.bits", "array.rows"} <= tried
