"""Figures of a search: which settings matter, and which values of them the best designs have."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.figures.study_series import finite, label_of, measured, pareto
from bitline.report.labels import label_of_setting
from bitline.report.style import BLUE, GREY, LEGEND, ORANGE, faint
from bitline.study.results import DesignResult, StudyResult

FEWEST = 8
"""Measured designs of which the importance of settings is computed."""
WITHOUT = "not set"
"""What is written where designs without a setting meet its axis."""


def importance_chart(result: StudyResult) -> go.Figure | None:
    """How much each setting alone explains of the measure and of the energy; nothing where designs are too few.

    It is omega squared of a one-way analysis of variance (Hays, "Statistics for Psychologists", 1963), which is not
    raised by a setting that has many values. A setting that only some designs have is judged among those.
    """
    designs = measured(result)
    enough = [name for name in result.settings if len(_having(designs, name)) >= FEWEST]
    if len(enough) < 2:
        return None
    bars = {result.measure.name: _explained(result, designs, enough, lambda design: design.mean)}
    costed = [design for design in designs if _has_energy(design)]
    if len(costed) >= FEWEST:
        energies = _explained(result, costed, enough, lambda design: math.log(design.costs["energy_uJ"]))
        bars["logarithm of the energy"] = energies
    order = sorted(enough, key=lambda name: bars[result.measure.name][name])
    figure = go.Figure()
    for (what, shares), colour in zip(bars.items(), (BLUE, GREY), strict=False):
        figure.add_bar(
            y=[_named(designs, name) for name in order],
            x=[100 * shares[name] for name in order],
            orientation="h",
            name=what,
            marker_color=colour,
        )
    figure.update_layout(
        title="What each setting alone explains",
        xaxis={"title": "variance explained (%)", "range": [0, 100]},
        yaxis={"type": "category"},
        barmode="group",
        legend=LEGEND,
        height=180 + 52 * len(order),
    )
    return figure


def _having(designs: Sequence[DesignResult], setting: str) -> list[DesignResult]:
    """The designs that have a setting: all of them, unless its axis has a condition."""
    return [design for design in designs if setting in design.settings]


def _named(designs: Sequence[DesignResult], setting: str) -> str:
    """What a bar is called: the setting, and among how many designs it is judged where these are not all."""
    name, having = html.escape(label_of_setting(setting).name), len(_having(designs, setting))
    return name if having == len(designs) else f"{name}<br>({having:,} of {len(designs):,} designs)"


def _has_energy(design: DesignResult) -> bool:
    return (finite(design.costs.get("energy_uJ")) or 0.0) > 0


def _explained(
    result: StudyResult,
    designs: Sequence[DesignResult],
    settings: Sequence[str],
    number_of: Callable[[DesignResult], float],
) -> dict[str, float]:
    """The share of the variance of a number that each setting explains, among the designs that have the setting."""
    shares = {}
    for axis in (SettingAxis.of(result, name) for name in settings):
        having = _having(designs, axis.setting)
        shares[axis.setting] = omega_squared([axis.index(design) for design in having], [*map(number_of, having)])
    return shares


def omega_squared(groups: Sequence[int], numbers: Sequence[float]) -> float:
    """Share of the variance of numbers that their groups explain, without the part that chance explains.

    Args:
        groups: of each number.
        numbers: what varies.

    Examples:
        >>> numbers = [1.0, 1.1, 2.0, 2.1]
        >>> round(omega_squared([0, 0, 1, 1], numbers), 2), omega_squared([0, 1, 0, 1], numbers)
        (0.98, 0.0)
    """
    members: dict[int, list[float]] = {}
    for group, number in zip(groups, numbers, strict=True):
        members.setdefault(group, []).append(number)
    size = len(numbers)
    if not 1 < len(members) < size:
        return 0.0
    mean = sum(numbers) / size
    total = sum((number - mean) ** 2 for number in numbers)
    if not total:
        return 0.0
    between = sum(len(group) * (sum(group) / len(group) - mean) ** 2 for group in members.values())
    within = (total - between) / (size - len(members))
    return max(0.0, (between - (len(members) - 1) * within) / (total + within))


def parallel_chart(result: StudyResult, cost: str) -> go.Figure | None:
    """A line for each design over all its settings, those of the front in colour; nothing for a single setting.

    An axis has a place of its own, below its values, for designs without the setting.

    Args:
        result: of the study.
        cost: that the front trades the measure against.
    """
    designs, best = pareto(result, cost)
    scales = [_Scale.of(SettingAxis.of(result, name), designs) for name in result.settings]
    scales = [scale for scale in scales if len(scale.words) > 1]
    if len(scales) < 2 or len(designs) < FEWEST:
        return None
    figure = go.Figure()
    for on_front, colour, name in ((False, faint(GREY, 0.45), "other designs"), (True, ORANGE, "Pareto front")):
        chosen = [design for design, is_best in zip(designs, best, strict=True) if is_best == on_front]
        gap = [None]  # between the lines of two designs
        figure.add_scatter(
            x=[place for _ in chosen for place in [*range(len(scales)), *gap]],
            y=[place for design in chosen for place in [*(scale.height(design) for scale in scales), *gap]],
            customdata=[key for design in chosen for key in [*[design.key] * len(scales), *gap]],
            text=[text for design in chosen for text in [*[_said(design)] * len(scales), *gap]],
            mode="lines+markers",
            line={"color": colour, "width": 2 if on_front else 1},
            marker={"color": colour, "size": 7 if on_front else 4},
            name=name,
            hovertemplate="%{text}<extra></extra>",
        )
    for place, scale in enumerate(scales):
        _write_words(figure, place, scale)
    figure.update_layout(
        title="Settings of the designs on the front",
        xaxis={"tickvals": list(range(len(scales))), "range": [-0.45, len(scales) - 0.55],
               "ticktext": [html.escape(label_of_setting(scale.axis.setting).word) for scale in scales]},
        yaxis={"visible": False, "range": [-0.12, 1.12]},
        legend=LEGEND,
        height=460,
    )  # fmt: skip
    return figure


@dataclass(frozen=True)
class _Scale:
    """Where designs meet the axis of a setting.

    Attributes:
        axis: of the setting.
        words: at its places from below: of designs without the setting if there are any, then its values.
    """

    axis: SettingAxis
    words: tuple[str, ...]

    @classmethod
    def of(cls, axis: SettingAxis, designs: Sequence[DesignResult]) -> _Scale:
        have_it = len(_having(designs, axis.setting)) == len(designs)
        return cls(axis, axis.labels if have_it else (WITHOUT, *axis.labels))

    @property
    def first(self) -> int:
        """The place of the setting's first value."""
        return len(self.words) - len(self.axis.labels)

    def height(self, design: DesignResult) -> float:
        """Where a design meets the axis, from 0 for its first place to 1 for its last."""
        place = self.first + self.axis.index(design) if self.axis.setting in design.settings else 0
        return place / (len(self.words) - 1)


def _write_words(figure: go.Figure, across: int, scale: _Scale) -> None:
    """Write the first and the last value of a setting at its axis, and which place is for designs without it."""
    last = len(scale.words) - 1
    for place in sorted({0, scale.first, last}):
        figure.add_annotation(
            x=across,
            y=place / last,
            text=html.escape(scale.words[place]),
            showarrow=False,
            yshift=14 if place == last else -14,
        )


def _said(design: DesignResult) -> str:
    return f"{html.escape(label_of(design))}<br>{design.measure.shown(design.mean)}"
