"""Energy, area and latency of designs while somebody drags a control."""

from __future__ import annotations

from threading import Lock
from typing import Any

from torch import Tensor, nn

from bitline.cost import NetworkCost, Statistics, gather_statistics, network_cost
from bitline.design import Design
from bitline.errors import DesignError

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
        rules = [(rule.match, rule.digital) for rule in design.layers]
        alike = repr((_resolution(design), design.inputs.range, rules))
        with self._lock:
            if alike not in self._statistics:
                whole = design.with_settings({"inputs.bits": _resolution(design)})
                self._statistics[alike] = gather_statistics(self.network, whole, self.images)
        return network_cost(self._statistics[alike], design)


def cost_in_parts(cost: NetworkCost) -> dict[str, Any]:
    """Totals, and the shares of the largest components of energy and area, for the page.

    Args:
        cost: of a design.
    """
    return {
        **{name: value for name, value in cost.totals().items() if name in ("energy_uJ", "area_mm2", "latency_us")},
        "TOPS_per_W": cost.TOPS_per_W,
        "energy_parts": _largest(cost.energies_pJ),
        "area_parts": _largest(dict(cost.areas_mm2)),
        "library": cost.library,
    }


def _largest(parts: dict[str, float]) -> list[tuple[str, float]]:
    """Names and shares of the largest parts, and of the others together."""
    total = sum(parts.values()) or 1.0
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    named = [(name, value / total) for name, value in ordered[:NAMED]]
    rest = sum(value for _, value in ordered[NAMED:]) / total
    return [*named, ("others", rest)] if rest > 0 else named


def price(pricing: Pricing, design: Design) -> tuple[dict[str, Any] | None, str]:
    """The cost of a design for the page, or why there is none.

    Args:
        pricing: of its network.
        design: the accelerator.
    """
    try:
        return cost_in_parts(pricing.of(design)), ""
    except DesignError as error:
        return None, str(error)


def _resolution(design: Design) -> int:
    """Bits of inputs that activity is counted with: at least those of most designs."""
    return 8 if design.inputs.bits == "float" else max(8, design.inputs.bits)
