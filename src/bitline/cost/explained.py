"""Where a cost comes from: its parts, the numbers of the library behind each part, and who published them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bitline.config.arguments import checked
from bitline.config.messages import nearest
from bitline.cost.charge_sharing import numbers_of
from bitline.cost.circuits import OhmicCells
from bitline.cost.designs import design_and_library
from bitline.cost.interval import Interval, bounds, intervals
from bitline.cost.library import Library
from bitline.cost.network import network_cost
from bitline.cost.quantity import Quantity
from bitline.cost.result import OUTSIDE, NetworkCost
from bitline.cost.stated_cells import stated_numbers
from bitline.cost.statistics import Statistics
from bitline.design import Design
from bitline.errors import DesignError

WITH_INTERVALS = ("energy_uJ", "TOPS_per_W", "area_mm2", "latency_us", "images_per_s")
"""Totals of a network that get an interval."""
STEP = 1.01
"""Factor by which a number is changed to see what follows from it."""


@dataclass(frozen=True)
class ExplainedPart:
    """A component of a cost, and one number of the library that it follows from.

    Attributes:
        component: part of the cost, as in `NetworkCost.energies_pJ`.
        value: its cost, in the unit of `unit`.
        unit: of the value.
        share: of the whole.
        quantity: dotted name of the number.
        number: the number itself.
        exponent: by how many per cent the part grows if the number grows by one.

    Examples:
        >>> ExplainedPart("ADCs", 0.3, "µJ", 0.2, "adc_pJ", Quantity(value=2.0, source="Table 1"), 1.0).origin
        'Table 1'
    """

    component: str
    value: float
    unit: str
    share: float
    quantity: str
    number: Quantity
    exponent: float

    @property
    def origin(self) -> str:
        """The number's source, or what the estimate rests on."""
        return self.number.source or f"estimate: {self.number.basis or 'nothing said'}"

    @property
    def interval(self) -> Interval:
        """What the number may well be."""
        return bounds(self.number)


def _energies(cost: NetworkCost) -> dict[str, float]:
    return {name: 1e-6 * value for name, value in cost.energies_pJ.items()}


def _areas(cost: NetworkCost) -> dict[str, float]:
    return dict(cost.areas_mm2)


def _latencies(cost: NetworkCost) -> dict[str, float]:
    return {layer.name: 1e-3 * layer.time_ns for layer in cost.layers if layer.time_ns}


EXPLAINED: dict[str, tuple[str, Callable[[NetworkCost], dict[str, float]]]] = {
    "energy": ("µJ", _energies),
    "area": ("mm²", _areas),
    "latency": ("µs", _latencies),
}
"""What can be explained, in which unit and parts."""


@checked(DesignError)
def explained(
    what: str, statistics: Statistics, design: Design | str, library: Library | None = None
) -> tuple[ExplainedPart, ...]:
    """The parts of a cost with the numbers that each follows from, largest parts first.

    Every number of the library, and of the design where it says what its circuits are, is raised by one per cent alone,
    and the parts that change follow from it. What a device says of its cells stays: their energy is proportional to it.

    Args:
        what: 'energy', 'area' or 'latency', whose parts are layers.
        statistics: of the network.
        design: the accelerator.
        library: circuits; those that the design names if not given.

    Raises:
        DesignError: there is no such cost, or the design has none.

    Examples:
        >>> from bitline.cost import gather_statistics
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> for part in explained("energy", statistics, "sonos-a")[:2]:
        ...     print(part.component, part.quantity, round(part.exponent, 2), "|", part.origin[:45])
        row drivers drivers.supply_V 1.97 | estimate: usual supply of input transistors a
        row drivers drivers.cell_fF 0.74 | estimate: energies of Xiao et al. 2022, Table
    """
    if what not in EXPLAINED:
        raise DesignError(f"there is no cost {what!r} to explain{nearest(what, EXPLAINED)}")
    unit, parts_of = EXPLAINED[what]
    design, library = design_and_library(design, library)
    cost = network_cost(statistics, design, library)
    parts = parts_of(cost)
    whole = sum(parts.values())
    found, circuits = [], library.quantities()
    for name, quantity in {**circuits, **numbers_of(design)}.items():
        step = STEP if STEP * quantity.value <= quantity.LARGEST else 1 / STEP
        raised = {name: step * quantity.value}
        if name in circuits:
            changed = network_cost(statistics, design, library.with_settings(raised))
        else:
            changed = network_cost(statistics, design.with_settings(raised), library)
        for component, exponent in _exponents(parts, parts_of(changed), step).items():
            value = parts[component]
            found.append(ExplainedPart(component, value, unit, value / whole, name, quantity, exponent))
    if what == "energy" and parts.get("cells"):
        for name, quantity, exponent in _of_cells(cost, design, library):
            found.append(ExplainedPart("cells", parts["cells"], unit, parts["cells"] / whole, name, quantity, exponent))
    return tuple(sorted(found, key=lambda part: (-part.value, part.component, -abs(part.exponent))))


def _of_cells(cost: NetworkCost, design: Design, library: Library) -> Iterator[tuple[str, Quantity, float]]:
    """Numbers of cells that the design states, and the power with which the energy of all cells follows each of them.

    Layers whose rules choose other cells have numbers of their own.
    """
    followed: dict[tuple[str, Quantity], float] = defaultdict(float)
    for layer in cost.layers:
        own = None if layer.name == OUTSIDE else design.for_layer(layer.name)
        if own is not None and isinstance(library.cells, OhmicCells):
            for known in stated_numbers(own, library.cells):
                followed[known.setting, known.stated] += known.power * layer.energies_pJ["cells"]
    for (name, quantity), energy in followed.items():
        yield name, quantity, energy / cost.energies_pJ["cells"]


def _exponents(parts: Mapping[str, float], changed: Mapping[str, float], step: float) -> dict[str, float]:
    """By which power every part follows a number that was multiplied by `step`, of those that change."""
    ratios = {name: changed[name] / value for name, value in parts.items() if value and name in changed}
    return {name: math.log(ratio) / math.log(step) for name, ratio in ratios.items() if abs(ratio - 1) > 1e-9}


@checked(DesignError)
def cost_intervals(statistics: Statistics, design: Design | str, library: Library | None = None) -> dict[str, Interval]:
    """What the totals of a network may well be, see `intervals`.

    Args:
        statistics: of the network.
        design: the accelerator.
        library: circuits; those that the design names if not given.

    Examples:
        >>> from bitline.cost import gather_statistics
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> print(cost_intervals(statistics, "sonos-a")["latency_us"])
        0.292 to 0.39
    """
    design, library = design_and_library(design, library)

    def totals(other: Library) -> dict[str, float]:
        found = network_cost(statistics, design, other).totals()
        return {name: found[name] for name in WITH_INTERVALS}

    return intervals(totals, library)


@checked(DesignError)
def ranking(found: Mapping[str, Interval], values: Mapping[str, float]) -> tuple[tuple[str, ...], ...]:
    """Names in groups from the lowest value to the highest; names whose intervals overlap are in one group, unranked.

    Args:
        found: interval of every name.
        values: value of every name.

    Examples:
        >>> ranking({"a": Interval(1, 3), "b": Interval(2, 4), "c": Interval(6, 9)}, {"a": 2.0, "b": 3.0, "c": 7.0})
        (('a', 'b'), ('c',))
    """
    groups: list[list[str]] = []
    for name in sorted(values, key=values.__getitem__):
        if groups and any(found[name].overlaps(found[earlier]) for earlier in groups[-1]):
            groups[-1].append(name)
        else:
            groups.append([name])
    return tuple(map(tuple, groups))
