"""Energy and area of what stands before the converters: cells and row drivers.

To add a circuit, write a class here and add it to `AnyCells` or `AnyDrivers`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.cost.quantity import NOTHING, AnyQuantity


class OhmicCells(Part):
    """Cells that dissipate G V^2 while a slice of the inputs is applied."""

    kind: Literal["ohmic"] = "ohmic"
    G_max_uS: AnyQuantity
    """Conductance of a cell at G_max."""
    read_V: AnyQuantity
    """Voltage over a cell in the row with the largest input."""
    area: AnyQuantity
    """Area of a cell in um^2."""

    def energy_pJ(self, conductance: float, reads: float, slice_ns: float) -> float:
        """Energy of reading.

        Args:
            conductance: sum of G/G_max (V/V_read)^2 over all reads of all cells.
            reads: reads of whole arrays.
            slice_ns: time that a slice of the inputs is applied.
        """
        return float(1e-3 * self.G_max_uS.value * self.read_V.value**2 * slice_ns * conductance)


class ConstantCells(Part):
    """Arrays that take the same energy for every read, whatever is stored and applied: all that some papers tell."""

    kind: Literal["constant"] = "constant"
    read_pJ: AnyQuantity
    """Energy of a read of one array with one slice of the inputs."""
    area: AnyQuantity
    """Area of a cell in um^2."""

    def energy_pJ(self, conductance: float, reads: float, slice_ns: float) -> float:
        """Energy of reading; arguments as for `OhmicCells`."""
        return self.read_pJ.value * reads


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
    """Drivers that take the same energy for every row and slice of the inputs."""

    kind: Literal["constant"] = "constant"
    row_pJ: AnyQuantity
    """Energy of a row in use for one slice of the inputs."""
    area: AnyQuantity
    """Area of the driver of one row in um^2."""

    def energy_pJ(self, rows: float, driven: float, squared: float, cells: int) -> float:
        """Energy of driving rows; arguments as for `LineDrivers`."""
        return self.row_pJ.value * rows


AnyCells = Annotated[OhmicCells | ConstantCells, Field(discriminator="kind")]
AnyDrivers = Annotated[LineDrivers | ConstantDrivers, Field(discriminator="kind")]
