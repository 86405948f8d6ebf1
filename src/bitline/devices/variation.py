"""Variation between devices that neighbours share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bitline.config.part import Part
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise

RelativeSigma = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Variation(Part):
    """Relative deviations of conductance that whole rows, columns or dies have in common.

    G (1 + e_row + e_column + e_die), each e normal with mean 0. Independent variation from cell to cell is part of the
    device's programming error.

    Examples:
        The cells of a row vary together:

        >>> import torch
        >>> chip = Draws((0, 0))
        >>> Variation(row=0.1).apply(torch.ones(1, 1, 1, 2, 3), chip.of("conv1"), chip)
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

    def apply(self, cells: Cellwise, draws: Draws, chip: Draws) -> Cellwise:
        """Vary the cells of a layer.

        Args:
            cells: G/G_max, (lines, slices, groups, rows, columns).
            draws: random numbers of this chip and layer.
            chip: random numbers of this chip.

        Returns:
            G/G_max, same shape.
        """
        if self.is_none:
            return cells
        lines, slices, groups, rows, columns = cells.shape
        factor = 1 + self.row * draws.normal((1, 1, groups, rows, 1), "row variation")
        factor = factor + self.column * draws.normal((lines, slices, groups, 1, columns), "column variation")
        factor = factor + self.die * chip.normal((1,), "die variation")
        return cells * factor
