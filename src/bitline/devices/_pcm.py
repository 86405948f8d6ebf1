"""Drift and read noise of phase-change memory."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator

from bitline.devices._device import RelativeSigma
from bitline.devices.published import PublishedDevice
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class PhaseChangeMemory(PublishedDevice):
    """Drift and noise of doped Ge2Sb2Te5 mushroom cells of 90 nm (Nandakumar et al., "Phase-change memory models for
    deep learning training and inference", IEEE ICECS 2019). Times t are since programming; g_T = G_T / 25 uS is the
    target and g_p = G_p / 25 uS the conductance just after programming, whatever G_max is.

    Drift: G(t) = G_p (t / t_0)^-nu for t > t_0, nu = |mu(g_T) + s(g_T) n| with one normal number n for each cell: mu =
    -0.0155 ln g_T + 0.0244 within 0.049 .. 0.1, s = -0.0125 ln g_T - 0.0059 within 0.008 .. 0.045. Before t_0 cells
    have not drifted, since G_p is what they were verified to hold at t_0.

    Read noise is of 1/f type: sigma(t) = G(t) Q(g_p) sqrt(ln((t + t_read) / (2 t_read))), Q = 0.0088 / g_p^0.65, at
    most 0.2. Relative to G(t) it grows with time: by 14 % from t_0 to an hour, by 22 % to a day. Before t_0 it is that
    at t_0. The formula is the deviation of a read from the conductance averaged over all of t. Reads d seconds apart
    differ by about G Q sqrt(2 ln(d / t_read)) only: after a day, they share 0.95 of the variance at 1 us and 0.7 at
    1 ms, so no average over the slices and windows of an inference removes it. All reads of a chip at one time
    therefore share their noise, as in networks that are computed from conductances read from a chip (Joshi et al.,
    Nature Communications 11, 2473, 2020), unless `noise_renewed` says otherwise. Seconds apart they share 0.4: the mean
    over chips is that of such inferences, and chips differ a little more here. Published network results with this
    device reach one day (Joshi et al.); later times are an extrapolation.
    """

    unit: ClassVar[str] = "uS"
    measured: ClassVar[tuple[float, float]] = (0.0, 25.0)
    longest_s: ClassVar[float] = 86400.0

    G_max_uS: Annotated[float, Field(ge=1e-3)] = 25.0
    """Conductance of a cell at G_max."""
    drift_start_s: Annotated[float, Field(gt=0)] = 20.0
    """t_0, time after programming at which the programmed conductance was verified; no drift before."""
    drift_mean: tuple[float, float] = (-0.0155, 0.0244)
    """a, b of mu = a ln g_T + b."""
    drift_mean_limits: tuple[float, float] = (0.049, 0.1)
    """Smallest and largest mu."""
    drift_spread: tuple[float, float] = (-0.0125, -0.0059)
    """a, b of s = a ln g_T + b."""
    drift_spread_limits: tuple[float, float] = (0.008, 0.045)
    """Smallest and largest s."""
    read_time_s: Annotated[float, Field(gt=0)] = 250e-9
    """t_read, duration of a read, at most t_0: noise slower than a read is what differs between reads."""
    noise_factor: RelativeSigma = 0.0088
    """a of Q = a / g_p^b."""
    noise_exponent: float = 0.65
    """b of Q = a / g_p^b."""
    noise_limit: RelativeSigma = 0.2
    """Largest Q."""
    noise_renewed: Literal["time", "read"] = "time"
    """When cells have new noise: once for each time that a chip is looked at ('time'), or at every read ('read')."""

    @model_validator(mode="after")
    def _check_read_time(self) -> Self:
        if self.read_time_s > self.drift_start_s:
            raise ValueError(
                f"cell.device.read_time_s is {self.read_time_s:g}, longer than drift_start_s, {self.drift_start_s:g}, "
                "after which cells are read: a read must be over by then"
            )
        return self

    @property
    def largest(self) -> float:
        return self.G_max_uS

    @property
    def default_on_off_ratio(self) -> float:
        return 100.0

    @property
    def noise_lasts(self) -> bool:
        return self.noise_renewed == "time"

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        if seconds <= self.drift_start_s:
            return programmed
        log = self._relative(target).log()
        mean = (self.drift_mean[0] * log + self.drift_mean[1]).clamp(*self.drift_mean_limits)
        spread = (self.drift_spread[0] * log + self.drift_spread[1]).clamp(*self.drift_spread_limits)
        exponent = (mean + spread * draws.normal(target.shape, "drift exponent")).abs()
        return programmed * torch.exp(-math.log(seconds / self.drift_start_s) * exponent)

    def read_noise(self, conductance: Cellwise, programmed: Cellwise, seconds: float) -> Cellwise:
        time = max(seconds, self.drift_start_s)
        growth = math.sqrt(math.log((time + self.read_time_s) / (2 * self.read_time_s)))
        share = self.noise_factor / self._relative(programmed).pow(self.noise_exponent)
        return conductance.clamp(min=0) * share.clamp(max=self.noise_limit) * growth

    def _relative(self, conductance: Cellwise) -> Cellwise:
        """G / 25 uS, away from zero, where its logarithm and powers end (all limits above are reached before)."""
        return (conductance * (self.largest / self.measured[1])).clamp(min=1e-6)
