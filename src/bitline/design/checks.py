"""Combinations of settings that no hardware has, refused with the remedy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from bitline.design.stated_conductance import stated_G_max
from bitline.numerics.summary import counted
from bitline.quantize import RowDrivers
from bitline.readout import Accumulator

if TYPE_CHECKING:  # a design is checked while it is made
    from bitline.design.design import Design


def guarantee(design: Design) -> None:
    """A guaranteed range takes as many bits as an array has outputs."""
    if design.adc.range.is_guaranteed and design.cell.window_is_known:
        needed = design.guaranteed_bits
        if design.adc.bits < needed:
            reason = "Eq. 2" if needed == math.ceil(design.full_precision_bits) else "Eq. 2, and currents at G_min"
            raise ValueError(
                f"adc.range is 'guaranteed' and adc.bits is {design.adc.bits}, but a level for every output of "
                f"{design.array.rows} rows takes {needed} bits ({reason}): use adc.bits = {needed}, fewer rows, or "
                "adc.range = 'calibrated'"
            )
        if any(design.adc.bits_saved):
            raise ValueError(
                f"adc.range is 'guaranteed' and adc.bits_saved is {list(design.adc.bits_saved)}, which takes levels "
                "away from some conversions: leave one of them out"
            )


def saved_bits(design: Design) -> None:
    """Bits are saved of conversions that low-order input bits have to themselves."""
    saved = design.adc.bits_saved
    if not saved:
        return
    if design.inputs.accumulation == "analog":
        raise ValueError(
            f"adc.bits_saved is {list(saved)}, but inputs.accumulation is 'analog', with one conversion for all "
            "input bits: use inputs.accumulation = 'digital' or 'mixed'"
        )
    if design.inputs.slicing(design.inputs.largest_magnitude_bits, signed=False).conversions == 1:
        raise ValueError(
            f"adc.bits_saved is {list(saved)}, but all {design.inputs.bits} input bits have one conversion: use "
            "a smaller inputs.slice_bits or inputs.analog_slices"
        )
    if max(saved) >= design.adc.bits:
        raise ValueError(
            f"adc.bits_saved is {list(saved)}, and an ADC of {counted(design.adc.bits, 'bit')} has none left then"
        )


def accumulator(design: Design) -> None:
    """Errors of an accumulator need an accumulator."""
    if design.inputs.accumulation == "digital" and design.inputs.accumulator != Accumulator():
        raise ValueError(
            "inputs.accumulator has errors and inputs.accumulation is 'digital', which has no accumulator: use "
            "inputs.accumulation = 'analog' or 'mixed', or leave inputs.accumulator out"
        )
    alone = design.inputs.accumulation == "mixed" and design.inputs.analog_slices == 1
    if alone and design.inputs.accumulator != Accumulator():
        raise ValueError(
            "inputs.accumulator has errors and inputs.analog_slices is 1, so that each conversion sees one slice and "
            "nothing is accumulated: use inputs.analog_slices = 2 or more, or leave inputs.accumulator out"
        )


def own_ranges(design: Design) -> None:
    """Separate ranges and centring need signals to choose them from, and conversions to tell apart."""
    for name, asked in (
        ("ranges_per", design.adc.ranges_per),
        ("centred", design.adc.centred),
        ("calibrated_on", design.adc.calibrated_on == "chip"),
    ):
        if asked and not design.adc.range.needs_calibration:
            raise ValueError(
                f"adc.{name} is set and adc.range is {design.adc.range.kind!r}, which takes no "
                "notice of signals: use adc.range = 'calibrated'"
            )
    if design.adc.centred and "column" in design.adc.ranges_per:
        raise ValueError(
            "adc.centred is true and adc.ranges_per has 'column', whose ranges lie around each column's signals "
            "already: leave one of them out"
        )
    if "input-slice" in design.adc.ranges_per and design.inputs.accumulation == "analog":
        raise ValueError(
            "adc.ranges_per has 'input-slice' and inputs.accumulation is 'analog', with one conversion for all "
            "input slices: use inputs.accumulation = 'digital' or 'mixed'"
        )


def given_ranges(design: Design) -> None:
    """A range for each weight slice needs as many slices."""
    stated, slices = design.adc.range.stated_slices, len(design.weights.converted_radix)
    if stated not in (None, slices):
        raise ValueError(
            f"adc.range states limits for {stated} weight slices, and ADCs convert {slices}: give as many limits, or "
            "one number for all"
        )


def analog_sums(design: Design) -> None:
    """What is added before a conversion has neither a range nor a digital sign of its own."""
    weights, array = design.weights, design.array
    if array.adds_partitions and "partition" in design.adc.ranges_per:
        raise ValueError(
            "adc.ranges_per has 'partition' and array.accumulation is 'analog', with one conversion for all row "
            "partitions: use array.accumulation = 'digital'"
        )
    flips = getattr(weights, "flipped_columns", False)
    if flips and (weights.adds_slices or array.adds_partitions):
        section = "weights" if weights.adds_slices else "array"
        raise ValueError(
            f"weights.flipped_columns is true and {section}.accumulation is 'analog', but only a digital sum can "
            f"subtract what some cells of a column hold inverted: use {section}.accumulation = 'digital', or "
            "weights.flipped_columns = false"
        )
    if array.adds_partitions and weights.kind == "polarised":
        raise ValueError(
            "weights.kind is 'polarised' and array.accumulation is 'analog', but the digital sum adds or subtracts "
            "each array's part of a column by its sign: use array.accumulation = 'digital'"
        )


def unit_columns(design: Design) -> None:
    """A unit column lies beside the columns that it is subtracted from."""
    if design.weights.has_unit_column and design.array.columns == 1:
        raise ValueError(
            "array.columns is 1 and weights.subtraction is 'unit-column', which takes a column of every array: use "
            "array.columns = 2 or more, or weights.subtraction = 'digital'"
        )


def array(design: Design) -> None:
    """What an array asks of cells and inputs."""
    design.array.check(design.inputs.applied_bits, design.weights.signed_readings)


def charges(design: Design) -> None:
    """Capacitors have no curve, and their errors belong to the array."""
    if design.array.kind != "charge-sharing":
        return
    curve, device = design.cell.current_voltage, design.cell.device
    if not curve.is_linear:
        raise ValueError(
            f"array.kind is 'charge-sharing' and cell.current_voltage is {curve.kind!r}, but capacitors take charge in "
            "proportion to their voltage: use cell.current_voltage = 'ohmic'"
        )
    if device.is_loaded and device.full_scale is not None:
        raise ValueError(
            f"array.kind is 'charge-sharing' and cell.device is {device.kind!r}, whose cells were measured to conduct, "
            "but capacitors hold the weights' charge: use cell.device = 'none' with array.mismatch, or another "
            "array.kind"
        )
    if device.kind == "charge-sharing":
        raise ValueError(
            "array.kind and cell.device are both 'charge-sharing', which counts the mismatch of capacitors twice: use "
            "cell.device = 'none', and array.mismatch"
        )


def row_drivers(design: Design) -> None:
    """Errors of row drivers need rows that are driven with voltages, and noise needs cells that pass it on as it is."""
    drivers = design.inputs.drivers
    if drivers == RowDrivers():
        return
    if design.array.kind == "gate-driven":
        raise ValueError(
            "inputs.drivers has errors and array.kind is 'gate-driven', whose rows switch cells on and off: use "
            "array.kind = 'row-driven' or 'ideal', or leave inputs.drivers out"
        )
    if drivers.noise and not design.cell.current_voltage.is_linear:
        raise ValueError(
            f"inputs.drivers.noise is {drivers.noise:g} and cell.current_voltage is "
            f"{design.cell.current_voltage.kind!r}, which passes noise on by its slope: use 'ohmic' cells, or "
            "inputs.drivers.noise = 0"
        )
    if drivers.mismatch and design.inputs.bits == "float":
        raise ValueError(
            f"inputs.drivers.mismatch is {drivers.mismatch:g} and inputs.bits is 'float', but drivers without bits "
            "have no elements: use a number of bits, or inputs.drivers.mismatch = 0"
        )


def without_bits(design: Design) -> None:
    """Numbers without bits cannot be told apart one by one."""
    floats = [name for name, part in (("weights", design.weights), ("inputs", design.inputs)) if part.bits == "float"]
    if not floats:
        return
    what = f"{' and '.join(f'{name}.bits' for name in floats)} {'is' if len(floats) == 1 else 'are'} 'float'"
    if design.adc.range.is_guaranteed:
        raise ValueError(
            f"{what} and adc.range is 'guaranteed', but outputs without bits have no levels of their own: use "
            "adc.range = 'calibrated', or a number of bits"
        )
    curve = design.cell.current_voltage
    if "inputs" in floats and not (curve.is_linear or design.array.has_wires):
        raise ValueError(
            f"{what} and cell.current_voltage is {curve.kind!r}, whose currents are worked out for each input voltage, "
            "on lines without resistance: use a number of bits, or lines with resistance"
        )


def relu_awareness(design: Design) -> None:
    """Which signals a ReLU turns to 0 is known where all vectors have the same range."""
    if design.adc.range.is_relu_aware and design.inputs.range.is_per_vector:
        raise ValueError(
            "adc.range.relu_aware is true and inputs.range is 'per-vector', with which the signal that a ReLU turns "
            "to 0 is another for each vector: use adc.range.relu_aware = false, or inputs.range = 'percentile'"
        )


def largest_conductance(design: Design) -> None:
    """Cells have one G_max: that of the device is that of its curve, and what wires in ohms are compared with."""
    stated = [known for known in stated_G_max(design) if not known.full_scale.is_current]
    for other in stated[1:]:
        largest, wrong = (known.full_scale.conductance_uS(0.0) for known in (stated[0], other))
        if not math.isclose(largest, wrong, rel_tol=1e-6):
            raise ValueError(
                f"G_max is {largest:g} uS by {stated[0].by} and {wrong:g} uS by {other.by}, but it is that of the same "
                f"cells: use {other.setting} = {largest:g}"
            )


CHECKS: tuple[Callable[[Design], None], ...] = (
    without_bits,
    guarantee,
    saved_bits,
    accumulator,
    own_ranges,
    given_ranges,
    analog_sums,
    row_drivers,
    unit_columns,
    array,
    charges,
    largest_conductance,
    relu_awareness,
)
"""Each raises ValueError with the settings at fault and what to use instead."""
