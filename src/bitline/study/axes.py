"""Axes of a study: which settings change, and how."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from bitline.config.contents import plain_value
from bitline.config.messages import nearest
from bitline.config.part import Part
from bitline.config.trust import heed
from bitline.design.settings import code_in
from bitline.devices.duration import parse_duration
from bitline.errors import StudyError

BASE = "design"
"""The setting that chooses the base design: a preset or a .toml file."""


class Range(Part):
    """Numbers from one to another, both included.

    Examples:
        >>> Range(start=0.1, stop=0.5, points=3).values()
        [0.1, 0.3, 0.5]
        >>> Range(start=64, stop=1024, points=3, scale="log").values()
        [64, 256, 1024]
    """

    start: float
    """First number."""
    stop: float
    """Last number."""
    points: Annotated[int, Field(ge=2, le=10_000)]
    """How many numbers."""
    scale: Literal["linear", "log"] = "linear"
    """Equal steps, or equal ratios."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.scale == "log" and min(self.start, self.stop) <= 0:
            raise ValueError(
                f"a range with scale 'log' goes from {self.start:g} to {self.stop:g}: both must be above 0"
            )
        return self

    def values(self) -> list[float]:
        """The numbers; whole ones as integers."""
        if self.scale == "log":
            ratio = math.log(self.stop / self.start) / (self.points - 1)
            numbers = [self.start * math.exp(ratio * index) for index in range(self.points)]
            numbers[-1] = self.stop
        else:
            step = (self.stop - self.start) / (self.points - 1)
            numbers = [self.start + step * index for index in range(self.points)]
        rounded = [float(f"{number:.12g}") for number in numbers]
        return [int(number) if number.is_integer() else number for number in rounded]


