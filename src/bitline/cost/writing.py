"""Writing of a layer's weights: how many cells, with how many pulses, and how long the fullest array takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitline.cost.architectures import bounded_pJ
from bitline.cost.counted_pulses import shares_with_more_pulses
from bitline.cost.library import Library
from bitline.cost.mapping import ArrayMapping
from bitline.cost.schedule import ConversionSchedule
from bitline.cost.statistics import LayerStatistics
from bitline.design import Design
from bitline.layer.cells import placement_of

if TYPE_CHECKING:
    from bitline.cost.surroundings import Surroundings


@dataclass(frozen=True)
class Writing:
    """Writing of all copies of a layer's matrix.

    Spare columns add nothing: one that is used is written in the place of the column that it stands in for.

    Attributes:
        cells: of all copies.
        rows: of the fullest array, which are written one after the other.
        row_cells: cells of one of them.
        again: shares of the cells that get a second pulse, a third, ..., for each of the sampled groups of cells that
            vary together.
        is_verified: whether each pulse is followed by a read.
        conversion_pJ: energy of the conversion of such a read.

    Examples:
        Of the eight cells that are written together, one or more needs a second pulse in two of three cases:

        >>> from dataclasses import replace
        >>> writing = Writing(cells=80, rows=10, row_cells=8, again=((0.125,),), is_verified=True)
        >>> writing.pulses, round(writing.steps(8), 2)
        (1.125, 1.66)

        Fewer do on average where these cells are the ones of every second row:

        >>> round(replace(writing, again=((0.25,), (0.0,))).steps(8), 2)
        1.45
    """

    cells: float
    rows: int
    row_cells: int
    again: tuple[tuple[float, ...], ...]
    is_verified: bool
    conversion_pJ: float = 0.0

    @classmethod
    def of(cls, layer: LayerStatistics, design: Design, library: Library, copies: int) -> Writing:
        """Writing of a layer.

        Args:
            layer: one of the network.
            design: of this layer.
            library: circuits.
            copies: of its matrix.
        """
        at, lines = ArrayMapping.of(layer.product, layer.outputs, design), design.weights.lines
        placement = placement_of(design, layer.product, layer.outputs)
        readout = ConversionSchedule.of(design, library, layer.magnitude_bits(design), layer.has_signs(design))
        heights = at.packs * [rows.stop - rows.start for rows in placement.row_slices]
        tallest = max(sum(heights[first : first + at.turns]) for first in range(0, len(heights), at.turns))
        in_a_row = at.columns if at.tiles == 1 else placement.columns_in_use
        return cls(
            cells=float(copies * at.groups * at.rows * at.columns * at.slices * lines),
            rows=tallest * at.packed,
            row_cells=in_a_row * lines,
            again=shares_with_more_pulses(layer, design),
            is_verified=design.cell.programming.is_verified,
            conversion_pJ=bounded_pJ(readout.converter, readout.largest_bits),
        )

    @property
    def pulses(self) -> float:
        """Of a cell, on average."""
        return 1.0 + sum(map(sum, self.again)) / len(self.again)

    def energy_pJ(self, around: Surroundings) -> float:
        """Of pulses and the reads that verify them, with a conversion each.

        Args:
            around: what a pulse and a read take.
        """
        read_pJ = around.verify_pJ.value + self.conversion_pJ if self.is_verified else 0.0
        return self.cells * self.pulses * (around.pulse_pJ.value + read_pJ)

    def time_ns(self, around: Surroundings) -> float:
        """Of the fullest array: row by row, and of a row as many cells together as the circuits write at once.

        Args:
            around: what a pulse and a read take, and how many cells are written at once.
        """
        together = max(1, int(around.written_at_once.value))
        full, rest = divmod(self.row_cells, together)
        steps = full * self.steps(together) + (self.steps(rest) if rest else 0.0)
        read_ns = around.verify_ns.value if self.is_verified else 0.0
        return self.rows * steps * (around.pulse_ns.value + read_ns)

    def steps(self, together: int) -> float:
        """Pulses until the last of some cells that are written together is done, on average.

        Args:
            together: how many cells.
        """
        more = (1 - (1 - share) ** together for shares in self.again for share in shares)
        return 1.0 + sum(more) / len(self.again)
