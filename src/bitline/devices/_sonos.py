"""What SONOS cells have in common whose mean and spread were measured over days."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch

from bitline.devices._fits import between, grown, saturating
from bitline.devices.published import PublishedDevice
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise

DAY = 86400.0


class DriftingSonos(PublishedDevice):
    """Spread sigma(I) = A (1 - exp(-I / B)) around the mean current I of the time, and a mean that shifts.

    A cell keeps its programming error, shifts with the mean, and the growth of the spread is one more normal deviation
    of the cell. Between measured times, shift and sigma are interpolated.
    """

    unit: ClassVar[str] = "nA"
    longest_s: ClassVar[float] = 5 * DAY

    @property
    @abstractmethod
    def _days(self) -> tuple[float, ...]:
        """Times of spread and shift."""

    @property
    @abstractmethod
    def _spreads(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """A and B at each time, in nA."""

    @abstractmethod
    def _shift(self, time: int, state: Cellwise) -> Cellwise:
        """Mean shift since programming at a measured time, in nA."""

    @property
    def default_on_off_ratio(self) -> float:
        return 1e7

    @property
    def times_s(self) -> tuple[float, ...]:
        return tuple(days * DAY for days in self._days)

    def sigma(self, state: Cellwise) -> Cellwise:
        return self._spread(0, state)

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        if seconds == 0:
            return programmed
        state = self._state(target)
        first, second, share = between(seconds / DAY, self._days)
        shift = torch.lerp(self._shift(first, state), self._shift(second, state), share)
        mean = (state + shift).clamp(min=0)
        spread = torch.lerp(self._spread(first, mean), self._spread(second, mean), share)
        moved = shift + grown(self.sigma(state), spread, draws)
        return programmed + (moved / self.largest).to(programmed.dtype)

    def _state(self, target: Cellwise) -> Cellwise:
        """Currents of targets in nA, in the precision that the drift is computed in."""
        return target * self.largest

    def _spread(self, time: int, mean: Cellwise) -> Cellwise:
        heights, scales = self._spreads
        return saturating(heights[time], scales[time], mean)
