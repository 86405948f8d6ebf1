"""Variation between devices that neighbours share."""

from __future__ import annotations

from bitline.config.part import Part
from bitline.devices._device import RelativeSigma
from bitline.numerics.draws import Draws
from bitline.placement import Placement
from bitline.shapes import Cellwise


class Variation(Part):
    """Relative deviations of conductance that whole rows, columns or dies have in common.

    G (1 + e_row + e_column + e_die), each e normal with mean 0. Independent variation from cell to cell is part of the
    device's programming error. Word lines and bit lines are those of one array: weight slices and column tiles have
    word lines of their own, row partitions bit lines of their own.

    Examples:
        The cells of a row vary together:

        >>> import torch
        >>> chip = Draws((0, 0))
        >>> placement = Placement.on_one_array(rows=2, columns=3)
        >>> Variation(row=0.1).apply(torch.ones(1, 1, 1, 2, 3), placement, chip.of("conv1"), chip)
        tensor([[[[[1.0980, 1.0980, 1.0980],
                   [0.9439, 0.9439, 0.9439]]]]])
    """

    row: RelativeSigma = 0.0
    """Standard deviation of what the cells of a word line share, as a fraction of G."""
    column: RelativeSigma = 0.0
    """Standard deviation of what the cells of a bit line share, as a fraction of G."""
    die: RelativeSigma = 0.0
    """Standard deviation of what all cells of a chip share, as a fraction of G."""

    @property
    def is_none(self) -> bool:
        """Whether cells do not vary together."""
        return self.row == self.column == self.die == 0

    def apply(self, cells: Cellwise, placement: Placement, draws: Draws, chip: Draws) -> Cellwise:
        """Vary the cells of a layer.

        Args:
            cells: G/G_max, (lines, slices, groups, rows, columns).
            placement: of the layer on its arrays.
            draws: random numbers of this chip and layer.
            chip: random numbers of this chip.

        Returns:
            G/G_max, same shape.
        """
        if self.is_none:
            return cells
        lines, slices, groups, rows, columns = cells.shape
        word_lines = draws.normal((1, slices, groups, rows, placement.tiles), "row variation")
        bit_lines = draws.normal((lines, slices, groups, len(placement.row_slices), columns), "column variation")
        if placement.tiles > 1:
            word_lines = word_lines.index_select(4, placement.tile_of_column)
        if len(placement.row_slices) > 1:
            bit_lines = bit_lines.index_select(3, placement.part_of_row)
        factor = 1 + self.row * word_lines + self.column * bit_lines
        factor = factor + self.die * chip.normal((1,), "die variation")
        return cells * factor
