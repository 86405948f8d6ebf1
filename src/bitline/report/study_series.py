"""What the figures of a study show, as plain series; drawn for the screen and for papers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bitline.study.pareto import front
from bitline.study.results import DesignResult, StudyResult

LARGEST_SERIES = 16
"""Lines in one figure; with more, designs are shown as points."""
COST_AXES = {"energy_uJ": "energy of one image (µJ)", "area_mm2": "area (mm²)", "latency_us": "latency (µs)"}
"""Numbers of the cost that accuracy is traded against, with their axis titles."""


@dataclass(frozen=True)
class Series:
    """A line: accuracy against a setting, the other settings fixed.

    Attributes:
        label: the other settings.
        designs: one for each x.
        x: values of the setting.
        mean, low, high: accuracy in per cent with its 95 % confidence interval; the mean itself for a single chip.
    """

    label: str
    designs: tuple[DesignResult, ...]
    x: tuple[Any, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def measured(result: StudyResult) -> list[DesignResult]:
    """Designs with at least one finished chip."""
    return [one for one in result.designs if one.accuracies]


def lines(result: StudyResult, setting: str) -> list[Series]:
    """Accuracy against one setting, a line for each combination of the others."""
    groups: dict[str, list[DesignResult]] = {}
    for one in measured(result):
        if setting in one.settings:
            others = ", ".join(f"{name} = {one.settings[name]}" for name in result.settings if name != setting
                               and name in one.settings)  # fmt: skip
            groups.setdefault(others, []).append(one)
    series = []
    for label, designs in groups.items():
        ordered = sorted(designs, key=lambda one: _order(one.settings[setting]))
        widths = [0.0 if math.isnan(one.half_width) else 100 * one.half_width for one in ordered]
        means = [100 * one.mean for one in ordered]
        series.append(
            Series(
                label=label,
                designs=tuple(ordered),
                x=tuple(shown(one.settings[setting]) for one in ordered),
                mean=tuple(means),
                low=tuple(max(0.0, mean - width) for mean, width in zip(means, widths, strict=True)),
                high=tuple(min(100.0, mean + width) for mean, width in zip(means, widths, strict=True)),
            )
        )
    return series


def pareto(result: StudyResult, cost: str) -> tuple[list[DesignResult], list[bool]]:
    """Designs with this cost and an accuracy, and which of them are on the front."""
    designs = [one for one in measured(result) if one.cost and cost in one.cost]
    return designs, front([(one.cost[cost], -one.mean) for one in designs if one.cost])


def grid(result: StudyResult, across: str, down: str) -> tuple[list[Any], list[Any], list[list[float | None]]]:
    """Mean accuracy in per cent over two settings; the best of designs that differ in others."""
    designs = [one for one in measured(result) if across in one.settings and down in one.settings]
    columns, rows = (sorted({shown(one.settings[name]) for one in designs}, key=_order) for name in (across, down))
    best: dict[tuple[Any, Any], float] = {}
    for one in designs:
        place = (shown(one.settings[down]), shown(one.settings[across]))
        best[place] = max(best.get(place, -math.inf), 100 * one.mean)
    return columns, rows, [[best.get((row, column)) for column in columns] for row in rows]


def is_numeric(series: list[Series]) -> bool:
    """Whether the setting of some lines is a number."""
    return all(isinstance(x, (int, float)) and not isinstance(x, bool) for one in series for x in one.x)


def is_logarithmic(series: list[Series]) -> bool:
    """Whether values of a setting span so much that a logarithmic axis shows them better."""
    values = sorted({float(x) for one in series for x in one.x}) if is_numeric(series) else []
    return len(values) > 2 and values[0] > 0 and values[-1] / values[0] >= 50


def categories(series: list[Series]) -> list[str]:
    """Values of a setting that is not a number, in order."""
    return [str(x) for x in sorted({x for one in series for x in one.x}, key=_order)]


def shown(value: Any) -> Any:
    """A value of a setting on an axis: numbers as they are, everything else in words."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return value


def _order(value: Any) -> tuple[int, float, str]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return 0, float(value), ""
    return 1, 0.0, str(value)
