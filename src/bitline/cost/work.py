"""What one image makes the arrays of a layer do: activity of rows and cells, actions of circuits, and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitline.cost.analog import analog_layers
from bitline.cost.charge_sharing import cells_pJ, slice_ns
from bitline.cost.circuits import CellReads
from bitline.cost.conductances import remembered_conductance
from bitline.cost.input_digits import input_digits
from bitline.cost.library import Library
from bitline.cost.mapping import ArrayMapping
from bitline.cost.nonlinear_cells import mean_power
from bitline.cost.schedule import ConversionSchedule
from bitline.cost.statistics import LayerStatistics, Statistics
from bitline.design import Design


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


CIRCUITS = {
    "row converters": "row_dac_bit",
    "integrators": "integrator",
    "accumulators": "accumulator",
    "subtractors": "subtractor",
    "shift-and-add": "shift_add",
    "adders": "adder",
    "input registers": "input_bit",
    "output registers": "output_bit",
}
"""The circuit of a library whose actions are counted, by component."""


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

    def actions(self, design: Design, library: Library) -> dict[str, float]:
        """How often the circuits inside cores act that take the same energy each time, by component."""
        at, readout = self.mapping, self.readout
        weights, inputs = design.weights, design.inputs
        readings = len(weights.readings)
        rows = self.products * at.groups * at.rows
        outputs = self.products * at.groups * at.columns
        converted = 1 - self.skipped
        lines = outputs * at.partitions * at.slices * readings
        columns = self._columns(design)
        passes = readout.slicing.slices * readout.slicing.polarities
        row_slices = rows * at.tiles * at.slices * passes
        apart = len(readout.bits)
        additions = outputs * at.additions(design) + (rows * at.tiles if at.sums_inputs(design) else 0.0)
        return {
            "row converters": row_slices * readout.row_converter_bits,
            "integrators": lines * readout.integrations(library),
            "accumulators": columns * passes * (readout.slicing.accumulated > 1),
            "subtractors": columns * apart * converted * weights.signed_readings,
            "shift-and-add": columns * apart * converted * (apart > 1),
            "adders": additions,
            "input registers": rows * inputs.code_bits * at.tiles,
            "output registers": outputs * inputs.code_bits,
        }

    def energies(self, design: Design, library: Library) -> dict[str, float]:
        """Energy in pJ of everything inside cores that is counted by actions, by component."""
        at, activity, slicing = self.mapping, self.activity, self.readout.slicing
        lines = self.products * at.groups * at.rows * at.tiles * at.slices * slicing.slices
        drivers = library.drivers.energy_pJ(
            lines * slicing.polarities, lines * activity.driven, lines * activity.squared, _cells_of_row(design)
        )
        counted = {
            name: getattr(library, CIRCUITS[name]).energy_pJ.value * count
            for name, count in self.actions(design, library).items()
        }
        return {
            "cells": cells_pJ(design, library, self._reads(design)),
            "row drivers": drivers,
            **counted,
            "ADCs": self.readout.conversion_pJ() * self._columns(design) * (1 - self.skipped),
        }

    def _columns(self, design: Design) -> float:
        """Columns that are converted, of all products."""
        at, weights = self.mapping, design.weights
        sums = at.converted_partitions * len(weights.converted_radix) * len(weights.readings)
        return self.products * at.groups * at.columns * sums

    def _reads(self, design: Design) -> CellReads:
        """Reads of cells of one image."""
        weights, at, activity, slicing = design.weights, self.mapping, self.activity, self.readout.slicing
        slices = slicing.slices  # a row whose input has the other sign is not driven
        cells = self.products * at.groups * at.rows * at.columns * at.slices * weights.lines * slices
        return CellReads(
            conductance=cells * activity.conductance,
            charge=cells * activity.charged,
            cells=cells,
            arrays=self.products * at.reads * slices * slicing.polarities,
            size=design.array.rows * _cells_of_row(design),
        )

    def conversions(self, design: Design) -> float:
        """Conversions of one image, those left out not counted."""
        return self._columns(design) * len(self.readout.bits) * (1 - self.skipped)

    def product_ns(self, design: Design, library: Library) -> float:
        """Time of one product on one copy of the matrix."""
        on_an_array = min(design.array.columns, self.mapping.packed * self.mapping.columns)
        columns = min(design.adc.columns_per_adc, on_an_array)  # of the fullest converter
        turn = self.readout.product_ns(columns, slice_ns(design, library, self.readout.largest_bits), library)
        return turn * self.mapping.turns


def _cells_of_row(design: Design) -> int:
    """Cells of a row of an array."""
    return (design.array.columns + design.cell.faults.spare_columns) * design.weights.lines


def _steady(value: float) -> float:
    """Without the last digits, which depend on the number of threads that summed it."""
    return float(f"{value:.7g}")
