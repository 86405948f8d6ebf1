"""Energy, area and latency of designs while somebody drags a control."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from torch import Tensor, nn

from bitline.cost import NetworkCost, Statistics, gather_statistics, network_cost
from bitline.design import Design
from bitline.errors import DesignError
from bitline.numerics.labels import COMPARED
from bitline.numerics.summary import counted

IMAGES = 32
"""Images that the activity of the inputs is measured on."""
NAMED = 6
"""Components that are named; the others are together."""


class Pricing:
    """Costs of one network on any design; what does not depend on the design is gathered once.

    Args:
        network: the float network.
        images: normalised images.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10)).eval()
        >>> pricing = Pricing(network, torch.linspace(0, 1, 640).reshape(10, 64))
        >>> pricing.of(Design.load("sonos-a")).arrays
        1
    """

    def __init__(self, network: nn.Module, images: Tensor) -> None:
        self.network, self.images = network, images[:IMAGES]
        self._statistics: dict[str, Statistics] = {}
        self._lock = Lock()

    def of(self, design: Design) -> NetworkCost:
        """The cost of a design.

        Args:
            design: the accelerator.

        Raises:
            DesignError: it has no converters, or keeps every layer digital.
        """
        seen = _finely_coded(design)
        inputs = [(each.inputs.range, each.inputs.signed) for each in seen.variants()]
        alike = repr((seen.inputs.bits, inputs, [(rule.match, rule.digital) for rule in seen.layers]))
        with self._lock:
            if alike not in self._statistics:
                self._statistics[alike] = gather_statistics(self.network, seen, self.images)
        return network_cost(self._statistics[alike], design)


def cost_in_parts(cost: Mapping[str, Any]) -> dict[str, Any]:
    """Totals, and the shares of the largest components of energy and area, for the page.

    Args:
        cost: of a design, as `NetworkCost.to_dict` gives it and a store keeps it.

    Examples:
        >>> parts = cost_in_parts({"energy_uJ": 2.0, "energies_pJ": {"ADCs": 1.5e6, "cells": 0.5e6}})
        >>> parts["energy_uJ"], parts["energy_parts"], parts["area_mm2"]
        (2.0, [('ADCs', 0.75), ('cells', 0.25)], None)
    """
    return {
        **{name: cost.get(name) for name in (*COMPARED, "TOPS_per_W", "library")},
        "energy_parts": _largest(cost.get("energies_pJ", {})),
        "area_parts": _largest(cost.get("areas_mm2", {})),
    }


def _largest(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Names and shares of the largest parts, and of the others together."""
    total = sum(parts.values()) or 1.0
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    named = [(name, value / total) for name, value in ordered[:NAMED]]
    rest = sum(value for _, value in ordered[NAMED:]) / total
    return [*named, ("others", rest)] if rest > 0 else named


def price(pricing: Pricing, design: Design) -> tuple[dict[str, Any] | None, str]:
    """The cost of a design for the page, and what it rests on; or nothing, and why there is none.

    Args:
        pricing: of its network.
        design: the accelerator.
    """
    try:
        cost = pricing.of(design).to_dict()
    except DesignError as error:
        return None, f"no cost: {error}"
    images = counted(len(pricing.images), "calibration image")
    return cost_in_parts(cost), f"energy from {images} until it is measured"


def _finely_coded(design: Design) -> Design:
    """The design with inputs of so many bits, in all layers, that statistics of it serve those with fewer, too."""
    bits = max(8 if each.inputs.bits == "float" else each.inputs.bits for each in design.variants())
    rules = tuple(rule.without("inputs.bits") for rule in design.layers)
    return design.model_copy(update={"layers": rules}).with_settings({"inputs.bits": max(8, bits)})
