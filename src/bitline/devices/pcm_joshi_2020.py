"""Phase-change memory with the programming error of Joshi et al."""

from __future__ import annotations

from typing import Literal

from bitline.devices._fits import polynomial
from bitline.devices._pcm import PhaseChangeMemory
from bitline.shapes import Cellwise


class PcmJoshi2020(PhaseChangeMemory):
    """Phase-change memory, 0 .. 25 uS, on/off ratio about 100: programming error of Joshi et al., "Accurate deep neural
    network inference using computational phase-change memory", Nature Communications 11, 2473, 2020, Fig. 3.

    sigma(G) = max(0, -0.00178767 G^2 + 0.07585724 G + 0.28638599), G and sigma in uS: a quadratic through the
    deviations that Fig. 3b shows 27 s after programming. Here it is the error at t_0 = 20 s; drift from there to 27 s
    changes it by less than 2 %. Drift and read noise are not those of this publication, but of the same kind of device
    by Nandakumar et al., see `PhaseChangeMemory`.

    Examples:
        Cells just after programming, and an hour later:

        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> device, draws = PcmJoshi2020(), Draws((0, 0, "conv1"))
        >>> target = torch.tensor([0.1, 0.5, 1.0])
        >>> cells = device.program(target, draws)
        >>> cells, device.aged(cells, target, 3600.0, draws)
        (tensor([0.1111, 0.5073, 1.0435]), tensor([0.0923, 0.3820, 0.7626]))
    """

    kind: Literal["pcm-joshi-2020"] = "pcm-joshi-2020"
    sigma_uS: tuple[float, ...] = (0.28638599, 0.07585724, -0.00178767)
    """Coefficients c0, c1, c2 of the programming error, for G in uS."""

    def sigma(self, state: Cellwise) -> Cellwise:
        return polynomial(self.sigma_uS, state).clamp(min=0)
