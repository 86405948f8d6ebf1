"""Where the rows and columns of a layer lie: on which array, and where on it.

Everything that neighbours on an array share (word lines, bit lines, converters, ramps, spare columns, unit columns)
asks the `Placement` of the layer, and so does cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from bitline.shapes import Int, Shaped


@dataclass(frozen=True)
class Placement:
    """The rows and columns of a layer on its arrays.

    Columns are stored group by group: those of the matrix, then a unit column for each column tile, which holds the
    code 0, lies behind the other columns of its tile and is subtracted from them. Row partitions, column tiles and
    weight slices are arrays of their own; the bit lines of a column lie side by side on one. Small groups share an
    array, block by block along its diagonal: its columns one after the other, and no rows.

    Attributes:
        row_slices: matrix rows of each row partition.
        columns: matrix columns of a group.
        width: matrix columns of a full array.
        has_unit_columns: whether each column tile has a unit column.
        groups: matrices of the layer.
        packed: groups on one array.

    Examples:
        Arrays of 8 columns, one of them a unit column:

        >>> placement = Placement((slice(0, 40),), columns=9, width=7, has_unit_columns=True)
        >>> placement.tiles, placement.unit_columns
        (2, 2)
        >>> placement.tile_of_column.tolist()
        [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1]
        >>> placement.place_of_column[0].tolist()
        [0, 1, 2, 3, 4, 5, 6, 0, 1, 7, 2]
    """

    row_slices: tuple[slice, ...]
    columns: int
    width: int
    has_unit_columns: bool = False
    groups: int = 1
    packed: int = 1

    @classmethod
    def on_one_array(cls, rows: int, columns: int) -> Placement:
        """A matrix that fits on an array."""
        return cls((slice(0, rows),), columns, columns)

    @property
    def tiles(self) -> int:
        """Column tiles of a group."""
        return -(-self.columns // self.width)

    @property
    def unit_columns(self) -> int:
        """Unit columns of a group."""
        return self.tiles if self.has_unit_columns else 0

    @property
    def array_columns(self) -> int:
        """Columns of a group, unit columns included."""
        return self.columns + self.unit_columns

    @property
    def packs(self) -> int:
        """Arrays that hold the groups, of each row partition, column tile and weight slice."""
        return -(-self.groups // self.packed)

    @property
    def columns_in_use(self) -> int:
        """Columns in use of the fullest array."""
        return self.array_columns * self.packed if self.tiles == 1 else self.width + self.has_unit_columns

    @cached_property
    def tile_of_column(self) -> Int[Tensor, "array_columns"]:
        """Column tile of each stored column."""
        return torch.cat([torch.arange(self.columns) // self.width, torch.arange(self.unit_columns)])

    @cached_property
    def place_of_column(self) -> Int[Tensor, "groups array_columns"]:
        """Place of each stored column on its array."""
        last = [min(self.width, self.columns - tile * self.width) for tile in range(self.unit_columns)]
        own = torch.cat([torch.arange(self.columns) % self.width, torch.tensor(last, dtype=torch.long)])
        return self.place_of_group[:, None] * self.array_columns + own

    @cached_property
    def pack_of_group(self) -> Int[Tensor, "groups"]:
        """Which array each group lies on."""
        return torch.arange(self.groups) // self.packed

    @property
    def place_of_group(self) -> Int[Tensor, "groups"]:
        """Place of each group on its array."""
        return torch.arange(self.groups) % self.packed

    @cached_property
    def part_of_row(self) -> Int[Tensor, "rows"]:
        """Row partition of each row."""
        sizes = torch.tensor([rows.stop - rows.start for rows in self.row_slices])
        return torch.repeat_interleave(torch.arange(len(sizes)), sizes)

    @property
    def column_tiles(self) -> tuple[slice | Int[Tensor, "own_columns"], ...]:
        """Stored columns of each tile."""
        return tuple(map(self.columns_of, range(self.tiles)))

    def columns_of(self, tile: int) -> slice | Int[Tensor, "own_columns"]:
        """Stored columns of a tile, in their order on the array."""
        own = slice(tile * self.width, min((tile + 1) * self.width, self.columns))
        if not self.has_unit_columns:
            return own
        return torch.tensor([*range(own.start, own.stop), self.columns + tile])

    def append(self, codes: Shaped[Tensor, "*any columns"]) -> Shaped[Tensor, "*any array_columns"]:
        """Add the codes of unit columns, 0."""
        return torch.nn.functional.pad(codes, (0, self.unit_columns))

    def subtract(self, outputs: Tensor, dim: int) -> Tensor:
        """Subtract from columns the unit column of their tile: `array_columns` to `columns` along `dim`."""
        if not self.has_unit_columns:
            return outputs
        tile = self.tile_of_column[: self.columns].to(outputs.device)
        units = outputs.narrow(dim, self.columns, self.unit_columns)
        return outputs.narrow(dim, 0, self.columns) - units.index_select(dim, tile)


def packed_groups(groups: int, rows: int, columns: int, array: Sequence[int]) -> int:
    """Groups that share an array.

    Args:
        groups: of the layer.
        rows, columns: of one group, unit columns included.
        array: rows and columns of an array.

    Examples:
        >>> packed_groups(groups=64, rows=9, columns=1, array=(128, 128)), packed_groups(2, 200, 40, (128, 128))
        (14, 1)
    """
    fitting = min(array[0] // rows, array[1] // columns)
    return min(max(1, fitting), groups)
