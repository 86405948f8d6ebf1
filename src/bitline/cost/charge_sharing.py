"""What arrays of capacitors cost: charge of the array's own capacitors, their area, and the time until they settle."""

from __future__ import annotations

import math

from bitline.arrays.charge_sharing import ChargeSharingArray
from bitline.cost.circuits import CapacitiveCells, CellReads
from bitline.cost.library import Library
from bitline.cost.quantity import Quantity
from bitline.cost.scaling import at_node, supply_of
from bitline.cost.stated_cells import cells_of
from bitline.design import Design
from bitline.errors import DesignError

STAND_IN = "sram-28nm"
"""Library whose cells stand in where a design has capacitors and its library has none."""


def capacitors_of(design: Design) -> ChargeSharingArray | None:
    """The array of a layer whose cells are capacitors that share their charge; None where they are not."""
    return design.array if isinstance(design.array, ChargeSharingArray) else None


def with_capacitors(design: Design, library: Library) -> Library:
    """A library with cells that the design's arrays can be made of.

    Args:
        design: the accelerator.
        library: circuits; if it has no capacitive cells and the design needs them, those of `STAND_IN` are carried to
            its node and supply.

    Raises:
        DesignError: some layers lie on capacitors and others do not, and the library has no capacitive cells.

    Examples:
        >>> carried = with_capacitors(Design(array={"kind": "charge-sharing"}), Library.load("sonos-40nm"))
        >>> carried.cells.kind, carried.cells.gate_fF.basis
        ('capacitive', 'sram-28nm, carried from 28 nm and 0.9 V to 40 nm and 1.1 V by constant-field scaling')
    """
    kinds = [capacitors_of(variant) is not None for variant in design.variants()]
    if isinstance(library.cells, CapacitiveCells) or not any(kinds):
        return library
    if not all(kinds):
        raise DesignError(
            f"library {library.name!r} has no capacitive cells, and design {design.name!r} has some layers with "
            "array.kind = 'charge-sharing' and some without: use one kind of array, or cost the layers apart"
        )
    cells = at_node(Library.load(STAND_IN), library.node_nm, supply_of(library)).cells
    return library.model_copy(update={"cells": cells})


def stands_in(library: Library) -> bool:
    """Whether the capacitive cells of a library are those of `STAND_IN`."""
    cells = library.cells
    is_carried = isinstance(cells, CapacitiveCells) and cells.gate_fF.basis.startswith(f"{STAND_IN},")
    return is_carried and not library.name.startswith(STAND_IN)


def numbers_of(design: Design) -> dict[str, Quantity]:
    """Numbers of a design that its cost follows from, by dotted name."""
    array = capacitors_of(design)
    found = {} if array is None else {"array.supply_V": array.supply_V, "array.capacitor_fF": array.capacitor_fF}
    return {name: Quantity(value=value, source="the design") for name, value in found.items() if value is not None}


def cells_pJ(design: Design, library: Library, reads: CellReads) -> float:
    """Energy of reading cells, those of the library with what the design states of them (`bitline.cost.stated_cells`).

    A capacitor that shares its charge is charged with the product of weight and input and discharged before the next
    read. The charge C w u V_dd comes from the supply, whatever the voltage it is charged to, so a read takes C w u
    V_dd^2, and the gate that multiplies as much for its own capacitance. Such cells charge their capacitors first and
    join them then (Valavi et al., IEEE JSSC 54(6), 2019). Where inputs are coupled into a line that is joined already,
    k of n capacitors take only 1 - k / n of that, so this is an upper bound for those.

    Args:
        design: of a layer.
        library: circuits.
        reads: how often cells are read.

    Examples:
        A thousand reads of 2 fF at 0.8 V, of which a quarter gives a charge:

        >>> library = Library.load("sram-28nm").with_settings({"cells.gate_fF": 0.5})
        >>> design = Design(array={"kind": "charge-sharing", "capacitor_fF": 2.0, "supply_V": 0.8})
        >>> round(cells_pJ(design, library, CellReads(conductance=250, charge=250, cells=1000, arrays=1, size=1000)), 6)
        0.4
    """
    array, cells = capacitors_of(design), library.cells
    if array is None or not isinstance(cells, CapacitiveCells):
        return cells_of(design, library).energy_pJ(reads, library.slice_ns.value)
    charged_fF = capacitor_fF(array, cells) + cells.gate_fF.value
    return 1e-3 * charged_fF * array.supply_V**2 * reads.charge


def cell_um2(design: Design, library: Library) -> float:
    """Area of a cell: that of its transistors, or of the capacitor above them where that is larger."""
    array, cells = capacitors_of(design), library.cells
    if array is None or not isinstance(cells, CapacitiveCells):
        return cells.area.value
    density = cells.density_fF_per_um2.value
    return max(cells.area.value, capacitor_fF(array, cells) / density if density else 0.0)


def slice_ns(design: Design, library: Library, bits: int) -> float:
    """Time that a slice of the inputs is applied: the library's, or longer where capacitors settle later.

    A line whose n capacitors are joined settles like a distributed one that is closed at both ends, whose slowest mode
    decays with R C / pi^2 for the resistance and capacitance of the whole line, after the charge has come through the
    switches (R_switch C_cell). It has settled when exp(-t / tau) is half of a step of the converter, after (bits + 1)
    ln 2 of these times.

    Args:
        design: of a layer.
        library: circuits.
        bits: resolution of the converters.

    Examples:
        >>> tall = Design(array={"kind": "charge-sharing", "rows": 2304, "capacitor_fF": 2.0})
        >>> library = Library.load("sram-28nm").with_settings({"cells.line_ohm": 4.0})
        >>> [round(slice_ns(tall, library, bits), 2) for bits in (1, 4, 8)]
        [5.99, 14.98, 26.97]
    """
    array, cells = capacitors_of(design), library.cells
    if array is None or not isinstance(cells, CapacitiveCells):
        return library.slice_ns.value
    own_fF, rows = capacitor_fF(array, cells), array.rows
    line_ns = 1e-6 * rows * cells.line_ohm.value * rows * own_fF * (1 + array.parasitic) / math.pi**2
    switch_ns = 1e-3 * cells.switch_kohm.value * own_fF
    return max(library.slice_ns.value, (bits + 1) * math.log(2) * (line_ns + switch_ns))


def capacitor_fF(array: ChargeSharingArray, cells: CapacitiveCells) -> float:
    """Capacitor of a cell: the array's, or the library's where the array does not say."""
    return cells.capacitor_fF.value if array.capacitor_fF is None else array.capacitor_fF
