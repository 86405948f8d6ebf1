"""What one image makes the arrays of a layer do: activity of rows and cells, conversions and the time they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitline.config.trust import refusal
from bitline.cost.analog import analog_layers
from bitline.cost.architectures import LAWS, PublishedConverter, bounded_pJ
from bitline.cost.charge_sharing import cells_pJ, slice_ns
from bitline.cost.circuits import CellReads
from bitline.cost.conductances import remembered_conductance
from bitline.cost.converters import Converter
from bitline.cost.input_digits import input_digits
from bitline.cost.library import Library
from bitline.cost.mapping import ArrayMapping
from bitline.cost.nonlinear_cells import mean_power
from bitline.cost.scaling import supply_of
from bitline.cost.statistics import LayerStatistics, Statistics
from bitline.design import Design
from bitline.encode import InputSlicing, WeightMapping
from bitline.errors import DesignError
from bitline.readout import Adc, NoAdc, bits_saved

SUBSTITUTE = "sar"
"""Architecture, usual beside columns, whose law stands in for converters without a library's numbers or a law."""


@dataclass(frozen=True)
class RowActivity:
    """How rows and cells of a matrix are used, on average over its input slices.

    Attributes:
        driven: share of the rows whose slice of the input is not 0.
        squared: mean square of the applied voltage over the largest one.
        conductance: mean over cells of G/G_max times that square; of nonlinear ones, of V I(V) over that of an ohmic
            cell at G_max and the largest voltage.
        charge: mean over cells of G/G_max times the voltage itself over the largest one; not needed for slices of one
            bit, where it is the same.

    Examples:
        >>> from bitline.cost import gather_statistics
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> activity = RowActivity.average(statistics, "sonos-a")
        >>> activity.driven, round(activity.conductance, 4)
        (0.5, 0.0036)
    """

    driven: float
    squared: float
    conductance: float
    charge: float | None = None

    @property
    def charged(self) -> float:
        """Mean charge of cells over that of a cell at G_max in the row with the largest input."""
        return self.conductance if self.charge is None else self.charge

    @classmethod
    def of(cls, statistics: Statistics, layer: LayerStatistics, design: Design) -> RowActivity:
        """Activity of one layer.

        Args:
            statistics: of the network.
            layer: one of its layers.
            design: of this layer.
        """
        joint = statistics.joint(layer, design)
        bits = layer.magnitude_bits(design)
        nonzero, means, squares = input_digits(layer.input_bits, bits, design.inputs.slice_bits)
        conductance = remembered_conductance(design, joint.targets)
        power = joint.sum(squares.mean(0), conductance) / joint.cells
        if not design.cell.current_voltage.is_linear:
            power = mean_power(design, joint, (layer.input_bits, bits), layer.has_negative_voltages(design))
        rows = layer.product.groups * layer.product.rows
        return cls(
            driven=_steady((nonzero @ joint.rows).mean() / rows),
            squared=_steady((squares @ joint.rows).mean() / rows),
            conductance=_steady(power),
            charge=_steady(joint.sum(means.mean(0), conductance) / joint.cells),
        )

    @classmethod
    def average(cls, statistics: Statistics, design: Design | str) -> RowActivity:
        """Activity of a network, weighted with its multiplications, as in section 9.2 of Xiao et al. 2022.

        Args:
            statistics: of the network.
            design: the accelerator, or the name of a preset.

        Raises:
            DesignError: the design keeps every layer digital.
        """
        parts, weights = [], []
        for layer, own in analog_layers(statistics, Design.of(design)):
            activity = cls.of(statistics, layer, own)
            parts.append((activity.driven, activity.squared, activity.conductance, activity.charged))
            weights.append(layer.macs)
        return cls(*np.average(np.array(parts), axis=0, weights=weights).tolist())


FULL = RowActivity(1.0, 1.0, 0.5)
"""All rows on, all cells at half of G_max: an upper bound for inputs of a network."""


