"""Arrays whose wires have no resistance."""

from __future__ import annotations

from typing import Literal

from bitline.arrays._array import Array


class IdealArray(Array):
    """Bit lines sum the currents of their cells exactly: I_j = sum_i G_ij V_i (Kirchhoff).

    Examples:
        >>> import torch
        >>> cells = torch.rand(1, 1, 1, 4, 3)
        >>> IdealArray().effective_conductances(cells, [slice(0, 4)]) is cells
        True
    """

    kind: Literal["ideal"] = "ideal"
