"""What a person should know about a cost: numbers that are estimates, and work that is not counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import tomlkit

from bitline.cost._digital_work import DigitalWork
from bitline.cost.architectures import LAWS
from bitline.cost.charge_sharing import STAND_IN, capacitors_of, stands_in
from bitline.cost.circuits import CapacitiveCells
from bitline.cost.library import Library
from bitline.cost.mapping import ROUNDING
from bitline.cost.placed import PlacedMatrix
from bitline.cost.result import LayerCost
from bitline.cost.schedule import SUBSTITUTE, converter
from bitline.cost.stated_cells import notes_of_cells
from bitline.cost.work import CIRCUITS
from bitline.design import Design
from bitline.numerics.labels import INFERENCE
from bitline.numerics.text import listed

NAMED = 3
"""Layers that a note names."""


def cost_notes(
    matrices: Sequence[PlacedMatrix], digital: DigitalWork, library: Library, skipped: Mapping[str, float]
) -> tuple[str, ...]:
    """Sentences about the cost of a network.

    Args:
        matrices: of the analog layers.
        digital: work outside of them.
        library: circuits.
        skipped: share of the conversions of each layer that are left out, empty if it is not known.
    """
    notes = (
        _estimates(library),
        _foreign_converters(matrices, library),
        _fast_converters(matrices, library),
        _capacitors(matrices, library),
        _stated_cells(matrices, library),
        _spared_cells(matrices),
        _coarse_inputs(matrices),
        _free_work(matrices, digital, library),
        _digital_layers(digital),
        _cells_of_one_bit(matrices, library),
        _free_row_converters(matrices, library),
        _free_ranges(matrices, library),
        _free_sums(matrices),
        _free_circuits([matrix.design for matrix in matrices]),
        _cells_beside_groups(matrices),
        _uncounted_work(digital),
        _unknown_skips(matrices, skipped),
    )
    return tuple(note for found in notes for note in found)


def notes_of_copies(layers: Sequence[LayerCost]) -> Iterator[str]:
    """Layers whose copies do not make one inference faster.

    Args:
        layers: costs of the analog layers.
    """
    waiting = [layer.name for layer in layers if layer.interval_ns < layer.time_ns * (1 - ROUNDING)]
    if waiting:
        yield (
            f"products of {listed(waiting, NAMED)} that need results of each other are formed one after "
            f"another: their copies work on different {INFERENCE}s, and shorten the time between two, not that of one"
        )


def _estimates(library: Library) -> Iterator[str]:
    quantities = library.quantities().values()
    guesses = sum(quantity.is_estimate for quantity in quantities)
    if guesses:
        yield (
            f"{guesses} of {len(quantities)} numbers of {library.name} are estimates: 'bitline cost --estimates' "
            "shows them"
        )


def _foreign_converters(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    own = list(library.converters.values())
    adcs = [matrix.design.adc for matrix in matrices if matrix.design.adc.converts]
    for kind in sorted({adc.kind for adc in adcs if converter(adc, library) not in own}):
        law = kind if kind in LAWS else SUBSTITUTE
        known = "by the law of its architecture" if kind in LAWS else f"like a {law} converter"
        key = tomlkit.key(kind).as_string()
        yield (
            f"library {library.name!r} has no converter {kind!r}: energy, time and area are estimated {known} (first "
            "quartile of Murmann's ADC survey as listed by Andrulis et al., arXiv 2404.06553; the median takes "
            f"{LAWS[law].median:g} times the energy); state your own in a library file, as [converters.{key}] "
            "with kind, conversion_pJ and area: 'bitline libraries show NAME > mine.toml' writes one to start from"
        )


def _fast_converters(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    """Rates beyond those of circuits, whose energy and area do not depend on the rate."""
    faster = [
        (rate * readout.converter.time_ns(readout.largest_bits) * 1e-3, rate, readout.largest_bits)
        for readout in (matrix.work.readout for matrix in matrices)
        if (rate := readout.rate) is not None
    ]
    factor, rate, bits = max(faster, default=(0.0, 0.0, 0))
    if factor > 1.001:
        yield (
            f"adc.rate_MS_per_s is {rate:g}, {factor:.3g} times the {rate / factor:.3g} that its converter has with "
            f"{bits} bits in library {library.name!r}: times follow the design, energy and area those of the slower "
            "circuit"
        )


def _free_circuits(designs: Sequence[Design]) -> Iterator[str]:
    """Circuits that settings ask for and no library has."""
    needed = {
        "the switches that put spare columns in the place of others, and the test that chooses them "
        "(cell.faults.spare_columns)": any(design.cell.faults.spare_columns for design in designs),
        "gain and offset stages, or references and multiplications, of ranges of their own (adc.ranges_per)": any(
            design.adc.ranges_per for design in designs
        ),
        "what subtracts the mean of each column before its conversion (adc.centred)": any(
            design.adc.centred for design in designs
        ),
        "the reads that measure gains against drift (cell.drift_compensation)": any(
            design.cell.drift_compensation != "none" for design in designs
        ),
    }
    free = [circuit for circuit, applies in needed.items() if applies]
    if free:
        yield f"not counted: {'; '.join(free)}"


def _capacitors(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    arrays = [array for matrix in matrices if (array := capacitors_of(matrix.design)) is not None]
    if arrays and stands_in(library):
        yield (
            f"library {library.name!r} has no capacitive cells: those of {STAND_IN!r} stand in, carried to "
            f"{library.node_nm:g} nm"
        )
    if isinstance(library.cells, CapacitiveCells) and any(array.capacitor_fF is None for array in arrays):
        yield (
            "array.capacitor_fF is not given: capacitors are costed with the "
            f"{library.cells.capacitor_fF.value:g} fF of the library"
        )


def _stated_cells(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    found = (note for matrix in matrices for note in notes_of_cells(matrix.design, library))
    yield from dict.fromkeys(found)


def _spared_cells(matrices: Sequence[PlacedMatrix]) -> Iterator[str]:
    faults = [matrix.design.cell.faults for matrix in matrices]
    if any(each.spare_columns and each.stuck_low + each.stuck_high for each in faults):
        yield (
            "cells are costed with all of their stuck ones, those in columns that spare columns replace "
            "(cell.faults.spare_columns) as well"
        )


def _coarse_inputs(matrices: Sequence[PlacedMatrix]) -> Iterator[str]:
    """Inputs with more bits than were told apart where activity was counted."""
    finer = [matrix for matrix in matrices if matrix.layer.magnitude_bits(matrix.design) > matrix.layer.input_bits]
    if finer:
        yield (
            f"activity was counted with {finer[0].layer.input_bits} bits of the inputs of "
            f"{listed([matrix.layer.name for matrix in finer], NAMED)}: their lower bits are taken as random"
        )


def _digital_layers(digital: DigitalWork) -> Iterator[str]:
    if digital.macs:
        yield "of digital layers and products, energy of multiplications is counted, and no time, area and traffic"


def _cells_of_one_bit(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    bits = max((matrix.design.weights.cell_bits for matrix in matrices), default=1)
    if isinstance(library.cells, CapacitiveCells) and bits > 1:
        yield (
            f"weights.bits_per_cell puts {bits} bits into each cell, and SRAM cells, as those of library "
            f"{library.name!r}, hold one: set weights.bits_per_cell to 1"
        )


def _free_work(matrices: Sequence[PlacedMatrix], digital: DigitalWork, library: Library) -> Iterator[str]:
    inside: Counter[str] = Counter()
    for matrix in matrices:
        inside.update(matrix.work.actions(matrix.design, library))
    del inside["row converters"]  # which have a note of their own
    work = {
        **{name: (count, getattr(library, CIRCUITS[name])) for name, count in inside.items()},
        "buffers": (1, library.buffer_bit),
        "network": (1, library.network_bit),
        "scaling of outputs": (1, library.multiplier),
        "activations": (digital.activations, library.activation),
        "additions of feature maps": (digital.additions, library.adder),
        "pooling": (digital.poolings, library.pooling),
        "digital layers": (digital.macs, library.digital_mac),
        "normalisation that is not folded": (digital.scalings, library.multiplier),
    }
    free = [name for name, (count, circuit) in work.items() if count and not circuit.energy_pJ.value]
    if free:
        yield (
            f"library {library.name!r} has no energy for each of: {', '.join(free)}"
            + ("; parts known by their power are counted while they are on" if library.parts else "")
        )


def _free_row_converters(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    circuit = library.row_dac_bit
    free = [name for name, number in (("energy", circuit.energy_pJ), ("area", circuit.area_um2)) if not number.value]
    bits = max((matrix.work.readout.row_converter_bits for matrix in matrices), default=0)
    if free and bits:
        yield (
            f"rows are driven with {bits} bits at once (inputs.slice_bits), and library {library.name!r} has no "
            f"{' and no '.join(free)} for their converters: state row_dac_bit"
        )


def _free_ranges(matrices: Sequence[PlacedMatrix], library: Library) -> Iterator[str]:
    needed = {"comparisons": library.pooling, "multiplications": library.multiplier}
    free = [name for name, circuit in needed.items() if not circuit.energy_pJ.value]
    if free and any(matrix.design.inputs.range.is_per_vector for matrix in matrices):
        yield f"inputs.range is 'per-vector', and library {library.name!r} has no energy for its {' and '.join(free)}"


def _free_sums(matrices: Sequence[PlacedMatrix]) -> Iterator[str]:
    slices = any(matrix.design.weights.adds_slices and matrix.work.mapping.slices > 1 for matrix in matrices)
    arrays = any(matrix.work.mapping.converted_partitions < matrix.work.mapping.partitions for matrix in matrices)
    settings = [name for name, added in (("weights", slices), ("array", arrays)) if added]
    if settings:
        yield (
            f"{' and '.join(f'{name}.accumulation' for name in settings)} {'is' if len(settings) == 1 else 'are'} "
            "'analog': every bit line keeps its integrator, and what weights and adds their currents is not counted"
        )


def _cells_beside_groups(matrices: Sequence[PlacedMatrix]) -> Iterator[str]:
    """Groups that share rows and columns of an array, whose other cells conduct a little."""
    beside = [
        matrix.layer.name for matrix in matrices if matrix.work.mapping.packed > 1 and matrix.design.cell.window_low > 0
    ]
    if beside:
        yield (
            f"groups of {listed(beside, NAMED)} share arrays, block by block along the diagonal: what cells beside the "
            "blocks conduct at G_min is not counted"
        )


def _uncounted_work(digital: DigitalWork) -> Iterator[str]:
    if digital.unknown:
        yield f"operations outside the arrays that are not counted: {', '.join(digital.unknown)}"


def _unknown_skips(matrices: Sequence[PlacedMatrix], skipped: Mapping[str, float]) -> Iterator[str]:
    if not skipped and any(matrix.design.adc.skip_zero_inputs for matrix in matrices):
        yield "how many conversions are left out is known after an evaluation only; here none are"
