"""The cells of a layer: those of the library, with what the design states of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from bitline.cost.circuits import AnyCells, OhmicCells
from bitline.cost.library import Library
from bitline.cost.quantity import Quantity
from bitline.design import Design
from bitline.design.stated_conductance import StatedGmax, stated_G_max
from bitline.devices import TableDevice


def cells_of(design: Design, library: Library) -> AnyCells:
    """The library's cells; ohmic ones with the G_max and the read voltage that the design states.

    A device says how much its cells conduct at G_max; where it does not, the curve of current against voltage or wires
    in ohms may. A device that states a current has it at the read voltage: that of the curve, or of the library.

    Args:
        design: of a layer.
        library: circuits.

    Examples:
        >>> cells = cells_of(Design(cell={"device": "pcm-joshi-2020"}), Library.load("sonos-40nm"))
        >>> cells.G_max_uS.value, cells.G_max_uS.source, cells.read_V.value
        (25.0, "cell.device 'pcm-joshi-2020'", 0.1)
    """
    return _stated(design, library.cells) if isinstance(library.cells, OhmicCells) else library.cells


def _stated(design: Design, cells: OhmicCells) -> OhmicCells:
    return cells.model_copy(update={known.name: known.costed for known in stated_numbers(design, cells)})


@dataclass(frozen=True)
class StatedNumber:
    """A number of the cells that a design states.

    Attributes:
        name: of the number of the library's cells whose place it takes.
        costed: what takes its place.
        setting: dotted name in the design.
        stated: what the design says, in the unit of the setting.
        power: with which the energy of the cells follows it.
    """

    name: str
    costed: Quantity
    setting: str
    stated: Quantity
    power: int


def stated_numbers(design: Design, cells: OhmicCells) -> Iterator[StatedNumber]:
    """Numbers of the cells that the design states.

    Args:
        design: of a layer.
        cells: of the library.
    """
    curve, stated = design.cell.current_voltage, stated_G_max(design)[:1]
    read_V = curve.stated_read_V if curve.is_loaded else None
    is_current = any(known.full_scale.is_current for known in stated)
    if read_V is not None:
        volts = Quantity(value=read_V, source=f"cell.current_voltage {curve.kind!r}")
        yield StatedNumber("read_V", volts, "cell.current_voltage.read_voltage_V", volts, 1 if is_current else 2)
    for known in stated:
        largest = known.full_scale.conductance_uS(cells.read_V.value if read_V is None else read_V)
        costed, own = (Quantity(value=value, source=known.by) for value in (largest, known.full_scale.value))
        yield StatedNumber("G_max_uS", costed, known.setting, own, 1)


def notes_of_cells(design: Design, library: Library) -> Iterator[str]:
    """Where a library's cells are others than those of a layer's design, and which of them are costed.

    Args:
        design: of a layer.
        library: circuits.
    """
    stated = stated_G_max(design)
    if not isinstance(library.cells, OhmicCells):
        if stated and design.array.kind != "charge-sharing":
            yield (
                f"cells of library {library.name!r} take the same energy for every read, whatever they conduct: the "
                f"{stated[0].full_scale} of {stated[0].by} make no difference to it"
            )
        return
    own = _stated(design, library.cells)
    for name, unit, what in (("read_V", "V", "are read at"), ("G_max_uS", "uS", "conduct")):
        costed, known = getattr(own, name), getattr(library.cells, name)
        if not math.isclose(costed.value, known.value, rel_tol=1e-6):
            at = " at G_max" if name == "G_max_uS" else ""
            yield (
                f"cells {what} {costed.value:g} {unit}{at}, as {costed.source} says; the {known.value:g} {unit} of "
                f"library {library.name!r} are not used"
            )
    yield from _other_wires(stated, own)
    device = design.cell.device
    if isinstance(device, TableDevice) and not stated:
        yield (
            f"{device.file} names no unit of conductances or currents ({device.unit}): its cells are costed with the "
            f"{own.G_max_uS.value:g} uS at G_max of library {library.name!r}; name the unit in its headers, or with "
            "cell.device.unit"
        )


def _other_wires(stated: tuple[StatedGmax, ...], own: OhmicCells) -> Iterator[str]:
    """Wires in ohms beside cells whose current is known, which is a conductance at the read voltage only."""
    for other in stated[1:]:
        largest = other.full_scale.conductance_uS(own.read_V.value)
        if not math.isclose(largest, own.G_max_uS.value, rel_tol=1e-6):
            yield (
                f"{other.by} is {largest:g} uS, and cells conduct {own.G_max_uS.value:g} uS at G_max and "
                f"{own.read_V.value:g} V by {stated[0].by}: use {other.setting} = {own.G_max_uS.value:g}"
            )