@dataclass(frozen=True)
class ConversionSchedule:
    """How the conversions of one product follow each other.

    Attributes:
        slicing: how inputs are applied and converted.
        bits: resolution of each conversion of one column.
        converter: its circuit.
        rate: conversions per microsecond that the design asks for, or None.
    """

    slicing: InputSlicing
    bits: tuple[int, ...]
    converter: Converter
    rate: float | None

    @classmethod
    def of(cls, design: Design, library: Library, magnitude_bits: int, signed: bool) -> ConversionSchedule:
        """The schedule of inputs with so many magnitude bits.

        Args:
            design: of the layer.
            library: circuits.
            magnitude_bits: of input codes.
            signed: whether input codes have a sign.

        Raises:
            DesignError: the design has no converter.
        """
        adc = design.adc
        if not adc.is_loaded:
            raise DesignError(refusal(adc.kind, "adc.kind"))
        if not adc.converts:
            raise DesignError(
                f"adc.kind is 'none' in design {design.name!r}, and a readout without converters has no energy, area "
                "or time: use for example adc.kind = 'uniform'"
            )
        slicing = design.inputs.slicing(magnitude_bits, signed)
        built, saved = design.hardware.adc_bits or adc.bits, bits_saved(adc, slicing.places) * slicing.polarities
        bits = tuple(max(1, built - each) for each in saved)
        circuit = converter(adc, library)
        return cls(slicing, bits, circuit, adc.rate_MS_per_s)

    def _integrations_of(self, library: Library) -> list[int]:
        """Integrations of a column for each conversion, the least significant first."""
        slicing = self.slicing
        each = (slicing.slices_of(conversion) for conversion in range(len(self.bits)))
        return [library.integration.steps(slices, slicing.slice_bits) for slices in each]

    def integrations(self, library: Library) -> int:
        """Integrations of one column for one product."""
        return sum(self._integrations_of(library))

    @property
    def largest_bits(self) -> int:
        """Resolution that the converter is built for."""
        return max(self.bits)

    @property
    def row_converter_bits(self) -> int:
        """Bits of the converter that a row needs where slices of the inputs have several; 0 where they have one."""
        return self.slicing.slice_bits if self.slicing.slice_bits > 1 else 0

    def conversion_pJ(self) -> float:
        """Energy of all conversions of one column."""
        return sum(bounded_pJ(self.converter, bits) for bits in self.bits)

    def product_ns(self, columns: int, slice_ns: float, library: Library) -> float:
        """Time of a product.

        Args:
            columns: columns that take turns on one converter.
            slice_ns: time that a slice of the inputs is applied.
            library: circuits.
        """
        total = 0.0
        for bits, integrations in zip(self.bits, self._integrations_of(library), strict=True):
            applied = integrations * slice_ns
            converted = columns * conversion_ns(self.converter, bits, self.rate)
            total += max(applied, converted) if library.overlapped else applied + converted
        return total


def conversion_ns(circuit: Converter, bits: int, rate_MS_per_s: float | None) -> float:
    """Time of a conversion: at the rate that a design asks for, or that of the circuit.

    Args:
        circuit: of the converter.
        bits: of the conversion.
        rate_MS_per_s: of the design; None for that of the circuit.
    """
    return 1e3 / rate_MS_per_s if rate_MS_per_s else circuit.time_ns(bits)


def converter(adc: Adc | NoAdc, library: Library) -> Converter:
    """The circuit of a design's converter: the library's, or that of its architecture's law where the library has none.

    What has no law either, such as a converter of your own, is costed by that of `SUBSTITUTE`.
    """
    kind = adc.kind
    name = library.converter if kind == "uniform" else kind
    known: Converter | None = library.converters.get(name)
    if known is not None:
        return known
    return PublishedConverter.of(kind if kind in LAWS else SUBSTITUTE, library.node_nm, supply_of(library))


