"""What every array has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, Self, runtime_checkable

import torch
from pydantic import Field
from torch import Tensor

from bitline.arrays.partition import Fill, Partition
from bitline.config.variants import Variant
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.shapes import BlockTensor, CellTensor, Float, Int

if TYPE_CHECKING:
    from bitline.arrays.circuit.elements import Circuit, Numbers
    from bitline.arrays.nodal_lines import Block, CellCurrent, NodalLines
    from bitline.arrays.product import Product


@runtime_checkable
class BitLineSolver(Protocol):
    """Solves the bit lines of one row partition for the inputs of many vectors at once."""

    def currents(
        self,
        elements: Float[Tensor, "batch elements"],
        offset: Int[Tensor, "rows"],
        base: Int[Tensor, "positions"],
        bits: int,
    ) -> Float[Tensor, "batch solved positions"]:
        """Currents at the feet of the lines, (batch, lines * slices * columns, positions).

        Args:
            elements: input codes, (batch, elements).
            offset: (rows,) int64; row i reads element `base[n] + offset[i]` at position n.
            base: (positions,) int64.
            bits: bits of the largest |code|.
        """
        ...


class Array(Variant):
    """An array of cells; a subclass says what its wires do.

    Examples:
        A matrix that is taller or wider than the array is spread over several:

        >>> Array(rows=576, columns=128).rows
        576
    """

    rows: Annotated[int, Field(ge=1)] = 1152
    """Largest number of word lines; a taller matrix is split into partitions."""
    partitions: Fill = "equal"
    """How the rows of a taller matrix are split: into 'equal' partitions, as far as whole input channels allow, or so
    that all arrays but the last are 'full'."""
    columns: Annotated[int, Field(ge=1)] = 256
    """Largest number of matrix columns on one array; a wider matrix is split into tiles."""
    accumulation: Literal["digital", "analog"] = "digital"
    """Convert what each array of a taller matrix gives, and add the codes ('digital'); or add the currents of the
    arrays that lie below each other before the ADC, and convert the sum ('analog')."""

    @property
    def adds_partitions(self) -> bool:
        """Whether the row partitions of a matrix are added before the ADC."""
        return self.accumulation == "analog"

    @property
    def word_lines(self) -> int:
        """Word lines of an array, of which `rows` are on at a time."""
        return self.rows

    def partition(self, product: Product) -> Partition:
        """How the rows of one group of a product lie on arrays like this one."""
        return product.partition(self.rows, self.partitions)

    def converted(self, product: Product) -> Partition:
        """How the rows of one group of a product are shared out over conversions: array by array, or all at once."""
        return product.whole() if self.adds_partitions else self.partition(product)

    @property
    def is_linear(self) -> bool:
        """Whether the current of a column of ohmic cells is a sum over the inputs, each with a weight of its own."""
        return True

    @property
    def has_wires(self) -> bool:
        """Whether wires have resistance."""
        return False

    @property
    def subtracts_on_the_line(self) -> bool:
        """Whether the two cells of a pair share a bit line, whose current is their difference."""
        return False

    def with_lines_apart(self) -> Array:
        """The same array with a bit line for each cell of a pair."""
        return self.model_copy(update={"lines": "separate"}) if self.subtracts_on_the_line else self

    @property
    def approximations(self) -> tuple[str, ...]:
        """What of the array networks compute approximately: by how much, and what is exact instead."""
        return ()

    @property
    def is_grounded_at_the_top(self) -> bool:
        """Whether bit lines have their virtual ground before the first row, and not behind the last."""
        return False

    def rows_from_the_top(self, targets: BlockTensor, positions: int) -> Int[Tensor, "rows"]:
        """Rows of a partition by their place on the array, as `circuit` takes them, (rows,) indices.

        Args:
            targets: G/G_max that cells are meant to have, (lines, slices, rows, columns).
            positions: kernel positions of an input channel.
        """
        return torch.arange(targets.shape[2])

    def check(self, slice_bits: int, signed_readings: bool) -> None:
        """Refuse a design that such an array cannot be part of.

        Args:
            slice_bits: input bits applied to a row at once.
            signed_readings: whether two cells are subtracted before the ADC.

        Raises:
            ValueError: the setting at fault, and what to use instead.
        """

    def nodal_lines(self, block: Block) -> NodalLines:
        """The bit lines of one block of cells, solved at every node, for arrays with wires.

        They are for cells that are not ohmic, and for what the noise of cells does to outputs.

        Args:
            block: the cells, how they are driven and how they are read.
        """
        raise NotImplementedError

    def bit_lines(self, cells: BlockTensor, targets: BlockTensor, positions: int) -> BitLineSolver:
        """The bit lines of one row partition, for arrays that are not linear in their inputs.

        Args:
            cells: programmed G/G_max, (lines, slices, rows, columns).
            targets: G/G_max that the cells were meant to have, same shape.
            positions: kernel positions of an input channel.
        """
        raise NotImplementedError

    def predistorted(
        self, targets: CellTensor, row_slices: Sequence[slice], positions: int, current: CellCurrent
    ) -> CellTensor:
        """Conductances to program so that outputs come out as wanted in spite of the wires.

        Args:
            targets: G/G_max without wires, (lines, slices, groups, rows, columns).
            row_slices: rows of each row partition.
            positions: kernel positions of an input channel.
            current: what cells draw.

        Returns:
            G/G_max, same shape; the targets themselves if the array does not correct for its wires.
        """
        return targets

    def without_predistortion(self) -> Array:
        """The same array with cells that are programmed as on lines without resistance; itself if they are."""
        return self

    def effective_conductances(self, cells: CellTensor, row_slices: Sequence[slice]) -> CellTensor:
        """Conductances that the array's outputs show, where its wires keep outputs linear in the inputs.

        Args:
            cells: programmed G/G_max, (lines, slices, groups, rows, columns of one column tile).
            row_slices: rows of each row partition.

        Returns:
            Output current of each column for each row voltage, same shape; the cells themselves on ideal wires.
        """
        return cells

    def shares(self, shape: tuple[int, ...], row_slices: Sequence[slice], draws: Draws) -> CellTensor | None:
        """What each cell counts on its line, by errors of this copy of the array; None where all count 1.

        Args:
            shape: (lines, slices, groups, rows, columns + unit columns).
            row_slices: rows of each row partition.
            draws: random numbers of this chip and layer.
        """
        return None

    def line_noise(self, rows: int) -> float:
        """Standard deviation of the noise of a line in one read, besides that of cells, in units of G_max V_read.

        Args:
            rows: rows in use.
        """
        return 0.0

    def without_noise(self) -> Self:
        """The same array with lines that add no noise: what ADCs are calibrated on."""
        return self

    def circuit(self, cells: Numbers, inputs: Numbers, minus: Numbers | None = None) -> Circuit:
        """The resistors of one array, for `arrays.circuit.solve`.

        Args:
            cells: G/G_max, (rows, columns), row 0 at the top.
            inputs: 1, 0 or -1 for gate-driven cells, V/V_read for row-driven ones, (rows,).
            minus: cells of the opposite supply where lines are interleaved, (rows, columns).

        Raises:
            DesignError: an array without wires to solve.
            DataError: cells or inputs that are not finite, negative cells, or shapes that do not fit.
        """
        raise DesignError(
            f"array.kind is {self.kind!r}, which has no wires to solve: use for example --set array.kind=gate-driven "
            "--set array.bit_line.segment=1e-5, or array.kind=row-driven"
        )


def refuse_unsigned(array: Array, signed_readings: bool) -> None:
    """Refuse lines that subtract where nothing is to be subtracted on them.

    Args:
        array: whose lines may be interleaved.
        signed_readings: whether two cells are subtracted before the ADC.

    Raises:
        ValueError: they are interleaved and it is not.
    """
    if array.subtracts_on_the_line and not signed_readings:
        raise ValueError(
            "array.lines is 'interleaved', which subtracts on the line: use differential or two-sided weights with "
            "weights.subtraction = 'analog'"
        )
