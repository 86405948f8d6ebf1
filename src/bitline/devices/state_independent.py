"""Programming error that is the same for every state."""

from __future__ import annotations

from typing import Literal

import torch

from bitline.devices._device import Device, Distribution, NormalError, RelativeSigma, standard_noise
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class StateIndependent(Device):
    """sigma = alpha * reference, whatever the conductance (Xiao et al. 2022, section 5.2 and Fig. 8).

    Examples:
        >>> import torch
        >>> StateIndependent(alpha=0.02).program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1120, 0.5038, 1.0204])
    """

    kind: Literal["state-independent"] = "state-independent"
    alpha: RelativeSigma
    """Standard deviation as a fraction of `reference` (0.02 is 2 %)."""
    reference: Literal["G_max", "G_max/2"] = "G_max"
    """What alpha refers to: G_max (CrossSim manual 2.0), or half of it (arXiv 2109.01262v3), where equal alphas of the
    independent and the proportional kind give equal errors at mid-range."""
    distribution: Distribution = "normal"
    """Shape of the error's distribution at this standard deviation."""

    @property
    def sigma(self) -> float:
        """Standard deviation of G / G_max."""
        return self.alpha * {"G_max": 1.0, "G_max/2": 0.5}[self.reference]

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        noise = standard_noise(self.distribution, draws)
        return noise(target.shape, "programming error").mul_(self.sigma).add_(target)

    def normal_error(self, target: Cellwise) -> NormalError | None:
        spread = torch.full_like(target, self.sigma)
        return NormalError(spread, is_relative=False) if self.distribution == "normal" else None
