"""Lines whose readings are added or subtracted column by column, for mappings that choose that by their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.shapes import Float, Shaped


@dataclass(frozen=True)
class LineSigns:
    """How the digital sum counts the readings of every bit line of a layer.

    Examples:
        A column of two arrays with two rows each; the reading of the second array is subtracted:

        >>> signs = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
        >>> lines = LineSigns(signs, removed=torch.tensor([0.0, 3.0]).reshape(2, 1, 1), mirrored=signs < 0)
        >>> lines.of_rows((slice(0, 2), slice(2, 4))).flatten()
        tensor([ 1.,  1., -1., -1.])
        >>> lines.removed_sums(torch.tensor([5.0, 7.0]).reshape(1, 1, 2)).flatten()
        tensor([21.], dtype=torch.float64)

    Attributes:
        signs: 1 where a reading is added, -1 where it is subtracted.
        removed: multiple of the sum of an array's inputs that is removed from the digital sum, in weight codes.
        mirrored: whether a line's cells hold the largest digit less the digit of the code.
    """

    signs: Float[Tensor, "parts slices groups columns"]
    removed: Float[Tensor, "parts groups columns"]
    mirrored: Shaped[Tensor, "parts slices groups columns"]

    def to(self, device: torch.device) -> LineSigns:
        """The same on another device."""
        return LineSigns(self.signs.to(device), self.removed.to(device), self.mirrored.to(device))

    def by_conversion(self, readings: int) -> Float[Tensor, "groups conversions columns"]:
        """The signs for every conversion of a column.

        Args:
            readings: of each line, all of the same sign.
        """
        signs = self.signs.permute(2, 0, 1, 3)[:, :, None].expand(-1, -1, readings, -1, -1)
        return signs.reshape(len(signs), -1, signs.shape[-1])

    def of_rows(self, blocks: Sequence[slice]) -> Float[Tensor, "slices groups rows columns"]:
        """The signs for every row of the matrix.

        Args:
            blocks: rows of each partition.
        """
        return by_row(self.signs, blocks)

    def removed_of_rows(self, blocks: Sequence[slice]) -> Float[Tensor, "groups rows columns"]:
        """What is removed for every row of the matrix, times its input.

        Args:
            blocks: rows of each partition.
        """
        return by_row(self.removed, blocks)

    def removed_sums(
        self, sums: Float[Tensor, "batch groups parts *space"]
    ) -> Float[Tensor, "batch groups columns *space"]:
        """What is removed from digital sums, in weight codes times input codes, float64.

        Args:
            sums: of the inputs of each array.
        """
        batch, groups, parts, *space = sums.shape
        total = torch.zeros(batch, groups, self.removed.shape[2], *space, dtype=torch.float64, device=sums.device)
        for part in range(parts):  # in one order, whatever the batch
            factors = self.removed[part].double().reshape(1, groups, -1, *[1] * len(space))
            total += sums[:, :, part, None].double() * factors
        return total


def by_row(
    values: Shaped[Tensor, "parts *any columns"], blocks: Sequence[slice]
) -> Shaped[Tensor, "*any rows columns"]:
    """Values of every partition for each of its rows.

    Args:
        values: (parts, ..., columns).
        blocks: rows of each partition, one after another.

    Examples:
        >>> by_row(torch.tensor([[1.0], [2.0]]), (slice(0, 1), slice(1, 3))).T
        tensor([[1., 2., 2.]])
    """
    spread = [
        own.unsqueeze(-2).expand(*own.shape[:-1], rows.stop - rows.start, -1)
        for own, rows in zip(values, blocks, strict=True)
    ]
    return torch.cat(spread, dim=-2)
