"""The states and times that a device was measured at, and what is said beyond them and between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bitline.devices.duration import format_duration

TOLERANCE = 1e-6


@dataclass(frozen=True)
class MeasuredRange:
    """States and times that a device was measured at.

    Attributes:
        name: kind of the device, for messages.
        unit: unit of the states.
        states: smallest and largest state.
        longest_s: longest time after programming, in seconds.
        times_s: times between which the device is interpolated, ascending; empty if it follows a law.

    Examples:
        >>> MeasuredRange("reram-wan-2022", "uS", (0.0, 39.26), longest_s=1.0).check(30.0, 0.0, seconds=3600.0)
        Traceback (most recent call last):
        ValueError: cell.time is 1 hour, but cell.device 'reram-wan-2022' was measured up to 1 s after programming: ...
    """

    name: str
    unit: str
    states: tuple[float, float]
    longest_s: float
    times_s: Sequence[float] = ()

    @property
    def _known(self) -> str:
        """The measured times in words."""
        longest = f"up to {format_duration(self.longest_s)} after programming" if self.longest_s else ""
        return longest or "just after programming"

    def check(self, largest: float, smallest: float, seconds: float) -> None:
        """Refuse states and times outside the measured range.

        Args:
            largest, smallest: G_max and G_min of the design, in `unit`.
            seconds: time after programming.

        Raises:
            ValueError: a state or the time is outside; the message says how to allow it.
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
        if self._is_beyond(seconds):
            raise ValueError(
                f"cell.time is {format_duration(seconds)}, but cell.device {self.name!r} was measured {self._known}: "
                "use an earlier time, or cell.device.extrapolate = true"
            )

    def check_drift(self, seconds: float) -> None:
        """Refuse a later time than measured where the measured times say nothing about it, extrapolated or not.

        Args:
            seconds: time after programming.

        Raises:
            ValueError: the drift beyond the last time does not follow from the others; the message says why.

        Examples:
            >>> MeasuredRange("measurements-fit", "uS", (0.0, 40.0), 0.0, (0.0,)).check_drift(3600.0)
            Traceback (most recent call last):
            ValueError: cell.time is 1 hour, but cell.device 'measurements-fit' was measured at one time only, just ...
        """
        if not self.times_s or not self._is_beyond(seconds) or sum(time > 0 for time in self.times_s) > 1:
            return
        if len(self.times_s) == 1:
            when = f"{format_duration(self.longest_s)} after programming" if self.longest_s else self._known
            known, why = f"at one time only, {when}", "there is no drift to extrapolate"
        else:
            known = f"just after programming and after {format_duration(self.longest_s)}"
            why = "the drift after that, in the logarithm of time, takes two times after programming"
        raise ValueError(
            f"cell.time is {format_duration(seconds)}, but cell.device {self.name!r} was measured {known}, and {why}: "
            "use an earlier time, or measurements at later ones"
        )

    def notes(self, largest: float, smallest: float, seconds: float) -> Iterator[str]:
        """What is extrapolated, or interpolated where the law is not known.

        Args:
            largest, smallest, seconds: as for `check`.

        Examples:
            >>> device = MeasuredRange("measurements-fit", "uS", (5.0, 40.0), 86400.0, (0.0, 3600.0, 86400.0))
            >>> list(device.notes(40.0, 5.0, 604800.0))
            ["cell.device 'measurements-fit' is extrapolated to 1 week (measured up to 1 day after programming)"]
        """
        low, high = self.states
        beyond = []
        if largest > high * (1 + TOLERANCE):
            beyond.append(f"to {largest:g} {self.unit} (measured up to {high:g} {self.unit})")
        if smallest < low * (1 - TOLERANCE):
            beyond.append(f"to {smallest:g} {self.unit} (measured from {low:g} {self.unit})")
        if self._is_beyond(seconds):
            beyond.append(f"to {format_duration(seconds)} (measured {self._known})")
        if beyond:
            yield f"cell.device {self.name!r} is extrapolated {', '.join(beyond)}"
        if self.times_s and seconds < self.times_s[0] * (1 - TOLERANCE):
            yield (
                f"cell.time is {format_duration(seconds)}, and cell.device {self.name!r} was first measured after "
                f"{format_duration(self.times_s[0])}: until then cells hold what they held there"
            )
        if len(self.times_s) > 1 and self.times_s[0] == 0 < seconds < self.times_s[1] * (1 - TOLERANCE):
            yield (
                f"cell.time is {format_duration(seconds)}, and cell.device {self.name!r} was first measured again "
                f"after {format_duration(self.times_s[1])}: drift is linear in time until then, and most cells "
                "drift sooner"
            )

    def _is_beyond(self, seconds: float) -> bool:
        return seconds > self.longest_s * (1 + TOLERANCE)
