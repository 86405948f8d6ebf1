"""Arrays whose inputs switch the cells' select transistors: only columns carry current."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bitline.arrays._array import Array, refuse_unsigned
from bitline.arrays._ladder import InputWindows, ladder_products, line_voltages
from bitline.arrays._line_wires import OPEN, LineWires
from bitline.arrays._predistortion import conductances_carrying
from bitline.arrays._row_orders import ROW_ORDERS
from bitline.arrays._two_wires import ColumnWires, two_wire_products
from bitline.arrays.wires import Wire
from bitline.shapes import BlockTensor, CellTensor, Float, Int

if TYPE_CHECKING:
    from bitline.arrays.circuit.elements import Circuit, Numbers
    from bitline.arrays.nodal_lines import Block, CellCurrent, NodalLines


class GateDrivenArray(Array):
    """Gate-driven cells (Xiao et al. 2022, Fig. 1(c) and Fig. 21): an input bit switches its row's cells on, and their
    currents meet on bit lines that have resistance.

    Cells that are off conduct nothing; select transistors are ideal switches. There is one
    segment of wire between neighbouring cells and one between the last cell and the end of the line. A line is as long
    as the partition in use has rows.

    Examples:
        >>> array = GateDrivenArray(bit_line=Wire(segment=1e-5), source_line=Wire(segment=1e-5), ground="both")
        >>> array.wires.segment, array.wires.head
        (2e-05, 0.0)
        >>> GateDrivenArray(row_order="position").order(torch.rand(2, 1, 6, 4), positions=3).tolist()
        [0, 3, 1, 4, 2, 5]
    """

    kind: Literal["gate-driven"] = "gate-driven"
    bit_line: Wire = Wire(segment=1e-5)
    """The wire that collects the currents; its terminal is at the virtual ground."""
    source_line: Wire = Wire()
    """The wire that brings the currents: one for each sign of the supply along every column. Fed at the same end as the
    virtual ground, and with a supply of one sign, the same currents flow in the segments of both wires, so that both
    together act exactly as one wire with the sum of their resistances. All other cases are solved as they are."""
    source_feed: Literal["foot", "head"] = "foot"
    """Where source lines with resistance are fed: at the end of the virtual ground, or at the other. With a ground at
    both ends, so are the supplies."""
    ground: Literal["bottom", "top", "both"] = "bottom"
    """Where the virtual ground is: after the last row, before the first, or at both ends."""
    lines: Literal["separate", "interleaved"] = "separate"
    """Differential cells on two bit lines, subtracted at the foot, or on one line with opposite supplies."""
    predistortion: Annotated[float, Field(gt=0, le=1)] | None = None
    """Program cells so that the line delivers the currents wanted when this share of every row's inputs is on; not at
    all if not given. The write circuit can aim no higher than G_max, no lower than G_min, and at no conductance between
    the levels of `cell.levels`."""
    row_order: Literal["channel", "position", "heaviest-at-foot"] = "channel"
    """Order of the rows from top to bottom: the kernel positions of one channel together, the channels of one kernel
    position together, or by total conductance with the largest next to the virtual ground."""

    @property
    def is_linear(self) -> bool:
        return self.wires.is_ideal

    @property
    def has_wires(self) -> bool:
        return not self.wires.is_ideal

    @property
    def subtracts_on_the_line(self) -> bool:
        return self.lines == "interleaved"

    def check(self, slice_bits: int, signed_readings: bool) -> None:
        if slice_bits != 1:
            raise ValueError(
                f"array.kind is 'gate-driven' and {slice_bits} input bits are applied at once, but a select "
                "transistor is on or off: use inputs.slice_bits = 1, and a number for inputs.bits"
            )
        refuse_unsigned(self, signed_readings)

    def nodal_lines(self, block: Block) -> NodalLines:
        from bitline.arrays._columns import GateDrivenColumns  # here, for the start-up of what does not need it

        order = self.order(block.targets, block.positions)

        def by_supply(cells: BlockTensor) -> tuple[Tensor, Tensor | None]:
            placed = cells[:, :, order]
            if self.subtracts_on_the_line:
                return _side_by_side(placed[:1]), _side_by_side(placed[1:])
            return _side_by_side(placed), None

        noise = None if block.noise is None else by_supply(block.noise)
        return GateDrivenColumns(self.column_wires, by_supply(block.cells), noise, order, block)

    def bit_lines(self, cells: BlockTensor, targets: BlockTensor, positions: int) -> GateDrivenLines | SourcedLines:
        order = self.order(targets, positions)
        cells = cells[:, :, order]
        if not self.source_line.is_ideal:
            plus = _side_by_side(cells[:1] if self.subtracts_on_the_line else cells)
            minus = _side_by_side(cells[1:]) if self.subtracts_on_the_line else torch.zeros_like(plus)
            merged = GateDrivenLines(self.wires, order, plus, plus) if self._acts_as_one_wire else None
            return SourcedLines(self.column_wires, order, plus, minus, merged)
        if self.subtracts_on_the_line:
            driven, loading = _side_by_side(cells[:1] - cells[1:]), _side_by_side(cells[:1] + cells[1:])
        else:
            driven = loading = _side_by_side(cells)
        return GateDrivenLines(self.wires, order, driven, loading)

    @property
    def _acts_as_one_wire(self) -> bool:
        """Whether bit line and source line are as one wire to inputs that are not negative."""
        return self.source_feed == "foot" and self.ground != "both" and not self.subtracts_on_the_line

    @property
    def column_wires(self) -> ColumnWires:
        """Bit lines and source lines with resistance as the solver takes them, from the far end to the foot."""
        bit, source = self._one_wire(self.bit_line), self._one_wire(self.source_line)
        if self.ground == "both" and self.bit_line.is_ideal:
            bit = LineWires(0.0)  # two grounds of an ideal wire are one
        return ColumnWires(bit, source if self.source_feed == "foot" else source.reversed())

    @property
    def wires(self) -> LineWires:
        """Bit line and source line as one wire, which they are to the solver if they carry the same currents."""
        segment = self.bit_line.normalised_segment + self.source_line.normalised_segment
        terminal = self.bit_line.normalised_terminal + self.source_line.normalised_terminal
        return LineWires(segment, terminal, terminal if self.ground == "both" else OPEN)

    def predistorted(
        self, targets: CellTensor, row_slices: Sequence[slice], positions: int, current: CellCurrent
    ) -> CellTensor:
        """Conductances to program: higher where the line takes voltage away, if `predistortion` asks for it.

        At the chosen activity a, and if every cell that is on carries its ideal current i, the line's voltages v follow
        from the currents a i alone; the cell is programmed so that it carries i at the voltage 1 - v that is left. An
        ohmic cell of conductance g then has g / (1 - v). Conductances end at 0 and G_max.

        Args:
            targets: G/G_max without wires, (lines, slices, groups, rows, columns).
            row_slices: rows of each row partition.
            positions: kernel positions of an input channel.
            current: what cells draw.
        """
        if self.predistortion is None or self.wires.is_ideal:
            return targets
        result = targets.clone()
        for group in range(targets.shape[2]):
            for rows in row_slices:
                block = targets[:, :, group, rows]
                order = self.order(block, positions)
                aimed = self._aimed(block[:, :, order].double(), self.predistortion, current)
                result[:, :, group, rows][:, :, order] = aimed.to(result)
        return result

    def without_predistortion(self) -> GateDrivenArray:
        return self if self.predistortion is None else self.model_copy(update={"predistortion": None})

    def _aimed(self, lines: BlockTensor, activity: float, current: CellCurrent) -> BlockTensor:
        """`predistorted` of one block, whose rows are in their order on the line, float64."""
        supply = torch.ones_like(lines)
        if self.subtracts_on_the_line:
            supply[1:] = -1
        wanted = current(lines, supply)
        left = 1 - self._lost(activity * supply * wanted)
        return conductances_carrying(wanted, supply * left.clamp(min=1e-3), lines, current)

    def _lost(self, currents: BlockTensor) -> BlockTensor:
        """V/V_read that wires take away from cells of given currents, in their order on the line, float64."""
        net = currents[:1] - currents[1:] if self.subtracts_on_the_line else currents
        merged = self._acts_as_one_wire or self.source_line.is_ideal
        bit = self.wires if merged else self._one_wire(self.bit_line)
        voltage = line_voltages(net, bit)
        voltage = torch.cat([voltage, -voltage]) if self.subtracts_on_the_line else voltage
        if merged:
            return voltage
        source = self._one_wire(self.source_line)
        if self.source_feed == "foot" or self.ground == "both":
            return voltage + line_voltages(currents, source)
        return voltage + line_voltages(currents.flip(-2), source).flip(-2)

    def _one_wire(self, wire: Wire) -> LineWires:
        return LineWires.of(wire, head=self.ground == "both")

    def order(self, targets: BlockTensor, positions: int) -> Int[Tensor, "rows"]:
        """Rows of a partition from the far end to the foot.

        Args:
            targets: G/G_max that cells are meant to have, (lines, slices, rows, columns).
            positions: kernel positions of an input channel.

        Returns:
            (rows,) indices.
        """
        order = ROW_ORDERS[self.row_order](targets, positions)
        return order.flip(0) if self.ground == "top" and self.row_order != "heaviest-at-foot" else order

    @property
    def is_grounded_at_the_top(self) -> bool:
        return self.ground == "top"

    def rows_from_the_top(self, targets: BlockTensor, positions: int) -> Int[Tensor, "rows"]:
        order = self.order(targets, positions)
        return order.flip(0) if self.is_grounded_at_the_top else order

    def circuit(self, cells: Numbers, inputs: Numbers, minus: Numbers | None = None) -> Circuit:
        from bitline.arrays.circuit import gate_driven_circuit  # here, for the start-up of what does not need it

        return gate_driven_circuit(cells, inputs, self, minus)


@dataclass(frozen=True)
class GateDrivenLines:
    """The bit lines of one row partition, each a ladder.

    Attributes:
        wires: of every line.
        order: (rows,) row of the partition at each place, from the far end to the foot.
        driven: G/G_max that the rows drive, (rows, lines * slices * columns), in this order.
        loading: G/G_max that loads the lines, same shape.
    """

    wires: LineWires
    order: Tensor
    driven: Tensor
    loading: Tensor

    def currents(
        self,
        elements: Float[Tensor, "batch elements"],
        offset: Int[Tensor, "rows"],
        base: Int[Tensor, "positions"],
        bits: int,
    ) -> Float[Tensor, "batch solved positions"]:
        """Currents at the feet; arguments as for `BitLineSolver.currents`."""
        windows = InputWindows(offset[self.order.to(offset.device)], base)
        return ladder_products(elements, windows, self.driven, self.loading, self.wires, bits)


@dataclass(frozen=True)
class SourcedLines:
    """The bit lines of one row partition, whose cells are on source lines with resistance.

    Attributes:
        wires: of every column.
        order: (rows,) row of the partition at each place, from the far end to the foot.
        plus: G/G_max of cells on the supply of the row's sign, (rows, lines * slices * columns), in this order.
        minus: G/G_max of cells on the opposite supply, same shape.
        merged: the same lines for inputs that are not negative, if both wires then act as one.
    """

    wires: ColumnWires
    order: Tensor
    plus: Tensor
    minus: Tensor
    merged: GateDrivenLines | None

    def currents(
        self,
        elements: Float[Tensor, "batch elements"],
        offset: Int[Tensor, "rows"],
        base: Int[Tensor, "positions"],
        bits: int,
    ) -> Float[Tensor, "batch solved positions"]:
        """Currents at the feet; arguments as for `BitLineSolver.currents`."""
        windows = InputWindows(offset[self.order.to(offset.device)], base)
        if self.merged is None:
            return two_wire_products(elements, windows, self.plus, self.minus, self.wires, bits)
        signed = (elements < 0).any(1)  # sample by sample: an output must not depend on the rest of its batch
        result = self.plus.new_empty(len(elements), self.plus.shape[1], len(base))
        result[~signed] = self.merged.currents(elements[~signed], offset, base, bits)
        result[signed] = two_wire_products(elements[signed], windows, self.plus, self.minus, self.wires, bits)
        return result


def _side_by_side(cells: BlockTensor) -> Float[Tensor, "rows solved"]:
    """(lines, slices, rows, columns) as (rows, lines * slices * columns)."""
    return cells.permute(2, 0, 1, 3).flatten(1).contiguous()
