"""The layers of a network that a design has on arrays."""

from __future__ import annotations

from bitline.cost.statistics import LayerStatistics, Statistics
from bitline.design import Design
from bitline.errors import DesignError
from bitline.numerics.text import listed

NAMED = 3
"""Layers that a message names."""


def analog_layers(statistics: Statistics, design: Design) -> list[tuple[LayerStatistics, Design]]:
    """Layers on arrays, each with the design that its rule makes.

    Args:
        statistics: of the network.
        design: the accelerator.

    Raises:
        DesignError: the design keeps every layer digital, or has layers on arrays that the statistics have not.

    Examples:
        >>> from bitline.cost import gather_statistics
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10), torch.nn.Linear(10, 4))
        >>> statistics = gather_statistics(network, "sonos-a", torch.rand(10, 64))
        >>> design = Design(layers=[{"match": "0", "digital": True}])
        >>> [layer.name for layer, own in analog_layers(statistics, design)]
        ['1']
    """
    pairs = [(layer, design.for_layer(layer.name)) for layer in statistics.layers]
    found = [(layer, own) for layer, own in pairs if own is not None]
    lacking = [name for name in statistics.kept if design.for_layer(name) is not None]
    if lacking:
        raise DesignError(
            f"the statistics are those of a design that keeps {listed([*map(repr, lacking)], NAMED)} digital, "
            f"and design {design.name!r} does not: gather them for this design"
        )
    if not found:
        raise DesignError(f"design {design.name!r} keeps every layer digital: there is no array to cost")
    return found
