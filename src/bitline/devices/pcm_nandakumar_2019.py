"""Phase-change memory with the programming error of Nandakumar et al."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from bitline.devices._measured import polynomial
from bitline.devices._pcm import PhaseChangeMemory


class PcmNandakumar2019(PhaseChangeMemory):
    """Phase-change memory, 0 .. 25 uS: programming error, drift and read noise of Nandakumar et al., IEEE ICECS 2019.

    sigma(G) = 0.26348 + 1.9650 g - 1.1731 g^2 in uS, g = G / 25 uS of the target, never below 0. Drift and read noise:
    `PhaseChangeMemory`. The publication's targets begin at 0. G_max / G_min = 100 is that of these cells in Joshi et
    al. 2020; `cell.on_off_ratio = inf` aims at 0 for cells that hold nothing.
    """

    kind: Literal["pcm-nandakumar-2019"] = "pcm-nandakumar-2019"
    sigma_uS: tuple[float, ...] = (0.26348, 1.9650, -1.1731)
    """Coefficients c0, c1, c2 of the programming error, for g = G / 25 uS."""

    def sigma(self, state: Tensor) -> Tensor:
        return polynomial(self.sigma_uS, state / self.measured[1]).clamp(min=0)
