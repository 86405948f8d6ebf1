"""Capacitors that share their charge on a line: cells of charge-domain arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline.devices._device import Device
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class ChargeSharing(Device):
    """A capacitor for each cell; all capacitors of a column share their charge, and the line's parasitic takes part.

    The line settles at V = sum_i C_i w_i u_i / (sum_i C_i + C_line), with C_i = C (1 + e_i): charge is conserved. In
    parts of what the nominal capacitors give for one cell, a cell adds w_i (1 + e_i) (1 + p) / (m + p), where m is the
    mean of 1 + e_i over the rows and p = C_line over the sum of the nominal capacitors. So a line with all of S cells
    on has the variance alpha^2 S (1 - S / N) for p = 0: errors vanish when all N cells are on. Charge-domain arrays are
    those of Genov and Cauwenberghs (IEEE TCAS-II 48(10), 2001) and of Valavi et al. (IEEE JSSC 54(6), 2019).

    Capacitors are shared by all rows of a matrix here; on several arrays, each has a sum of its own, so that errors of
    lines with most cells on are somewhat smaller than here. The noise of a line, kT/C, is set as `adc.noise_steps`.

    Examples:
        Two columns of three cells; where all of them are 1, the line has no error:

        >>> import torch
        >>> cells = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> ChargeSharing(alpha=0.02).program(cells, Draws((0, 0, "conv1"))).sum(0)
        tensor([3.0000, 2.0123])
    """

    kind: Literal["charge-sharing"] = "charge-sharing"
    alpha: Annotated[float, Field(ge=0, lt=0.3)]
    """Standard deviation of a capacitor as a fraction of its capacitance (0.01 is 1 %)."""
    parasitic: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Capacitance of a line beside its cells', as a fraction of the sum of these; the range of the ADC is that of the
    smaller signal."""

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        """Cells as their shares of the charge of a line.

        Args:
            target: wanted, (..., rows, columns); single cells or a row of them share no line.
            draws: random numbers of this chip and layer.
        """
        capacitors = draws.normal(target.shape, "programming error").mul_(self.alpha).add_(1).clamp_(min=0)
        if target.ndim < 2:
            return target * capacitors
        mean = capacitors.mean(-2, keepdim=True)
        return target * capacitors * ((1 + self.parasitic) / (mean + self.parasitic))
