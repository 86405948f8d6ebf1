"""Area of arrays, cores and tiles by component, in mm^2."""

from __future__ import annotations

from collections import Counter

from bitline.cost.charge_sharing import cell_um2
from bitline.cost.library import Library
from bitline.cost.mapping import ArrayMapping
from bitline.cost.schedule import ConversionSchedule
from bitline.design import Design

MM2_PER_UM2 = 1e-6
BITS_PER_KB = 8 * 1024


def array_area(design: Design, library: Library, readout: ConversionSchedule, at: ArrayMapping) -> Counter[str]:
    """Area of one array with its drivers and readout, or its share where several arrays are converted together.

    Spare columns are cells on bit lines of their own, which take the place of others before the integrators.
    """
    array, weights = design.array, design.weights
    readings = len(weights.readings)
    share = at.converted_partitions * len(weights.converted_radix) / (at.partitions * at.slices)
    columns = array.columns * readings * share
    converters = -(-array.columns // design.adc.columns_per_adc) * readings * share
    lines = (array.columns + design.cell.faults.spare_columns) * weights.lines
    um2 = {
        "cells": array.word_lines * lines * cell_um2(design, library),
        "row drivers": array.word_lines * library.drivers.area.value,
        "row converters": array.word_lines * library.row_dac_bit.area_um2.value * readout.row_converter_bits,
        "integrators": array.columns * readings * library.integrator.area_um2.value,
        "accumulators": columns * library.accumulator.area_um2.value * (readout.slicing.accumulated > 1),
        "subtractors": columns * library.subtractor.area_um2.value * weights.signed_readings,
        "ADCs": converters * readout.converter.area_um2(readout.largest_bits),
        "shift-and-add": converters * library.shift_add.area_um2.value * (len(readout.bits) > 1),
    }
    return Counter({name: MM2_PER_UM2 * value for name, value in um2.items()})


def matrix_area(design: Design, library: Library, at: ArrayMapping) -> Counter[str]:
    """Area of what one copy of a matrix needs in its cores beside its arrays: registers, and adders.

    An adder for each addition of a column, and one for each tile whose inputs are added up as they come in.
    """
    sides = at.side_by_side
    columns = min(design.array.columns, at.columns * at.packed)
    um2 = {
        "adders": sides * (columns * at.additions(design) + at.sums_inputs(design)) * library.adder.area_um2.value,
        "input registers": sides * at.rows * at.packed * design.inputs.code_bits * library.input_bit.area_um2.value,
        "output registers": sides * columns * design.inputs.code_bits * library.output_bit.area_um2.value,
    }
    return Counter({name: MM2_PER_UM2 * value for name, value in um2.items()})


def core_area(library: Library) -> Counter[str]:
    """Area of the fixed parts of a core."""
    return _parts(library, "core")


def tile_area(library: Library) -> Counter[str]:
    """Area of a tile without its cores: buffer, router, digital units."""
    um2 = {
        "buffers": library.buffer_KB.value * BITS_PER_KB * library.buffer_bit.area_um2.value,
        "network": library.network_bit.area_um2.value,
        "scaling": library.multiplier.area_um2.value,
        "activations": library.activation.area_um2.value,
        "pooling": library.pooling.area_um2.value,
        "digital layers": library.digital_mac.area_um2.value,
    }
    return Counter({name: MM2_PER_UM2 * value for name, value in um2.items()}) + _parts(library, "tile")


def chip_area(library: Library) -> Counter[str]:
    """Area of a chip without its tiles."""
    return _parts(library, "chip")


def times(areas: Counter[str], count: float) -> Counter[str]:
    """All areas multiplied by `count`."""
    return Counter({name: count * value for name, value in areas.items()})


def _parts(library: Library, unit: str) -> Counter[str]:
    return Counter({name: part.count * part.area_mm2.value for name, part in library.parts_of(unit).items()})
