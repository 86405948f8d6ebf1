"""What measured devices have in common: a fit in physical units, and the range it was measured in."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bitline.devices._device import Device
from bitline.devices.duration import format_duration
from bitline.numerics.draws import Draws

TOLERANCE = 1e-6


class PublishedDevice(Device):
    """A published fit: normal error with a standard deviation that depends on the state.

    The fit is in `unit` (a conductance, or the current at the device's read voltage); `largest` of it is G_max.
    """

    unit: ClassVar[str]
    """Unit of the fit: 'uS' or 'nA'."""
    measured: ClassVar[tuple[float, float]]
    """Smallest and largest state that was measured, in `unit`."""
    longest_s: ClassVar[float] = 0.0
    """Longest time after programming that was measured."""

    extrapolate: bool = False
    """Allow states and times outside the measured range: fits are evaluated there, and what is interpolated in time
    goes on as between the last two measured times."""

    @property
    @abstractmethod
    def largest(self) -> float:
        """State that counts as G_max, in `unit`."""

    @property
    def times_s(self) -> tuple[float, ...]:
        """Times between which the device is interpolated, in seconds; none where it follows a law."""
        return ()

    @property
    def series(self) -> dict[str, Sequence[object]]:
        """Settings that hold one value for each of `times_s`, by name."""
        return {}

    def check_series(self) -> None:
        """Refuse times that do not ascend, and series without a value for each of them.

        Raises:
            ValueError: names the setting.
        """
        times = self.times_s
        if any(later <= earlier for earlier, later in itertools.pairwise(times)) or (times and times[0] != 0):
            raise ValueError(
                f"the times of cell.device {self.__dict__['kind']!r} must ascend from 0: they are {times} s"
            )
        for name, values in self.series.items():
            if len(values) != len(times) or len(times) < 2:
                raise ValueError(
                    f"cell.device.{name} has {len(values)} entries for {len(times)} times: give one for each of two or "
                    "more times"
                )

    @abstractmethod
    def sigma(self, state: Tensor) -> Tensor:
        """Standard deviation of programming, in `unit`.

        Args:
            state: target, in `unit`.
        """

    def program(self, target: Tensor, draws: Draws) -> Tensor:
        sigma = self.sigma(target * self.largest) / self.largest
        return draws.normal(target.shape, "programming error").mul_(sigma).add_(target)

    def check(self, lowest: float, seconds: float) -> None:
        self.check_series()
        if not self.extrapolate:
            known = MeasuredRange(self.kind, self.unit, self.measured, self.longest_s)
            known.check(self.largest, lowest * self.largest, seconds)


@dataclass(frozen=True)
class MeasuredRange:
    """States and times that a device was measured at.

    Attributes:
        name: the device.
        unit: of the states.
        states: smallest and largest.
        longest_s: longest time after programming.
    """

    name: str
    unit: str
    states: tuple[float, float]
    longest_s: float

    def check(self, largest: float, smallest: float, seconds: float) -> None:
        """Refuse states and times outside.

        Args:
            largest, smallest: G_max and G_min of the design, in `unit`.
            seconds: time after programming.

        Raises:
            ValueError: what is outside, and how to allow it.
        """
        low, high = self.states
        if largest > high * (1 + TOLERANCE):
            raise ValueError(
                f"cell.device {self.name!r} has a largest state of {largest:g} {self.unit}, but was measured up to "
                f"{high:g} {self.unit}: use at most that, or cell.device.extrapolate = true"
            )
        if smallest < low * (1 - TOLERANCE):
            raise ValueError(
                f"cell.device {self.name!r} was measured from {low:g} {self.unit}, but G_min is {smallest:g} "
                f"{self.unit}: use cell.on_off_ratio = {largest / low:.4g} or less, or cell.device.extrapolate = true"
            )
        if seconds > self.longest_s * (1 + TOLERANCE):
            known = (
                f"up to {format_duration(self.longest_s)} after programming"
                if self.longest_s
                else "just after programming"
            )
            raise ValueError(
                f"cell.time is {format_duration(seconds)}, but cell.device {self.name!r} was measured {known}: use an "
                "earlier time, or cell.device.extrapolate = true"
            )


def polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """c0 + c1 x + c2 x^2 + ..., in the precision of `x` (Horner's rule)."""
    result = torch.zeros_like(x)
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result


def saturating(height: float, scale: float, x: Tensor) -> Tensor:
    """height (1 - exp(-x / scale))."""
    return -height * torch.expm1(-x / scale)


def piecewise_linear(x: Tensor, xs: Sequence[float], ys: Sequence[float]) -> Tensor:
    """Linear interpolation through the points (xs, ys), xs ascending; the first and last segments go on outside."""
    grid = torch.tensor(xs, dtype=x.dtype)
    values = torch.tensor(ys, dtype=x.dtype)
    left = (torch.bucketize(x.contiguous(), grid) - 1).clamp(0, len(xs) - 2)
    slope = (values[1:] - values[:-1]) / (grid[1:] - grid[:-1])
    return values[left] + slope[left] * (x - grid[left])


def between(seconds: float, times_s: Sequence[float]) -> tuple[int, int, float]:
    """The two measured times around a time, and how far it lies between them; the last two where it lies beyond."""
    later = min(max(next((i for i, t in enumerate(times_s) if t >= seconds), len(times_s) - 1), 1), len(times_s) - 1)
    span = times_s[later] - times_s[later - 1]
    return later - 1, later, (seconds - times_s[later - 1]) / span


def grown(sigma: Tensor, later: Tensor, draws: Draws) -> Tensor:
    """One more normal deviation of every cell, with which a spread sigma grows to a later one.

    The same cell gets the same deviation at all times; where the spread has shrunk there is none.

    Args:
        sigma, later: standard deviations just after programming and at the later time, same shape.
        draws: random numbers of this chip and layer.
    """
    return (later.square() - sigma.square()).clamp(min=0).sqrt() * draws.normal(sigma.shape, "retention")
