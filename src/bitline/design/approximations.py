"""What of a design is computed approximately, by how much, and what is exact instead.

Sizes were measured against the nodal analysis of arrays of 12 to 576 rows with segments of wire of 1e-6 to 4e-3 of a
cell's resistance. What wires cost is the largest change of an output, as a fraction of the largest output without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bitline.design.design import Design
from bitline.design.noisy_reads import has_noisy_cells, has_noisy_lines
from bitline.devices import Cell, ChargeSharing, StateIndependent, StateProportional
from bitline.devices.measurements import TableDevice
from bitline.devices.programming import WriteVerify


def approximations(design: Design) -> tuple[str, ...]:
    """One sentence for each approximation in the simulation of a design or of one of its layer rules.

    Examples:
        >>> approximations(Design())
        ()
    """
    found: dict[str, None] = {}
    for variant in design.variants():
        found |= dict.fromkeys((*variant.array.approximations, *variant.adc.approximations))
        found |= dict.fromkeys(text for applies, text in APPROXIMATIONS.items() if applies(variant))
    return tuple(found)


def device_notes(design: Design) -> tuple[str, ...]:
    """What devices and curves say of their use in a design, such as what is extrapolated; one sentence each.

    Examples:
        >>> device_notes(Design())
        ()
    """
    cells = [variant.cell for variant in design.variants()]
    devices = [note for cell in cells for note in cell.device.notes(cell.window_low, cell.time)]
    devices += [note for cell in cells for note in _hardly_meant(cell)]
    return tuple(dict.fromkeys([*devices, *(note for cell in cells for note in cell.current_voltage.notes())]))


def _hardly_meant(cell: Cell) -> Iterator[str]:
    """What is said of fractions that look like per cent."""
    device = cell.device
    if isinstance(device, (StateIndependent, StateProportional, ChargeSharing)) and device.alpha >= 1:
        yield f"cell.device.alpha is {device.alpha:g}, which are errors of {100 * device.alpha:g} %: 0.05 are 5 %"
    if isinstance(cell.programming, WriteVerify) and cell.programming.tolerance >= 1:
        tolerance = cell.programming.tolerance
        yield f"cell.programming.tolerance is {tolerance:g} G_max, which every write meets: 0.05 are 5 % of G_max"


def _reads_end_at_zero(design: Design) -> bool:
    return has_noisy_cells(design) and getattr(design.cell.read_noise, "clip", "none") == "zero"


def _ranges_without_wires(design: Design) -> bool:
    return design.array.has_wires and _is_calibrated_on_nothing_real(design)


def _ranges_without_noise(design: Design) -> bool:
    noisy = has_noisy_cells(design) or has_noisy_lines(design) or design.inputs.drivers.noise > 0
    return noisy and _is_calibrated_on_nothing_real(design)


def _is_calibrated_on_nothing_real(design: Design) -> bool:
    return design.needs_calibrated_adc and design.adc.calibrated_on == "ideal"


def _writes_measured_cells_again(design: Design) -> bool:
    return design.cell.programming.kind != "once" and isinstance(design.cell.device, TableDevice)


APPROXIMATIONS: dict[Callable[[Design], bool], str] = {
    _reads_end_at_zero: "cell.read_noise.clip is 'zero', and the noise of a sum of reads is drawn as a normal number "
    "with their mean and variance: its skewness, up to 1.4 over the square root of the rows that are on, is left out; "
    "exact with 'none'",
    _writes_measured_cells_again: "each write of a cell draws another one of the measured cells, so that cells "
    "that are stuck in the table do not stay so: take them out of the table, and state them with cell.faults",
    _ranges_without_wires: "ADC ranges are calibrated without wires: up to what the wires cost of each range stays "
    "unused; exact with adc.calibrated_on = 'chip' or adc.range = 'full'",
    _ranges_without_noise: "ADC ranges are calibrated without the noise of reads and row drivers: each end is too near "
    "by up to 4 standard deviations of an output's noise; exact with adc.calibrated_on = 'chip' or adc.range = 'full'",
}
"""Who is concerned, and what they should know."""