def plain_values(values: Any) -> Any:
    """Values as TOML can have them: paths by their names, numbers and arrays of NumPy and PyTorch as Python's.

    Examples:
        >>> import numpy as np
        >>> plain_values({"adc.bits": np.arange(5, 7), "cell.device.alpha": np.float32(0.5)})
        {'adc.bits': [5, 6], 'cell.device.alpha': 0.5}

    Raises:
        ValueError: one of them is None.
    """
    if values is None:
        raise ValueError("one of the values is None, which TOML does not have: name a value, or leave the setting out")
    if isinstance(values, dict):
        return {name: plain_values(value) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [plain_values(value) for value in values]
    return plain_value(values)


class Axis(Part):
    """Settings that change together. Several axes are crossed.

    Examples:
        >>> Axis(setting="adc.bits", values=[6, 8]).steps()
        [{'adc.bits': 6}, {'adc.bits': 8}]
        >>> Axis(zip={"array.rows": [72, 144], "adc.bits": [6, 7]}).steps()
        [{'array.rows': 72, 'adc.bits': 6}, {'array.rows': 144, 'adc.bits': 7}]
    """

    setting: str | None = None
    """A setting by its dotted name: 'adc.bits'; 'design' for the base design."""
    values: tuple[Any, ...] | None = None
    """Its values."""
    range: Range | None = None
    """Its values as a range, instead of a list."""
    zip: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    """Several settings that change in step, instead of one: { "array.rows" = [72, 144], "adc.bits" = [6, 7] }."""
    when: dict[str, Any] = Field(default_factory=dict)
    """Settings of earlier axes, or of the base design, and the value (or list of values) that the axis needs."""

    @field_validator("values", "zip", "when", mode="before")
    @classmethod
    def _plain(cls, values: Any) -> Any:
        return None if values is None else plain_values(values)

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [name for name in ("values", "range", "zip") if getattr(self, name)]
        label = self.setting or ", ".join(self.zip) or "without a name"
        if bool(self.setting) == bool(self.zip):
            raise ValueError(f"axis {label}: give a setting with values or a range, or a zip of several settings")
        if len(given) != 1:
            what = "no values" if not given else " and ".join(given)
            raise ValueError(f"axis {label} has {what}: give one of values = [...], range = {{...}} or zip = {{...}}")
        lengths = {name: len(values) for name, values in self.zip.items()}
        if self.zip and (len(set(lengths.values())) != 1 or not min(lengths.values())):
            counts = ", ".join(f"{name} {count}" for name, count in lengths.items())
            raise ValueError(f"axis zip: settings that change in step need equally many values, not {counts}")
        heed(self.code)
        return self

    @property
    def code(self) -> tuple[str, ...]:
        """Import paths of users' classes among its values."""
        return tuple(dict.fromkeys(path for step in self.steps() for path in code_in(step)))

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that change."""
        return (self.setting,) if self.setting else tuple(self.zip)

    def steps(self) -> list[dict[str, Any]]:
        """The settings of each step."""
        if self.zip:
            return [dict(zip(self.zip, step, strict=True)) for step in zip(*self.zip.values(), strict=True)]
        assert self.setting is not None
        values: Sequence[Any] = self.range.values() if self.range else self.values or ()
        return [{self.setting: value} for value in values]


def crossed(axes: Sequence[Axis], known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All combinations of the axes' steps, first axis slowest, each once.

    Args:
        axes: an axis with a condition is left out where the condition is not met.
        known: settings of the base design by dotted name, for conditions.

    Examples:
        >>> kinds = Axis(setting="weights.kind", values=["differential", "offset"])
        >>> slices = Axis(setting="weights.bits_per_cell", values=[1, 2], when={"weights.kind": "offset"})
        >>> for settings in crossed([kinds, slices], {}):
        ...     print(settings)
        {'weights.kind': 'differential'}
        {'weights.kind': 'offset', 'weights.bits_per_cell': 1}
        {'weights.kind': 'offset', 'weights.bits_per_cell': 2}
    """
    met: set[str] = set()
    for settings in combinations(axes, known):
        key = repr(sorted(settings.items()))
        if key not in met:
            met.add(key)
            yield settings


def check_conditions(axes: Sequence[Axis], known: dict[str, Any]) -> None:
    """Refuse conditions on what neither the base design nor an earlier axis sets: such an axis would vanish silently.

    Args:
        axes: of a study, in order.
        known: settings of the base design by dotted name.

    Raises:
        StudyError: the condition, and what may have been meant.

    Examples:
        >>> check_conditions([Axis(setting="adc.bits", values=[6, 7], when={"adc.bit": 8})], {"adc.bits": 8})
        Traceback (most recent call last):
        bitline.errors.StudyError: axis adc.bits: its condition names 'adc.bit', which neither the base design ...
    """
    names = dict.fromkeys(known)
    for axis in axes:
        label = ", ".join(axis.settings)
        for name in axis.when:
            if name not in names:
                raise StudyError(
                    f"axis {label}: its condition names {name!r}, which neither the base design nor an earlier axis "
                    f"sets{nearest(name, names)}"
                )
        names |= dict.fromkeys(axis.settings)


def combinations(axes: Sequence[Axis], known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All combinations of the axes' steps, first axis slowest, some of which may be alike.

    Args:
        axes: as for `crossed`.
        known: as for `crossed`.

    Examples:
        >>> list(combinations([Axis(setting="adc.bits", values=[6, 6])], {}))
        [{'adc.bits': 6}, {'adc.bits': 6}]
    """
    return _combinations(list(axes), known, {})


def _combinations(axes: list[Axis], known: dict[str, Any], settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not axes:
        yield settings
        return
    first, rest = axes[0], axes[1:]
    if not meets(first.when, {**known, **settings}):
        yield from _combinations(rest, known, settings)
        return
    for step in first.steps():
        yield from _combinations(rest, known, {**settings, **step})


def meets(condition: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether settings have the values of an axis's condition.

    Args:
        condition: for each setting by dotted name, a value or a list of values.
        settings: by dotted name.

    Examples:
        >>> meets({"adc.bits": [6, 7]}, {"adc.bits": 7}), meets({"cell.time": "1 day"}, {"cell.time": 86400})
        (True, True)
    """
    return all(
        any(same(settings.get(name), value) for value in (wanted if isinstance(wanted, (list, tuple)) else [wanted]))
        for name, wanted in condition.items()
    )


def quantity(value: Any) -> float | None:
    """The size of a number, also of one in words, or None for other words.

    Examples:
        >>> quantity("1 day"), quantity("1e-5"), quantity(8), quantity("offset")
        (86400.0, 1e-05, 8.0, None)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    for read in (float, parse_duration) if isinstance(value, str) else ():
        try:
            return float(read(value))
        except ValueError:
            continue
    return None


def same(value: Any, other: Any) -> bool:
    """Whether two values of a setting mean the same.

    Args:
        value: as one axis or design writes it.
        other: as another one does.

    Examples:
        >>> same("1 day", 86400), same("offset", "differential")
        (True, False)
    """
    size = quantity(value)
    return bool(value == other) or (size is not None and size == quantity(other))
