"""Figures of a search: which settings matter, and which values of them the best designs have."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.figures.study_series import finite, label_of, measured, pareto
from bitline.report.labels import label_of_setting
from bitline.report.style import BLUE, GREY, LEGEND, ORANGE, faint
from bitline.study.results import DesignResult, StudyResult

FEWEST = 8
"""Measured designs of which the importance of settings is computed."""


def importance_chart(result: StudyResult) -> go.Figure | None:
    """How much each setting alone explains of the measure and of the energy; nothing where designs are too few.

    It is omega squared of a one-way analysis of variance (Hays, "Statistics for Psychologists", 1963), which is not
    raised by a setting that has many values.
    """
    designs = [design for design in measured(result) if all(name in design.settings for name in result.settings)]
    if len(designs) < FEWEST or len(result.settings) < 2:
        return None
    costed = [design for design in designs if _has_energy(design)]
    energy = "logarithm of the energy"
    bars = {result.measure.name: _explained(result, designs, lambda design: design.mean)}
    if len(costed) >= FEWEST:
        bars[energy] = _explained(result, costed, lambda design: math.log(design.costs["energy_uJ"]))
    order = sorted(result.settings, key=lambda name: bars[result.measure.name][name])
    figure = go.Figure()
    for (what, shares), colour in zip(bars.items(), (BLUE, GREY), strict=False):
        figure.add_bar(
            y=[label_of_setting(name).name for name in order],
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


def _has_energy(design: DesignResult) -> bool:
    return (finite(design.costs.get("energy_uJ")) or 0.0) > 0


def _explained(
    result: StudyResult, designs: Sequence[DesignResult], number_of: Callable[[DesignResult], float]
) -> dict[str, float]:
    numbers = [number_of(design) for design in designs]
    axes = [SettingAxis.of(result, name) for name in result.settings]
    return {axis.setting: omega_squared([axis.index(design) for design in designs], numbers) for axis in axes}


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
    mean, size = sum(numbers) / len(numbers), len(numbers)
    total = sum((number - mean) ** 2 for number in numbers)
    members: dict[int, list[float]] = {}
    for group, number in zip(groups, numbers, strict=True):
        members.setdefault(group, []).append(number)
    if not total or not 1 < len(members) < size:
        return 0.0
    between = sum(len(group) * (sum(group) / len(group) - mean) ** 2 for group in members.values())
    within = (total - between) / (size - len(members))
    return max(0.0, (between - (len(members) - 1) * within) / (total + within))


def parallel_chart(result: StudyResult, cost: str) -> go.Figure | None:
    """A line for each design over all its settings, those of the front in colour; nothing for a single setting.

    Args:
        result: of the study.
        cost: that the front trades the measure against.
    """
    designs, best = pareto(result, cost)
    axes = [SettingAxis.of(result, name) for name in result.settings]
    axes = [axis for axis in axes if len(axis.levels) > 1]
    complete = [(design, on_front) for design, on_front in zip(designs, best, strict=True)
                if all(axis.setting in design.settings for axis in axes)]  # fmt: skip
    if len(axes) < 2 or len(complete) < FEWEST:
        return None
    figure = go.Figure()
    for on_front, colour, name in ((False, faint(GREY, 0.45), "other designs"), (True, ORANGE, "Pareto front")):
        chosen = [design for design, is_best in complete if is_best == on_front]
        gap = [None]  # between the lines of two designs
        figure.add_scatter(
            x=[place for _ in chosen for place in [*range(len(axes)), *gap]],
            y=[place for design in chosen for place in [*_heights(design, axes), *gap]],
            customdata=[key for design in chosen for key in [*[design.key] * len(axes), *gap]],
            text=[text for design in chosen for text in [*[_said(design)] * len(axes), *gap]],
            mode="lines+markers",
            line={"color": colour, "width": 2 if on_front else 1},
            marker={"color": colour, "size": 7 if on_front else 4},
            name=name,
            hovertemplate="%{text}<extra></extra>",
        )
    for place, axis in enumerate(axes):
        for height in (0, len(axis.levels) - 1):
            figure.add_annotation(
                x=place, y=height / (len(axis.levels) - 1), text=html.escape(axis.labels[height]), showarrow=False,
                yshift=-14 if height == 0 else 14,
            )  # fmt: skip
    figure.update_layout(
        title="Settings of the designs on the front",
        xaxis={"tickvals": list(range(len(axes))), "range": [-0.3, len(axes) - 0.7],
               "ticktext": [html.escape(label_of_setting(axis.setting).word) for axis in axes]},
        yaxis={"visible": False, "range": [-0.12, 1.12]},
        legend=LEGEND,
        height=460,
    )  # fmt: skip
    return figure


def _heights(design: DesignResult, axes: Sequence[SettingAxis]) -> list[float]:
    """Where a design meets each axis, from 0 for the first value of a setting to 1 for the last."""
    return [axis.index(design) / (len(axis.levels) - 1) for axis in axes]


def _said(design: DesignResult) -> str:
    return f"{html.escape(label_of(design))}<br>{design.measure.shown(design.mean)}"
