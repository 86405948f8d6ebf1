"""Resistive memory of the NeuRRAM chip."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bitline.devices._fits import polynomial
from bitline.devices.published import PublishedDevice
from bitline.shapes import Cellwise


class ReramWan2022(PublishedDevice):
    """Resistive memory, 0 .. 39.26 uS, one second after programming (Wan et al., "A compute-in-memory chip based on
    resistive random-access memory", Nature 608, 504-512, 2022, Extended Data Fig. 3).

    sigma(G) = 1.536e-4 G^3 - 1.167e-2 G^2 + 2.374e-1 G + 1.053, G and sigma in uS: a cubic through the deviations one
    second after programming, which here stand for all times up to then. Relaxation after that is not part of the model.

    Examples:
        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> ReramWan2022().program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1277, 0.5116, 1.0437])
    """

    kind: Literal["reram-wan-2022"] = "reram-wan-2022"
    unit: ClassVar[str] = "uS"
    measured: ClassVar[tuple[float, float]] = (0.0, 39.26)
    longest_s: ClassVar[float] = 1.0

    G_max_uS: Annotated[float, Field(ge=1e-3)] = 39.26
    """Conductance of a cell at G_max."""
    sigma_uS: tuple[float, ...] = (1.053, 2.374e-1, -1.167e-2, 1.536e-4)
    """Coefficients c0 .. c3 of the error, for G in uS."""

    @property
    def largest(self) -> float:
        return self.G_max_uS

    def sigma(self, state: Cellwise) -> Cellwise:
        return polynomial(self.sigma_uS, state).clamp(min=0)
