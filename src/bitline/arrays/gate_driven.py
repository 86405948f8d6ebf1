"""Arrays whose inputs switch the cells' select transistors: only columns carry current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from bitline.arrays._array import Array
from bitline.arrays._ladder import LadderWires
from bitline.arrays.wires import Wire


class GateDrivenArray(Array):
    """Gate-driven cells (Xiao et al. 2022, Fig. 1(c) and Fig. 21): an input bit switches its row's cells on, and their
    currents meet on bit lines that have resistance.

    Cells that are off conduct nothing; select transistors are ideal switches, cells linear resistors. There is one
    segment of wire between neighbouring cells and one between the last cell and the end of the line. A line is as long
    as the partition in use has rows.
    """

    kind: Literal["gate-driven"] = "gate-driven"
    bit_line: Wire = Wire(segment=1e-5)
    """The wire that collects the currents; its terminal is at the virtual ground."""
    source_line: Wire = Wire()
    """The wire that brings the currents, fed at the same end as the virtual ground: the same currents flow in the
    segments of both wires, so that both together act exactly as one wire with the sum of their resistances."""
    ground: Literal["bottom", "top", "both"] = "bottom"
    """Where the virtual ground is: after the last row, before the first, or at both ends."""
    lines: Literal["separate", "interleaved"] = "separate"
    """Differential cells on two bit lines, subtracted at the foot, or on one line with opposite supplies."""
    row_order: Literal["channel", "position", "heaviest-at-foot"] = "channel"
    """Order of the rows from top to bottom: the kernel positions of one channel together, the channels of one kernel
    position together, or by total conductance with the largest next to the virtual ground."""

    @property
    def wires(self) -> LadderWires:
        """Wires as the solver takes them, from the first row to the last."""
        segment = self.bit_line.normalised_segment + self.source_line.normalised_segment
        terminal = self.bit_line.normalised_terminal + self.source_line.normalised_terminal
        return LadderWires(segment, terminal, terminal if self.ground == "both" else None)

    def order(self, targets: Tensor, positions: int) -> Tensor:
        """Rows of a partition from the far end to the foot.

        Args:
            targets: G/G_max that cells are meant to have, (lines, slices, rows, columns).
            positions: kernel positions of an input channel.

        Returns:
            (rows,) indices.
        """
        order = ROW_ORDERS[self.row_order](targets, positions)
        return order.flip(0) if self.ground == "top" and self.row_order != "heaviest-at-foot" else order


def _by_channel(targets: Tensor, positions: int) -> Tensor:
    return torch.arange(targets.shape[2])


def _by_position(targets: Tensor, positions: int) -> Tensor:
    rows = torch.arange(targets.shape[2])
    return torch.argsort((rows % positions) * len(rows) + rows // positions)


def _by_weight(targets: Tensor, positions: int) -> Tensor:
    totals = targets.double().sum((0, 1, 3)).cpu().round(decimals=4)  # rounding must not decide between equal rows
    return torch.argsort(totals, stable=True)


ROW_ORDERS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "channel": _by_channel,
    "position": _by_position,
    "heaviest-at-foot": _by_weight,
}
"""Who decides which row lies where."""