@dataclass(frozen=True)
class Work:
    """Products of one matrix, as its arrays see them.

    Attributes:
        mapping: the matrix on its arrays.
        activity: its rows and cells.
        readout: its conversions.
        products: matrix-vector products of each group for one image.
        skipped: share of the conversions that are left out.
    """

    mapping: ArrayMapping
    activity: RowActivity
    readout: ConversionSchedule
    products: float
    skipped: float = 0.0

    def energies(self, design: Design, library: Library) -> dict[str, float]:
        """Energy in pJ of everything inside cores that is counted by actions, by component."""
        at, activity, readout = self.mapping, self.activity, self.readout
        weights, inputs = design.weights, design.inputs
        readings = len(weights.readings)
        rows = self.products * at.groups * at.rows
        outputs = self.products * at.groups * at.columns
        converted = 1 - self.skipped
        lines = outputs * at.partitions * at.slices * readings
        columns = outputs * at.converted_partitions * len(weights.converted_radix) * readings
        passes = readout.slicing.slices * readout.slicing.polarities
        row_slices, driven = (rows * at.tiles * at.slices * count for count in (passes, readout.slicing.slices))
        apart = len(readout.bits)
        additions = outputs * at.additions(design) + (rows * at.tiles if at.sums_inputs(design) else 0.0)
        cells_of_row = (design.array.columns + design.cell.faults.spare_columns) * weights.lines
        return {
            "cells": cells_pJ(design, library, self._reads(weights)),
            "row drivers": library.drivers.energy_pJ(
                row_slices, driven * activity.driven, driven * activity.squared, cells_of_row
            ),
            "row converters": library.row_dac_bit.energy_pJ.value * row_slices * readout.row_converter_bits,
            "integrators": library.integrator.energy_pJ.value * lines * readout.integrations(library),
            "accumulators": library.accumulator.energy_pJ.value * columns * passes * (readout.slicing.accumulated > 1),
            "subtractors": library.subtractor.energy_pJ.value * columns * apart * converted * weights.signed_readings,
            "ADCs": readout.conversion_pJ() * columns * converted,
            "shift-and-add": library.shift_add.energy_pJ.value * columns * apart * converted * (apart > 1),
            "adders": library.adder.energy_pJ.value * additions,
            "input registers": library.input_bit.energy_pJ.value * rows * inputs.code_bits * at.tiles,
            "output registers": library.output_bit.energy_pJ.value * outputs * inputs.code_bits,
        }

    def _reads(self, weights: WeightMapping) -> CellReads:
        """Reads of cells of one image."""
        at, activity, slicing = self.mapping, self.activity, self.readout.slicing
        slices = slicing.slices  # a row whose input has the other sign is not driven
        cells = self.products * at.groups * at.rows * at.columns * at.slices * weights.lines * slices
        return CellReads(
            conductance=cells * activity.conductance,
            charge=cells * activity.charged,
            cells=cells,
            arrays=self.products * at.side_by_side * at.partitions * at.slices * slices * slicing.polarities,
        )

    def conversions(self, design: Design) -> float:
        """Conversions of one image, those left out not counted."""
        at = self.mapping
        sums = at.converted_partitions * len(design.weights.converted_radix) * len(design.weights.readings)
        columns = self.products * at.groups * at.columns * sums
        return columns * len(self.readout.bits) * (1 - self.skipped)

    def product_ns(self, design: Design, library: Library) -> float:
        """Time of one product on one copy of the matrix."""
        on_an_array = min(design.array.columns, self.mapping.packed * self.mapping.columns)
        columns = min(design.adc.columns_per_adc, on_an_array)  # of the fullest converter
        turn = self.readout.product_ns(columns, slice_ns(design, library, self.readout.largest_bits), library)
        return turn * self.mapping.turns


def _steady(value: float) -> float:
    """Without the last digits, which depend on the number of threads that summed it."""
    return float(f"{value:.7g}")
