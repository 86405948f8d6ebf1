"""Energy and area of what stands before the converters: cells and row drivers.

To add a circuit, write a class here and add it to `AnyCells` or `AnyDrivers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.cost.quantity import NOTHING, AnyQuantity, AnyShare


@dataclass(frozen=True)
class CellReads:
    """Reads of cells with slices of the inputs.

    Attributes:
        conductance: sum of G/G_max (V/V_read)^2 over all reads of all cells; of I(V) V where currents are not
            proportional to voltages, in the same unit.
        charge: sum of G/G_max V/V_read over the same.
        cells: reads of single cells.
        arrays: reads of whole arrays.
        size: cells of an array that a read can reach.
    """

    conductance: float
    charge: float
    cells: float
    arrays: float
    size: float


class OhmicCells(Part):
    """Cells that conduct: V I(V) while a slice of the inputs is applied, G V^2 unless the design has another curve."""

    kind: Literal["ohmic"] = "ohmic"
    G_max_uS: AnyQuantity
    """Conductance of a cell at G_max."""
    read_V: AnyQuantity
    """Voltage over a cell in the row with the largest input."""
    pulse_ns: AnyQuantity | None = None
    """Time that a cell conducts for each slice of the inputs; the whole of `slice_ns` if not given."""
    area: AnyQuantity
    """Area of a cell in um^2."""

    def energy_pJ(self, reads: CellReads, slice_ns: float) -> float:
        """Energy of reading.

        Args:
            reads: how often, and what cells conduct.
            slice_ns: time that a slice of the inputs is applied.
        """
        pulse_ns = slice_ns if self.pulse_ns is None else self.pulse_ns.value
        return float(1e-3 * self.G_max_uS.value * self.read_V.value**2 * pulse_ns * reads.conductance)


class CapacitiveCells(Part):
    """SRAM cells that charge a capacitor where the product of input and weight bit is 1, and share the charge.

    C V^2 is drawn for the capacitor and for the gate that multiplies, as often as their product is 1.
    """

    kind: Literal["capacitive"] = "capacitive"
    capacitor_fF: AnyQuantity
    """Capacitor of a cell; it does not shrink with the node."""
    gate_fF: AnyQuantity
    """Gates and junctions that switch with the product."""
    line_fF: AnyQuantity
    """Bit line of a cell, where cells discharge it instead."""
    supply_V: AnyQuantity
    """Supply that charges them."""
    activity: AnyShare
    """Share of the reads that charge a cell."""
    area: AnyQuantity
    """Area of a cell in um^2, over which its capacitor lies."""
    density_fF_per_um2: AnyQuantity = NOTHING
    """Capacitors above the cells; larger ones than fit there take more area."""
    switch_kohm: AnyQuantity = NOTHING
    """Switch between a capacitor and its line."""
    line_ohm: AnyQuantity = NOTHING
    """A cell's piece of the line."""

    def energy_pJ(self, reads: CellReads, slice_ns: float) -> float:
        """Energy of reading; arguments as for `OhmicCells`."""
        charged_fF = self.activity.value * (self.capacitor_fF.value + self.gate_fF.value)
        return float(1e-3 * charged_fF * self.supply_V.value**2 * reads.cells)


class ConstantCells(Part):
    """Arrays that take the same energy for every read, whatever is stored and applied: all that some papers tell.

    Larger arrays take as much more as they have more cells, where it is known how many the number is for.
    """

    kind: Literal["constant"] = "constant"
    read_pJ: AnyQuantity
    """Energy of a read of one array with one slice of the inputs."""
    array_cells: Annotated[int, Field(ge=1)] | None = None
    """Cells of the array that it is for; any number if not given."""
    area: AnyQuantity
    """Area of a cell in um^2."""

    def energy_pJ(self, reads: CellReads, slice_ns: float) -> float:
        """Energy of reading; arguments as for `OhmicCells`."""
        return self.read_pJ.value * reads.arrays * (reads.size / self.array_cells if self.array_cells else 1.0)


class LineDrivers(Part):
    """Drivers that charge a row's wire and gates where its input is not zero: C V^2 and the logic of the row."""

    kind: Literal["line"] = "line"
    supply_V: AnyQuantity
    """Voltage swing of the row."""
    wire_fF_per_um: AnyQuantity
    """Capacitance of the row's wire."""
    cell_width_um: AnyQuantity
    """Length of the wire for each cell."""
    cell_fF: AnyQuantity
    """Capacitance of each cell at the row: gate or junction."""
    logic_pJ: AnyQuantity = NOTHING
    """Level shifter and driver, each time that a row is driven."""
    area: AnyQuantity
    """Area of the driver of one row in um^2."""

    def energy_pJ(self, rows: float, driven: float, squared: float, cells: int) -> float:
        """Energy of driving rows.

        Args:
            rows: rows in use, over all slices of inputs.
            driven: how many of them had an input that was not zero.
            squared: sum of (V/V_read)^2 over them.
            cells: cells in a row.
        """
        line_fF = cells * (self.cell_width_um.value * self.wire_fF_per_um.value + self.cell_fF.value)
        return float(1e-3 * line_fF * self.supply_V.value**2 * squared + self.logic_pJ.value * driven)


class ConstantDrivers(Part):
    """Drivers that take the same energy for every row and slice of the inputs.

    Longer rows take as much more as they have more cells, where it is known how many the number is for.
    """

    kind: Literal["constant"] = "constant"
    row_pJ: AnyQuantity
    """Energy of a row in use for one slice of the inputs."""
    row_cells: Annotated[int, Field(ge=1)] | None = None
    """Cells of the row that it is for; any number if not given."""
    area: AnyQuantity
    """Area of the driver of one row in um^2."""

    def energy_pJ(self, rows: float, driven: float, squared: float, cells: int) -> float:
        """Energy of driving rows; arguments as for `LineDrivers`."""
        return self.row_pJ.value * rows * (cells / self.row_cells if self.row_cells else 1.0)


class SingleIntegration(Part):
    """Every slice of the inputs is integrated once; capacitors of different size give slices their weight."""

    kind: Literal["single"] = "single"

    def steps(self, slices: int, slice_bits: int) -> int:
        """Integrations of so many slices that one conversion sees."""
        return slices


class RepeatedIntegration(Part):
    """A slice with the weight 2^k is integrated 2^k times, so that one small capacitor is enough (Wan et al. 2022)."""

    kind: Literal["repeated"] = "repeated"

    def steps(self, slices: int, slice_bits: int) -> int:
        """Integrations of so many slices that one conversion sees: 1 + 2^a + 4^a + ..."""
        return int(sum(2 ** (slice_bits * index) for index in range(slices)))


AnyIntegration = Annotated[SingleIntegration | RepeatedIntegration, Field(discriminator="kind")]
AnyCells = Annotated[OhmicCells | CapacitiveCells | ConstantCells, Field(discriminator="kind")]
AnyDrivers = Annotated[LineDrivers | ConstantDrivers, Field(discriminator="kind")]
