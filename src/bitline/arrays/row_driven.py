"""Arrays whose inputs are row voltages: wires on rows and columns carry current."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from bitline.arrays._array import Array, refuse_unsigned
from bitline.arrays._line_wires import LineWires
from bitline.arrays._mesh import effective_conductance
from bitline.arrays.wires import Wire
from bitline.errors import DataError
from bitline.shapes import CellTensor

if TYPE_CHECKING:
    from bitline.arrays.circuit.elements import Circuit, Numbers
    from bitline.arrays.nodal_lines import Block, NodalLines


class RowDrivenArray(Array):
    """1T1R (Xiao et al. 2022, Fig. 1(b)) or passive cells with resistive word and bit lines.

    Every row is driven, with zero volts where its input is zero; transistors are transparent. There is a segment of
    wire between neighbouring cells and one at each connected end. Outputs of ohmic cells stay linear in the inputs, so
    an array is solved once after it is programmed. Each line and slice has arrays of its own, as high as the partition
    in use has rows and as wide as it has columns; the two lines of interleaved cells share one.

    Examples:
        Resistive wires take voltage from the cells, most of all far from drivers and grounds:

        >>> array = RowDrivenArray(word_line=Wire(segment=0.01), bit_line=Wire(segment=0.01))
        >>> array.effective_conductances(torch.ones(1, 1, 1, 2, 2), [slice(0, 2)])[0, 0, 0]
        tensor([[0.9524, 0.9432],
                [0.9617, 0.9524]])
    """

    kind: Literal["row-driven"] = "row-driven"
    word_line: Wire = Wire(segment=1e-5)
    """The wire of a row; its terminal is at the driver, whose own resistance is part of it."""
    bit_line: Wire = Wire(segment=1e-5)
    """The wire of a column; its terminal is at the virtual ground."""
    drivers: Literal["left", "right", "both"] = "left"
    """Where rows are driven."""
    ground: Literal["bottom", "top", "both"] = "bottom"
    """Where columns have their virtual ground."""

    lines: Literal["separate", "interleaved"] = "separate"
    """Differential cells on two bit lines, subtracted at the foot, or on one line: every row then has a second word
    line, with wires and drivers like the first and the opposite voltage, for the cells to be subtracted."""

    @property
    def has_wires(self) -> bool:
        return not (self.word_line.is_ideal and self.bit_line.is_ideal)

    @property
    def subtracts_on_the_line(self) -> bool:
        return self.lines == "interleaved"

    def check(self, slice_bits: int, signed_readings: bool) -> None:
        refuse_unsigned(self, signed_readings)

    @property
    def row_wire(self) -> LineWires:
        """The word lines as the solver takes them."""
        return LineWires.of(self.word_line, foot=self.drivers != "left", head=self.drivers != "right")

    @property
    def column_wire(self) -> LineWires:
        """The bit lines as the solver takes them."""
        return LineWires.of(self.bit_line, foot=self.ground != "top", head=self.ground != "bottom")

    def effective_conductances(self, cells: CellTensor, row_slices: Sequence[slice]) -> CellTensor:
        if not self.has_wires:
            return cells
        result = torch.zeros_like(cells)
        pairs = cells[:1] if self.subtracts_on_the_line else cells
        for line, slices in enumerate(pairs):
            for weight_slice, groups in enumerate(slices):
                for group, matrix in enumerate(groups):
                    opposite = cells[1, weight_slice, group] if self.subtracts_on_the_line else None
                    for rows in row_slices:
                        solved = self._solved(matrix[rows], None if opposite is None else opposite[rows])
                        result[line, weight_slice, group, rows] = solved.to(result)
        return result

    def _solved(self, cells: Tensor, minus: Tensor | None) -> Tensor:
        """Effective conductances of one array, (rows, columns), float64."""
        plain, opposite = (None if held is None else held.double().cpu().numpy() for held in (cells, minus))
        assert plain is not None
        return torch.from_numpy(effective_conductance(plain, self.row_wire, self.column_wire, opposite).copy())

    @property
    def is_grounded_at_the_top(self) -> bool:
        return self.ground == "top"

    def nodal_lines(self, block: Block) -> NodalLines:
        from bitline.arrays._mesh_lines import row_driven_lines  # here, for the start-up of what does not need it

        return row_driven_lines(self, block)

    def circuit(self, cells: Numbers, inputs: Numbers, minus: Numbers | None = None) -> Circuit:
        from bitline.arrays.circuit import row_driven_circuit  # here, for the start-up of what does not need it

        if minus is not None and not self.subtracts_on_the_line:
            raise DataError(
                "array.lines is 'separate', where cells all have lines of their own, and there are cells of the "
                "opposite supply: solve them as another array, or use array.lines = 'interleaved'"
            )
        return row_driven_circuit(cells, inputs, self, minus)
