"""In which order the rows of a partition lie on gate-driven arrays, from the far end of the bit lines to the foot."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


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
