"""Phase-change memory with the programming error of Nandakumar et al."""

from __future__ import annotations

from typing import Literal

from bitline.devices._fits import polynomial
from bitline.devices._pcm import PhaseChangeMemory
from bitline.shapes import Cellwise


class PcmNandakumar2019(PhaseChangeMemory):
    """Phase-change memory, 0 .. 25 uS: programming error, drift and read noise of Nandakumar et al., IEEE ICECS 2019.

    sigma(G) = 0.26348 + 1.9650 g - 1.1731 g^2 in uS, g = G / 25 uS of the target, never below 0. Drift and read noise:
    `PhaseChangeMemory`. The publication's targets begin at 0. G_max / G_min = 100 is that of these cells in Joshi et
    al. 2020; `cell.on_off_ratio = inf` aims at 0 for cells that store nothing.

    Examples:
        Cells just after programming, and an hour later:

        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> device, draws = PcmNandakumar2019(), Draws((0, 0, "conv1"))
        >>> target = torch.tensor([0.1, 0.5, 1.0])
        >>> cells = device.program(target, draws)
        >>> cells, device.aged(cells, target, 3600.0, draws)
        (tensor([0.1107, 0.5073, 1.0431]), tensor([0.0920, 0.3820, 0.7623]))
    """

    kind: Literal["pcm-nandakumar-2019"] = "pcm-nandakumar-2019"
    sigma_uS: tuple[float, ...] = (0.26348, 1.9650, -1.1731)
    """Coefficients c0, c1, c2 of the programming error, for g = G / 25 uS."""

    def sigma(self, state: Cellwise) -> Cellwise:
        return polynomial(self.sigma_uS, state / self.measured[1]).clamp(min=0)
