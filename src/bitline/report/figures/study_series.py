"""What the figures of a study show, as plain series; drawn for the screen and for papers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bitline.measures import Measure
from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.labels import in_short
from bitline.study.pareto import front
from bitline.study.results import DesignResult, StudyResult
from bitline.study.words import is_number

LARGEST_SERIES = 16
"""Lines in one figure; with more, designs are shown as points."""
EACH = "a point for each design"
"""What points of one colour are, where settings are too many for a colour each."""
LARGEST_BREAKDOWN = 40
"""Designs in the figures of layers and costs; the most accurate ones where there are more."""


@dataclass(frozen=True)
class Series:
    """A line: accuracy against a setting, the other settings fixed.

    Attributes:
        label: the other settings.
        designs: one for each point, in the order of the axis.
        mean, low, high: accuracy in per cent with its 95 % confidence interval; the mean itself for a single chip.
    """

    label: str
    designs: tuple[DesignResult, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def measured(result: StudyResult) -> list[DesignResult]:
    """Designs with at least one finished chip."""
    return [design for design in result.designs if design.chip_values]


def lines(result: StudyResult, axis: SettingAxis) -> list[Series]:
    """Accuracy against one setting, a line for each combination of the others.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> (line,) = lines(result, SettingAxis.of(result, "adc.bits"))
        >>> [design.key for design in line.designs], line.mean
        (['a', 'b'], (82.0, 91.0))
    """
    measure = result.measure
    groups: dict[str, list[DesignResult]] = {}
    labels: dict[str, str] = {}
    others = [name for name in result.settings if name != axis.setting]
    for design in measured(result):
        if axis.setting in design.settings:
            told = {name: design.settings[name] for name in others if name in design.settings}
            whole = ", ".join(f"{name} = {value!r}" for name, value in told.items())
            groups.setdefault(whole, []).append(design)
            labels[whole] = in_short(told)
    short = Counter(labels.values())
    series = []
    for whole, designs in groups.items():
        label = labels[whole] if short[labels[whole]] == 1 else whole
        ordered = sorted(designs, key=axis.index)
        widths = [0.0 if math.isnan(design.half_width) else measure.scale * design.half_width for design in ordered]
        means = [measure.scale * design.mean for design in ordered]
        series.append(
            Series(
                label=label,
                designs=tuple(ordered),
                mean=tuple(means),
                low=tuple(_end(measure, mean - width) for mean, width in zip(means, widths, strict=True)),
                high=tuple(_end(measure, mean + width) for mean, width in zip(means, widths, strict=True)),
            )
        )
    return series


def _end(measure: Measure, value: float) -> float:
    """The end of an interval, in the unit of the measure and within what it can be."""
    return measure.scale * measure.possible(value / measure.scale)


@dataclass(frozen=True)
class Spread:
    """How the accuracies of all designs with the same value of a setting spread.

    Attributes:
        places: of the values on the axis; of many values some, each standing for those around it.
        quantiles: by name, from the least to the best accuracy, in per cent.
    """

    places: tuple[float | str, ...]
    quantiles: dict[str, tuple[float, ...]]


QUANTILES = {"worst": 0.0, "lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75, "best": 1.0}
LARGEST_SPREAD = 100
"""Values of a setting in a figure of spreads; of more, neighbours are taken together."""


def spread(result: StudyResult, axis: SettingAxis) -> Spread:
    """How accuracy spreads over the designs with each value of a setting, whatever the others are.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(f"{bits}{share}", "", {"adc.bits": bits}, {}, chip_values=(share,))
        ...     for bits in (5, 8) for share in (0.5, 0.7, 0.8 + bits / 100)
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=None)
        >>> found = spread(result, SettingAxis.of(result, "adc.bits"))
        >>> found.places, found.quantiles["median"], found.quantiles["best"]
        ((5, 8), (70.0, 70.0), (85.0, 88.0))
    """
    step = -(-len(axis.levels) // LARGEST_SPREAD)
    groups: dict[int, list[DesignResult]] = {}
    for design in measured(result):
        if axis.setting in design.settings:
            groups.setdefault(axis.index(design) // step, []).append(design)
    ordered = [groups[number] for number in sorted(groups)]
    shares = [np.array([result.measure.scale * design.mean for design in group]) for group in ordered]
    is_high = result.measure.sign > 0
    places = tuple(axis.place(sorted(group, key=axis.index)[len(group) // 2]) for group in ordered)
    return Spread(
        places,
        {
            name: tuple(round(float(np.quantile(group, share if is_high else 1 - share)), 6) for group in shares)
            for name, share in QUANTILES.items()
        },
    )


def pareto(result: StudyResult, cost: str) -> tuple[list[DesignResult], list[bool]]:
    """Designs with this cost and an accuracy, and which of them are on the front.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> designs, best = pareto(result, "energy_uJ")
        >>> [design.key for design, on_front in zip(designs, best, strict=True) if on_front]
        ['a', 'b']
    """
    designs = [design for design in measured(result) if is_number(design.costs.get(cost)) and is_number(design.mean)]
    return designs, front([(design.costs[cost], design.rank) for design in designs])


def grid(result: StudyResult, across: SettingAxis, down: SettingAxis) -> list[list[float | None]]:
    """Mean accuracy in per cent over two settings, rows from below; the best of designs that differ in others."""
    best: dict[tuple[int, int], float] = {}
    measure = result.measure
    for design in measured(result):
        if across.setting in design.settings and down.setting in design.settings:
            place = (down.index(design), across.index(design))
            found = measure.scale * design.mean
            best[place] = found if place not in best else measure.better(best[place], found)
    return [[best.get((row, column)) for column in range(len(across.levels))] for row in range(len(down.levels))]


def best_designs(result: StudyResult) -> list[DesignResult]:
    """The designs of figures that have room for some only: the most accurate, in the order of the study."""
    ordered = sorted(result.designs, key=lambda design: design.rank)
    chosen = {design.key for design in ordered[:LARGEST_BREAKDOWN]}
    return [design for design in result.designs if design.key in chosen]


def labels_of(designs: Sequence[DesignResult]) -> list[str]:
    """Names for designs that each have a place in a figure: later ones of the same name are counted."""
    labels: dict[str, None] = {}
    for design in designs:
        label, count = label_of(design), 2
        while label in labels:
            label, count = f"{label_of(design)} ({count})", count + 1
        labels[label] = None
    return list(labels)


def label_of(design: DesignResult) -> str:
    """A design's settings in words; its name where it has none."""
    return in_short(design.settings) or design.name


def finite(value: Any) -> float | None:
    """A number that can be drawn, or None.

    Examples:
        >>> finite(12.5), finite(math.inf), finite("12.5")
        (12.5, None, None)
    """
    return value if is_number(value) and math.isfinite(value) else None
