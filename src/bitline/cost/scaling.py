"""A component library at another technology node and supply, by published rules.

Gates shrink as in constant-field scaling (Dennard et al., IEEE JSSC 9(5), 1974): with the ratio s of the nodes,
capacitance and delay go with s and areas with s^2; the energy of a charge goes with the capacitance and the square of
the supply. Wires keep their capacitance for each micrometre (Ho, Mai, and Horowitz, Proceedings of the IEEE 89(4),
2001), a cell's piece of a wire has a resistance that grows with 1/s, switches keep theirs, metal capacitors and
memory cells their values. Real nodes below 65 nm shrink less than their names say (Stillmaker and Baas, Integration
58, 2017), so an estimate of a library gets less certain the farther it is carried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from bitline.config.arguments import checked
from bitline.cost.library import Library
from bitline.cost.quantity import Quantity
from bitline.errors import DesignError

USUAL_SUPPLY_V = {
    250: 2.5,
    180: 1.8,
    130: 1.3,
    90: 1.2,
    65: 1.1,
    45: 1.0,
    40: 1.1,
    32: 0.9,
    22: 0.85,
    14: 0.8,
    10: 0.75,
    7: 0.7,
}
"""Supplies by node in nm.

From 130 to 7 nm, they are those of the Predictive Technology Model for high performance, as NeuroSim has them
(Technology.cpp of DNN+NeuroSim 1.3), and at 32 nm that of CACTI 7 (tech_params/32nm.dat). Those of 250 and 180 nm are
assumptions, and so is that of 40 nm: low-power processes have 1.1 V there, with which energies are 1.21 times those of
1 V. A library that says its supply does not use them."""


def usual_supply_V(node_nm: float) -> float:
    """The supply that is usual at a node, that of the nearest one known.

    Examples:
        >>> usual_supply_V(40), usual_supply_V(28)
        (1.1, 0.9)
    """
    return USUAL_SUPPLY_V[min(USUAL_SUPPLY_V, key=lambda node: abs(node - node_nm))]


def supply_of(library: Library) -> float:
    """Supply of a library's logic in volts."""
    return usual_supply_V(library.node_nm) if library.supply_V is None else library.supply_V.value


@dataclass(frozen=True)
class Step:
    """From one node and supply to another.

    Attributes:
        shrunk: ratio of the nodes, new over old.
        supply: ratio of the supplies, new over old.
        keeps_pace: whether circuits do as much in a second as before, and not as much more as gates are faster.
    """

    shrunk: float
    supply: float
    keeps_pace: bool = False

    def factor(self, name: str) -> float:
        """What a number of a library is multiplied by, from its dotted name."""
        gates, volts = _powers(name)
        if self.keeps_pace and name.endswith("power_mW"):
            gates += 1
        return float(self.shrunk**gates * self.supply**volts)


RULES = (
    (r"capacitor_fF$|wire_fF_per_um$|density_fF_per_um2$|^cells\.read_V$|^cells\.read_pJ$", 0, 0),
    (r"_fF$", 1, 0),
    (r"_V$", 0, 1),
    (r"_pJ$", 1, 2),
    (r"power_mW$", 0, 2),
    (r"line_ohm$", -1, 0),
    (r"_ns$", 1, 0),
    (r"clock_GHz$|rate_MS_per_s$", -1, 0),
    (r"width_um$", 1, 0),
    (r"_um2$|area$|_mm2$", 2, 0),
)
"""Ends of names of numbers, and the powers of the ratios of nodes and of supplies that they are multiplied by."""


@cache
def _powers(name: str) -> tuple[int, int]:
    """The powers of the ratios of nodes and of supplies that a number is multiplied by, from its dotted name."""
    return next(((gates, volts) for pattern, gates, volts in RULES if re.search(pattern, name)), (0, 0))


@checked(DesignError)
def at_node(library: Library, node_nm: float, supply_V: float | None = None, *, keeps_pace: bool = False) -> Library:
    """A library carried to another node and supply.

    Args:
        library: circuits.
        node_nm: technology node, 3 to 250.
        supply_V: of the logic; what is usual at the node if not given.
        keeps_pace: whether its circuits do as much in a second as before, because their rate is given: the known power
            of parts is then that of as much work. Otherwise clocks are as much faster as gates.

    Raises:
        DesignError: the node or the supply is not possible.

    Examples:
        >>> library = at_node(Library.load("sonos-40nm"), 20, supply_V=0.55)
        >>> round(library.adder.energy_pJ.value, 4), library.adder.energy_pJ.basis
        (0.0125, 'sonos-40nm, carried from 40 nm and 1.1 V to 20 nm and 0.55 V by constant-field scaling')
    """
    if not 3 <= node_nm <= 250:
        raise DesignError(f"the node is {node_nm} nm: use 3 to 250, between which scaling has been observed")
    volts = usual_supply_V(node_nm) if supply_V is None else supply_V
    if volts <= 0:
        raise DesignError(f"the supply is {volts} V: use a voltage above 0")
    old_V = supply_of(library)
    step = Step(node_nm / library.node_nm, volts / old_V, keeps_pace)
    if (step.shrunk, step.supply) == (1.0, 1.0):
        return library
    way = f"{library.name}, carried from {library.node_nm:g} nm and {old_V:g} V to {node_nm:g} nm and {volts:g} V"
    settings: dict[str, Any] = {
        name: _carried(quantity, step.factor(name), f"{way} by constant-field scaling")
        for name, quantity in library.quantities().items()
        if step.factor(name) != 1.0
    }
    nodes = {
        f"converters.{name}.node_nm": node_nm for name, own in library.converters.items() if hasattr(own, "node_nm")
    }
    whole = {"name": f"{library.name} at {node_nm:g} nm", "node_nm": node_nm, "supply_V": volts}
    return library.with_settings({**settings, **nodes, **whole})


def _carried(quantity: Quantity, factor: float, basis: str) -> dict[str, Any]:
    interval = [factor * bound for bound in quantity.range] if quantity.range else None
    return {"value": factor * quantity.value, "range": interval, "source": "", "basis": basis}
