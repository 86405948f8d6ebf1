"""Cost of what a network computes outside its arrays, and of the tiles and chips around them."""

from __future__ import annotations

from bitline.cost._digital_work import DigitalWork
from bitline.cost.library import Library
from bitline.cost.mapping import UnitsInUse
from bitline.cost.result import OUTSIDE, LayerCost
from bitline.design import Design


def outside_cost(
    work: DigitalWork, design: Design, library: Library, units: UnitsInUse, interval_ns: float
) -> LayerCost:
    """Energy of one image outside the analog layers.

    Args:
        work: digital operations of one image, those of layers that stay digital included.
        design: the accelerator.
        library: circuits.
        units: tiles and chips, whose parts with a known power draw it all the time.
        interval_ns: time from one image to the next.
    """
    bits = design.inputs.code_bits
    moved = 2 * work.additions + work.poolings + work.written
    energies = {
        "activations": library.activation.energy_pJ.value * work.activations,
        "adders": library.adder.energy_pJ.value * work.additions,
        "scaling": library.multiplier.energy_pJ.value * work.scalings,
        "pooling": library.pooling.energy_pJ.value * work.poolings,
        "digital layers": library.digital_mac.energy_pJ.value * work.macs,
        "buffers": library.buffer_bit.energy_pJ.value * bits * moved,
    }
    energies |= library.standing_pJ("tile", interval_ns, units.tiles)
    energies |= library.standing_pJ("chip", interval_ns, units.chips)
    return LayerCost(OUTSIDE, work.macs, 0, 0, 0, 0.0, 0.0, energies, 0.0, 0.0)
