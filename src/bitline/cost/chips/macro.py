"""A macro as a table describes it: what one conversion of it takes, from a library's circuits alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.cost.architectures import bounded_pJ
from bitline.cost.circuits import CapacitiveCells, CellReads
from bitline.cost.library import Library
from bitline.cost.scaling import at_node

Positive = Annotated[float, Field(gt=0)]


class Macro(Part):
    """A macro that multiplies vectors of inputs with weights in its cells; all rows are used.

    Examples:
        >>> macro = Macro(node_nm=65, supply_V=0.85, rows=2304, adc_bits=8, outputs=256, product="xnor")
        >>> energies = macro.energies_pJ(Library.load("sram-28nm"))
        >>> {name: round(energy, 2) for name, energy in energies.items() if energy}
        {'cells': 3.03, 'row drivers': 1.97, 'ADCs': 1.49, 'shift-and-add': 0.13}
        >>> round(macro.TOPS_per_W(Library.load("sram-28nm")))
        697
    """

    node_nm: Positive
    """Technology node."""
    supply_V: Positive
    """Supply of its arrays and converters."""
    rows: Positive
    """Products that a conversion sums."""
    cells: Positive = 1
    """Cells for each weight that one conversion sees: bits of the weight that are combined in analog."""
    input_bits: Positive = 1
    """Bits of an input that one conversion sees."""
    inputs: Literal["levels", "pulses"] = "levels"
    """How inputs of several bits are applied: as one of many voltages, or as a number of pulses."""
    adc_bits: Positive
    """Resolution of the converters."""
    outputs: Positive
    """Converters that share the rows."""
    conversions: Positive = 1
    """Conversions that are added digitally for each output, of other bits of weights or inputs."""
    units_per_cell: Positive = 1
    """Capacitors of a cell in units, 3 for a C-2C ladder."""

    sums: Literal["charge", "discharge"] = "charge"
    """How products are summed: by sharing the charge of a capacitor at every cell, or by discharging bit lines."""
    product: Literal["xnor", "and"] = "and"
    """What a cell computes: the product of two signs, or of two bits."""

    @property
    def slots(self) -> float:
        """How often a row may be driven for one conversion: once, or as often as the largest input has pulses."""
        return 2**self.input_bits - 1 if self.inputs == "pulses" else 1

    @property
    def pulses(self) -> float:
        """How often a row is driven for one conversion, on average over inputs of random bits."""
        return 1.0 if self.product == "xnor" else 0.5 * self.slots

    def energies_pJ(self, library: Library) -> dict[str, float]:
        """Energy of one output, by component; what all outputs share is divided by them.

        Args:
            library: circuits, of any node.
        """
        circuits = at_node(library, self.node_nm, self.supply_V)
        converter = circuits.converters[circuits.converter]
        driven = self.rows * self.pulses
        has_levels = self.input_bits > 1 and self.inputs == "levels"
        row_converter_pJ = circuits.row_dac_bit.energy_pJ.value * self.input_bits / self.outputs
        columns = round(self.cells * self.outputs)
        drivers_pJ = circuits.drivers.energy_pJ(self.rows * self.slots, driven, driven, columns)
        energies = {
            "cells": self._cells_pJ(circuits),
            "row drivers": drivers_pJ / self.outputs,
            "row converters": self.rows * row_converter_pJ if has_levels else 0.0,
            "integrators": circuits.integrator.energy_pJ.value * self.cells * self.slots,
            "ADCs": bounded_pJ(converter, round(self.adc_bits)),
            "shift-and-add": circuits.shift_add.energy_pJ.value,
        }
        return {name: self.conversions * energy for name, energy in energies.items()}

    def _cells_pJ(self, circuits: Library) -> float:
        """Energy of the cells that one conversion sees, and of their pieces of the bit lines.

        Cells that conduct are on average at half of G_max.
        """
        count, cells = self.rows * self.cells, circuits.cells
        if not isinstance(cells, CapacitiveCells):
            all_reads = count * self.outputs * self.slots
            reads = CellReads(0.5 * all_reads, 0.5 * all_reads, all_reads, self.slots, count * self.outputs)
            return cells.energy_pJ(reads, circuits.slice_ns.value) / self.outputs
        line_fF = cells.line_fF.value
        if self.sums == "charge":
            share = cells.activity.value if self.product == "xnor" else cells.activity.value / 2
            line_fF = share * (self.units_per_cell * cells.capacitor_fF.value + cells.gate_fF.value)
        return 1e-3 * count * line_fF * cells.supply_V.value**2

    @property
    def operations(self) -> float:
        """Operations of one output, those of all its bits together; a multiplication with addition is two."""
        return 2 * self.rows

    def TOPS_per_W(self, library: Library) -> float:
        """Operations for each picojoule at the precision of the chip.

        Args:
            library: circuits, of any node.
        """
        return self.operations / sum(self.energies_pJ(library).values())
