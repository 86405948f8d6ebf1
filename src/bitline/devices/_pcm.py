"""Drift and read noise of phase-change memory."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from bitline.devices._measured import MeasuredDevice
from bitline.draws import Draws


class PhaseChangeMemory(MeasuredDevice):
    """Drift and noise of doped Ge2Sb2Te5 mushroom cells of 90 nm (Nandakumar et al., "Phase-change memory models for
    deep learning training and inference", IEEE ICECS 2019), with g = G / 25 uS just after programming.

    G(t) = G_p (t / t_0)^-nu for t > t_0, nu = |mu(g) + s(g) n| with one normal number n for each cell. Read noise is
    of 1/f type: sigma = G(t) Q(g) sqrt(ln((t + t_read) / (2 t_read))) grows with time; bitline draws it anew for every
    read, although its slowest parts are the same from one read to the next. Published network results with this device
    reach one day (Joshi et al., Nature Communications 11, 2473, 2020); later times are an extrapolation.
    """

    unit: ClassVar[str] = "uS"
    measured: ClassVar[tuple[float, float]] = (0.0, 25.0)
    longest_s: ClassVar[float] = 86400.0

    G_max_uS: Annotated[float, Field(gt=0)] = 25.0
    """Conductance of a cell at G_max."""
    drift_start_s: Annotated[float, Field(gt=0)] = 20.0
    """t_0, time after programming at which the programmed conductance was verified; no drift before."""
    drift_mean: tuple[float, float] = (-0.0155, 0.0244)
    """a, b of mu = a ln g + b."""
    drift_mean_limits: tuple[float, float] = (0.049, 0.1)
    """Smallest and largest mu."""
    drift_spread: tuple[float, float] = (-0.0125, -0.0059)
    """a, b of s = a ln g + b."""
    drift_spread_limits: tuple[float, float] = (0.008, 0.045)
    """Smallest and largest s."""
    read_time_s: Annotated[float, Field(gt=0)] = 250e-9
    """t_read, duration of a read."""
    noise_factor: float = 0.0088
    """a of Q = a / g^b."""
    noise_exponent: float = 0.65
    """b of Q = a / g^b."""
    noise_limit: float = 0.2
    """Largest Q."""

    @property
    def largest(self) -> float:
        return self.G_max_uS

    @property
    def own_on_off_ratio(self) -> float:
        return 100.0

    def aged(self, programmed: Tensor, target: Tensor, seconds: float, draws: Draws) -> Tensor:
        if seconds <= self.drift_start_s:
            return programmed
        log = self._relative(programmed).log()
        mean = (self.drift_mean[0] * log + self.drift_mean[1]).clamp(*self.drift_mean_limits)
        spread = (self.drift_spread[0] * log + self.drift_spread[1]).clamp(*self.drift_spread_limits)
        exponent = (mean + spread * draws.normal(target.shape, "drift exponent")).abs()
        return programmed * torch.exp(-math.log(seconds / self.drift_start_s) * exponent)

    def read_noise(self, conductance: Tensor, seconds: float) -> Tensor:
        time = max(seconds, self.drift_start_s)
        growth = math.sqrt(math.log((time + self.read_time_s) / (2 * self.read_time_s)))
        share = self.noise_factor / self._relative(conductance).pow(self.noise_exponent)
        return conductance.clamp(min=0) * share.clamp(max=self.noise_limit) * growth

    def _relative(self, conductance: Tensor) -> Tensor:
        """g, away from zero, where its logarithm and powers end."""
        return (conductance * (self.largest / self.measured[1])).clamp(min=1e-6)
