"""Published devices: a fit in physical units, and the states and times at which it was measured."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from bitline.devices._device import Device, NormalError
from bitline.devices._measured_range import MeasuredRange
from bitline.devices.full_scale import FullScale, full_scale
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


class PublishedDevice(Device):
    """A published fit: normal error with a standard deviation that depends on the state.

    The fit is in `unit` (a conductance, or the current at the device's read voltage); `largest` of it is G_max.

    Examples:
        A device of up to 20 uS whose cells miss their targets by 1 % of themselves:

        >>> import torch
        >>> class MyDevice(PublishedDevice):
        ...     unit: ClassVar[str] = "uS"
        ...     measured: ClassVar[tuple[float, float]] = (0.0, 20.0)
        ...
        ...     @property
        ...     def largest(self) -> float:
        ...         return 20.0
        ...
        ...     def sigma(self, state: Tensor) -> Tensor:
        ...         return 0.01 * state
        >>> MyDevice().program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1006, 0.5010, 1.0102])
    """

    unit: ClassVar[str]
    """Unit of the fit: 'uS' or 'nA'."""
    measured: ClassVar[tuple[float, float]]
    """Smallest and largest state that was measured, in `unit`."""
    longest_s: ClassVar[float] = 0.0
    """Longest time after programming that was measured."""

    extrapolate: bool = False
    """Allow states and times outside the measured range: fits are evaluated there, and what is interpolated in time
    goes on as between the last two measured times, linear in the logarithm of time."""

    @property
    @abstractmethod
    def largest(self) -> float:
        """State that counts as G_max, in `unit`."""

    @property
    def full_scale(self) -> FullScale | None:
        return full_scale(self.largest, self.unit)

    @property
    def times_s(self) -> tuple[float, ...]:
        """Times between which the device is interpolated, in seconds; empty if it follows a law."""
        return ()

    @property
    def series(self) -> dict[str, Sequence[object]]:
        """Settings that hold one value for each of `times_s`, by name."""
        return {}

    def check_series(self) -> None:
        """Refuse times that do not ascend, and series without a value for each of them.

        Raises:
            ValueError: the times or a series are wrong; the message names the setting.
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
    def sigma(self, state: Cellwise) -> Cellwise:
        """Standard deviation of programming, in `unit`.

        Args:
            state: targets in `unit`, any shape.
        """

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        sigma = self.sigma(target * self.largest) / self.largest
        return draws.normal(target.shape, "programming error").mul_(sigma).add_(target)

    def normal_error(self, target: Cellwise) -> NormalError | None:
        return NormalError(self.sigma(target * self.largest) / self.largest, is_relative=False)

    def check(self, lowest: float, seconds: float) -> None:
        self.check_series()
        self._known.check_drift(seconds)
        if not self.extrapolate:
            self._known.check(self.largest, lowest * self.largest, seconds)

    def notes(self, lowest: float, seconds: float) -> tuple[str, ...]:
        found = tuple(self._known.notes(self.largest, lowest * self.largest, seconds))
        is_still = type(self).aged is Device.aged and seconds > self.longest_s
        return (*found, f"cell.device {self.kind!r} has no drift: cells stay as programmed") if is_still else found

    @property
    def _known(self) -> MeasuredRange:
        longest = self.times_s[-1] if self.times_s else self.longest_s
        return MeasuredRange(self.kind, self.unit, self.measured, longest, self.times_s)
