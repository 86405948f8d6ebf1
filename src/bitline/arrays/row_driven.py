"""Arrays whose inputs are row voltages: wires on rows and columns carry current."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch

from bitline.arrays._array import Array
from bitline.arrays._mesh import MeshWire, effective_conductance
from bitline.arrays.wires import Wire
from bitline.errors import DataError
from bitline.shapes import CellTensor

if TYPE_CHECKING:
    from bitline.arrays.circuit.elements import Circuit, Numbers


class RowDrivenArray(Array):
    """1T1R (Xiao et al. 2022, Fig. 1(b)) or passive cells with resistive word and bit lines.

    Every row is driven, with zero volts where its input is zero; transistors are transparent. There is a segment of
    wire between neighbouring cells and one at each connected end. Outputs stay linear in the inputs, so an array is
    solved once after it is programmed. Each line and slice has arrays of its own, as high as the partition in use has
    rows and as wide as it has columns.

    Examples:
        Resistive wires take voltage from the cells, most of all far from drivers and grounds:

        >>> array = RowDrivenArray(word_line=Wire(segment=0.01), bit_line=Wire(segment=0.01))
        >>> array.effective_conductances(torch.ones(1, 1, 1, 2, 2), [slice(0, 2)])[0, 0, 0]
        tensor([[0.9524, 0.9432],
                [0.9617, 0.9524]])
    """

    kind: Literal["row-driven"] = "row-driven"
    word_line: Wire = Wire(segment=1e-5)
    """The wire of a row; its terminal is at the driver."""
    bit_line: Wire = Wire(segment=1e-5)
    """The wire of a column; its terminal is at the virtual ground."""
    drivers: Literal["left", "right", "both"] = "left"
    """Where rows are driven."""
    ground: Literal["bottom", "top", "both"] = "bottom"
    """Where columns have their virtual ground."""

    @property
    def has_wires(self) -> bool:
        return not (self.word_line.is_ideal and self.bit_line.is_ideal)

    @property
    def row_wire(self) -> MeshWire:
        """The word lines as the solver takes them."""
        return _mesh_wire(self.word_line, self.drivers != "right", self.drivers != "left")

    @property
    def column_wire(self) -> MeshWire:
        """The bit lines as the solver takes them."""
        return _mesh_wire(self.bit_line, self.ground != "bottom", self.ground != "top")

    def effective_conductances(self, cells: CellTensor, row_slices: Sequence[slice]) -> CellTensor:
        if self.row_wire.is_ideal and self.column_wire.is_ideal:
            return cells
        result = torch.empty_like(cells)
        for line, slices in enumerate(cells):
            for weight_slice, groups in enumerate(slices):
                for group, matrix in enumerate(groups):
                    for rows in row_slices:
                        for start in range(0, matrix.shape[1], self.columns):
                            tile = slice(start, start + self.columns)
                            solved = effective_conductance(
                                matrix[rows, tile].double().cpu().numpy(), self.row_wire, self.column_wire
                            )
                            result[line, weight_slice, group, rows, tile] = torch.from_numpy(solved.copy()).to(result)
        return result

    def circuit(self, cells: Numbers, inputs: Numbers, minus: Numbers | None = None) -> Circuit:
        from bitline.arrays.circuit import row_driven_circuit  # here, for the start-up of what does not need it

        if minus is not None:
            raise DataError(
                "array.kind is 'row-driven', whose cells all have lines of their own, and there are cells of the "
                "opposite supply: solve them as another array, or use array.kind = 'gate-driven'"
            )
        return row_driven_circuit(cells, inputs, self)


def _mesh_wire(wire: Wire, at_start: bool, at_end: bool) -> MeshWire:
    terminal = wire.normalised_terminal
    return MeshWire(wire.normalised_segment, terminal if at_start else None, terminal if at_end else None)
