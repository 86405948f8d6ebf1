"""Energy, area and latency of a network on a design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bitline.config.arguments import checked
from bitline.config.messages import nearest
from bitline.cost import area
from bitline.cost._digital_work import DigitalWork
from bitline.cost.analog import analog_layers
from bitline.cost.components import largest_first
from bitline.cost.designs import design_and_library
from bitline.cost.library import Library
from bitline.cost.mapping import UnitsInUse, copies_of
from bitline.cost.notes import cost_notes, notes_of_copies
from bitline.cost.outside import outside_cost
from bitline.cost.placed import PlacedMatrix
from bitline.cost.result import NetworkCost
from bitline.cost.statistics import Statistics
from bitline.design import Design
from bitline.errors import DesignError


@checked(DesignError)
def network_cost(
    statistics: Statistics,
    design: Design | str,
    library: Library | None = None,
    skipped: Mapping[str, float] | None = None,
) -> NetworkCost:
    """Energy, area and latency of a network on a design.

    Layers work one after the other on an image; moving data and digital layers are taken to be hidden behind the arrays
    and cost energy and area only.

    Args:
        statistics: of the network, from `gather_statistics`.
        design: the accelerator.
        library: circuits; those that the design names if not given.
        skipped: share of the conversions of each layer that are left out because all inputs of an array are 0, by name.

    Raises:
        DesignError: the design has no converter, there is no such library, or `skipped` names no layer or is no share.

    Examples:
        >>> from bitline.cost import gather_statistics
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> print(network_cost(statistics, "sonos-a"))
        cost of an inference on sonos-a, library sonos-40nm
          energy  0.000638 µJ  2.01 TOPS/W, 997 fJ per MAC
          area      0.563 mm²  0.00676 TOPS/mm², 1 array, 0.22 % of cells used
          latency    0.336 µs  2,976,190 inferences/s, 0.0019 W
          most energy  row drivers 41 %, buffers 29 %, network 8 %
          most area    buffers 47 %, ADCs 18 %, cells 16 %
          1 note on estimates and on what is not counted: see .notes
    """
    design, library = design_and_library(design, library)
    skipped = _checked(skipped or {}, statistics)
    matrices = [
        PlacedMatrix.of(statistics, layer, own, library, skipped.get(layer.name, 0.0))
        for layer, own in analog_layers(statistics, design)
    ]
    analog = {matrix.layer.name for matrix in matrices}
    digital_macs = (layer.macs for layer in statistics.layers if layer.name not in analog)
    digital = replace(statistics.digital, macs=sum(digital_macs, statistics.digital.macs))
    notes = (*cost_notes(matrices, digital, library, skipped), *statistics.sizes.notes, *statistics.ways)
    return _together(matrices, digital, design, library, notes)


def _checked(skipped: Mapping[str, float], statistics: Statistics) -> Mapping[str, float]:
    """Shares of conversions that are left out, of layers that exist."""
    layers = [layer.name for layer in statistics.layers]
    for name, share in skipped.items():
        if name not in layers:
            raise DesignError(f"skipped names the layer {name!r}, which is not analog here{nearest(name, layers)}")
        if not 0 <= share <= 1:
            raise DesignError(f"skipped is {share} for layer {name!r}: use the share of its conversions, from 0 to 1")
    return skipped


def _together(
    matrices: Sequence[PlacedMatrix], digital: DigitalWork, design: Design, library: Library, notes: tuple[str, ...]
) -> NetworkCost:
    copies = _copies(matrices, design)
    layers = [matrix.cost(count) for matrix, count in zip(matrices, copies, strict=True)]
    latency = sum(layer.time_ns for layer in layers)
    interval = max(layer.interval_ns for layer in layers) if design.hardware.pipelined else latency
    units = UnitsInUse.of(sum(layer.cores for layer in layers), library)
    areas: Counter[str] = Counter()
    for matrix, count in zip(matrices, copies, strict=True):
        areas.update(matrix.areas(count))
    areas.update(area.times(area.tile_area(library), units.tiles))
    areas.update(area.times(area.chip_area(library), units.chips))
    return NetworkCost(
        design=design.name,
        library=library.name,
        layers=(*layers, outside_cost(digital, design, library, units, interval)),
        areas_mm2=largest_first(areas),
        tiles=units.tiles,
        chips=units.chips,
        latency_ns=latency,
        interval_ns=interval,
        notes=(*notes, *notes_of_copies(layers)),
    )


def _copies(matrices: Sequence[PlacedMatrix], design: Design) -> list[int]:
    """Copies of every matrix."""
    copies = copies_of(
        design.hardware.duplication,
        {matrix.layer.name: matrix.work.mapping.arrays for matrix in matrices},
        {matrix.layer.name: matrix.shared_steps for matrix in matrices},
        {matrix.layer.name: matrix.product_ns for matrix in matrices},
    )
    return [copies[matrix.layer.name] for matrix in matrices]
