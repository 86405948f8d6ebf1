"""Arrays whose cells are capacitors: a column adds charges, and shares them among all capacitors on its line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from bitline.arrays._array import Array
from bitline.numerics.constants import BOLTZMANN_J_PER_K
from bitline.numerics.draws import Draws
from bitline.shapes import CellTensor

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ChargeSharingArray(Array):
    """A capacitor for each cell, charged with the product of weight and input; all capacitors of a column are joined.

    The line settles where charge is conserved: V = sum_i C_i w_i u_i V_dd / (sum_i C_i + C_line), with C_i = C (1 +
    e_i). In parts of what a cell gives on a line without errors, cell i counts (1 + e_i) (1 + p) n / (sum_i (1 + e_i)
    + p n), where n capacitors are on the line and p = C_line / (n C). Each row partition is an array, with lines and
    capacitors of its own. Such are the arrays of Genov and Cauwenberghs (IEEE TCAS-II 48(10), 2001), Valavi et al.
    (IEEE JSSC 54(6), 2019) and Jia et al. (IEEE JSSC 55(9), 2020).

    With a capacitance, every read has the noise of the shared node: k T / (C_line + n C) in V^2, whose standard
    deviation is sqrt(k T n (1 + p) / C) / V_dd of what one cell gives.

    Examples:
        Three rows with capacitors that differ; the cells that store 0 share the charge, too:

        >>> array = ChargeSharingArray(rows=3, mismatch=0.02)
        >>> array.shares((1, 1, 1, 3, 2), [slice(0, 3)], Draws((0, 0, "conv1")))[0, 0, 0]
        tensor([[1.0017, 1.0001],
                [1.0018, 1.0046],
                [0.9965, 0.9953]])
        >>> round(ChargeSharingArray(rows=1152, capacitor_fF=1.0).line_noise(1152), 3)
        0.069
    """

    kind: Literal["charge-sharing"] = "charge-sharing"
    mismatch: Annotated[float, Field(ge=0, lt=0.3)] = 0.0
    """Standard deviation of a capacitor as a fraction of its capacitance (0.01 is 1 %)."""
    parasitic: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Capacitance of a line beside its cells', as a fraction of the sum of these."""
    unused: Literal["connected", "disconnected"] = "connected"
    """Whether capacitors of rows that a matrix leaves free share the charge of the others, as on a line without
    switches, or are switched off it. The default is an assumption, the safe one: with n of N rows in use, the noise of
    a line is sqrt(N / n) times that of a line whose free rows are switched off."""
    capacitor_fF: Positive | None = None
    """Capacitor of a cell, which decides the noise of a line (k T / C); none if not given."""
    supply_V: Annotated[float, Field(gt=0, le=1e3)] = 1.0
    """V_dd, with which a capacitor is charged."""
    temperature_K: Positive = 300.0
    """Temperature of the noise."""

    def shares(self, shape: tuple[int, ...], row_slices: Sequence[slice], draws: Draws) -> CellTensor | None:
        if self.mismatch == 0:
            return None
        capacitors = draws.normal(shape, "capacitors").mul_(self.mismatch).add_(1).clamp_(min=0)
        for part, rows in enumerate(row_slices):
            own = capacitors[..., rows, :]
            used, count = own.shape[-2], self._capacitors(own.shape[-2])
            spread = self.mismatch * math.sqrt(count - used)  # of all that are not used
            free = draws.of("unused capacitors").normal((*shape[:3], 1, shape[4]), str(part)) * spread + (count - used)
            total = own.double().sum(-2, keepdim=True) + free.clamp(min=0) + self.parasitic * count
            capacitors[..., rows, :] = own * ((1 + self.parasitic) * count / total)
        return capacitors

    def line_noise(self, rows: int) -> float:
        if self.capacitor_fF is None:
            return 0.0
        shared = self._capacitors(rows) * (1 + self.parasitic)
        capacitor = self.capacitor_fF * 1e-15
        return math.sqrt(BOLTZMANN_J_PER_K * self.temperature_K * shared / capacitor) / self.supply_V

    def without_noise(self) -> Self:
        return self.model_copy(update={"capacitor_fF": None})

    def _capacitors(self, used: int) -> int:
        """Capacitors on a line of which so many are used."""
        return max(self.rows, used) if self.unused == "connected" else used
