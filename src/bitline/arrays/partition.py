"""How a tall matrix is split over arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fill = Literal["equal", "full"]
"""Whether rows are shared out equally, or fill one array after the other."""


@dataclass(frozen=True)
class Partition:
    """Row partitions, equal ones or all full but the last, aligned to input channels.

    A row is one (input channel, kernel position); the rows of one channel stay together unless the kernel alone has
    more positions than the array has rows.

    Attributes:
        parts: row partitions, one array each.
        pieces: pieces that the kernel positions of one channel are cut into (1 where a channel fits).
        channels: channel pieces of one partition, those of a padded last partition included.
        rows: rows in use in the fullest partition.

    Examples:
        >>> partition_rows(channels=64, positions=9, max_rows=256).row_slices(rows=576, positions=9)
        (slice(0, 198, None), slice(198, 396, None), slice(396, 576, None))
    """

    parts: int
    pieces: int
    channels: int
    rows: int

    def row_slices(self, rows: int, positions: int) -> tuple[slice, ...]:
        """Matrix rows of each partition.

        Args:
            rows: number of matrix rows of one group.
            positions: number of kernel positions of one input channel.
        """
        stride = positions if self.pieces > 1 else rows
        return tuple(
            slice(start, min(start + self.rows, first + stride))
            for first in range(0, rows, stride)
            for start in range(first, first + stride, self.rows)
        )


def partition_rows(channels: int, positions: int, max_rows: int, fill: Fill = "equal") -> Partition:
    """Split `channels` x `positions` rows over arrays of at most `max_rows` rows (Xiao et al. 2022, section 4.2).

    Args:
        channels: number of input channels (rows of a plain matrix).
        positions: number of kernel positions of one channel (1 for a plain matrix).
        max_rows: number of word lines of an array.
        fill: 'equal' for partitions with as equal numbers of channels as can be; 'full' for as many channels on each
            array as fit, and what is left on the last.

    Examples:
        >>> partition_rows(channels=64, positions=9, max_rows=256)
        Partition(parts=3, pieces=1, channels=22, rows=198)
        >>> partition_rows(channels=64, positions=9, max_rows=256, fill="full").row_slices(rows=576, positions=9)
        (slice(0, 252, None), slice(252, 504, None), slice(504, 576, None))
    """
    if positions > max_rows:
        pieces = -(-positions // max_rows)
        return Partition(channels * pieces, pieces, 1, max_rows if fill == "full" else -(-positions // pieces))
    most = max_rows // positions
    parts = -(-channels // most)
    each = min(most, channels) if fill == "full" else -(-channels // parts)
    return Partition(-(-channels // each), 1, each, each * positions)
