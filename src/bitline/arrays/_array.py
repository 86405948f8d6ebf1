"""What every array has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor

from bitline.config.part import Part


class Array(Part):
    """An array of cells; a subclass says what its wires do.

    Examples:
        A matrix that is taller or wider than the array is spread over several:

        >>> Array(rows=576, columns=128).rows
        576
    """

    rows: Annotated[int, Field(ge=1)] = 1152
    """Largest number of word lines; a taller matrix is split into equal partitions."""
    columns: Annotated[int, Field(ge=1)] = 256
    """Largest number of matrix columns on one array; a wider matrix is split into tiles."""

    def predistorted(self, targets: Tensor, row_slices: Sequence[slice], positions: int) -> Tensor:
        """Conductances to program so that outputs come out as wanted in spite of the wires.

        Args:
            targets: G/G_max without wires, (lines, slices, groups, rows, columns).
            row_slices: rows of each row partition.
            positions: kernel positions of an input channel.

        Returns:
            G/G_max, same shape; the targets themselves if the array does not correct for its wires.
        """
        return targets

    def effective_conductances(self, cells: Tensor, row_slices: Sequence[slice]) -> Tensor:
        """Conductances that the array's outputs show, where its wires keep outputs linear in the inputs.

        Args:
            cells: programmed G/G_max, (lines, slices, groups, rows, columns + unit columns).
            row_slices: rows of each row partition.

        Returns:
            Output current of each column for each row voltage, same shape; the cells themselves on ideal wires.
        """
        return cells
