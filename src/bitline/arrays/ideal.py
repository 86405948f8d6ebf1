"""Arrays whose wires have no resistance."""

from __future__ import annotations

from typing import Literal

from bitline.arrays._array import Array


class IdealArray(Array):
    """Bit lines sum the currents of their cells exactly: I_j = sum_i G_ij V_i (Kirchhoff)."""

    kind: Literal["ideal"] = "ideal"
