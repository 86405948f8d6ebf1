"""Resistive memory, nearly state-independent error."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bitline.devices._fits import polynomial
from bitline.devices.published import PublishedDevice
from bitline.shapes import Cellwise


class ReramMilo2021(PublishedDevice):
    """HfO2 resistive memory programmed by IGVVA-100, 50 .. 225 uS (Milo et al., "Optimized programming algorithms for
    multilevel RRAM in hardware neural networks", IEEE IRPS 2021).

    sigma(G) = 4.782321 - 0.009107 G, G and sigma in uS. Its current is not proportional to the voltage: use
    `cell.current_voltage = "milo-2021"` with it where inputs are voltages on rows.

    Examples:
        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> ReramMilo2021().program(torch.tensor([0.3, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.3111, 0.5032, 1.0124])
    """

    kind: Literal["reram-milo-2021"] = "reram-milo-2021"
    unit: ClassVar[str] = "uS"
    measured: ClassVar[tuple[float, float]] = (50.0, 225.0)

    G_max_uS: Annotated[float, Field(ge=1e-3)] = 225.0
    """Conductance of a cell at G_max."""
    sigma_uS: tuple[float, ...] = (4.782321, -0.009107)
    """Coefficients c0, c1 of the programming error, for G in uS."""

    @property
    def largest(self) -> float:
        return self.G_max_uS

    @property
    def default_on_off_ratio(self) -> float:
        return self.G_max_uS / self.measured[0]

    def sigma(self, state: Cellwise) -> Cellwise:
        return polynomial(self.sigma_uS, state).clamp(min=0)
