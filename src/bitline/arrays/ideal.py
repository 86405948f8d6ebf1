"""Arrays whose wires have no resistance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline._model import Part


class IdealArray(Part):
    """Bit lines sum the currents of their cells exactly: I_j = sum_i G_ij V_i (Kirchhoff)."""

    kind: Literal["ideal"] = "ideal"
    rows: Annotated[int, Field(ge=1)] = 1152
    """Largest number of word lines; a taller matrix is split into equal partitions."""
    columns: Annotated[int, Field(ge=1)] = 256
    """Largest number of matrix columns on one array; a wider matrix is split into tiles."""
