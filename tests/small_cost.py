"""A small network, how it is costed, and what tests of costs count by themselves."""

from __future__ import annotations

from functools import cache

import torch
from torch import nn

from bitline import Design
from bitline.cost import Statistics, gather_statistics
from bitline.quantize import weight_codes

IMAGES = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(5))

SMALL = {"array.rows": 20, "array.columns": 4, "weights.bits_per_cell": 2}


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
    )


@cache
def statistics() -> Statistics:
    return gather_statistics(network(), "differential", IMAGES)


def digits_of(layer: nn.Module, design: Design) -> torch.Tensor:
    weights, _ = weight_codes(layer.weight.detach().flatten(1), design.weights.bits, "layer", 100.0)
    return design.weights.digits(weights).double()
