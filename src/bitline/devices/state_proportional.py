"""Programming error that grows with the programmed conductance."""

from __future__ import annotations

from typing import Literal

from bitline.devices._device import Device, Distribution, NormalError, RelativeSigma, standard_noise
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class StateProportional(Device):
    """sigma(G) = alpha * G: cells read in the subthreshold region (Xiao et al. 2022, section 5.3 and Fig. 8).

    Examples:
        >>> import torch
        >>> StateProportional(alpha=0.02).program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1012, 0.5019, 1.0204])
    """

    kind: Literal["state-proportional"] = "state-proportional"
    alpha: RelativeSigma
    """Standard deviation as a fraction of G (0.02 is 2 %)."""
    distribution: Distribution = "normal"
    """Shape of the error's distribution at this standard deviation."""

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        noise = standard_noise(self.distribution, draws)
        return noise(target.shape, "programming error").mul_(self.alpha).add_(1).mul_(target)

    def normal_error(self, target: Cellwise) -> NormalError | None:
        return NormalError(self.alpha, is_relative=True) if self.distribution == "normal" else None
