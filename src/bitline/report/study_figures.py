"""Figures of a study for papers, by Matplotlib: the same as in the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.errors import StudyError
from bitline.report.cost_figures import COLOURS
from bitline.report.device_figures import save
from bitline.report.study_series import (
    COST_AXES,
    LARGEST_SERIES,
    LARGEST_TICKS,
    SettingAxis,
    lines,
    measured,
    pareto,
)
from bitline.study.results import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
"""Formats of figures."""


def write_figures(folder: Path, stem: str, result: StudyResult, suffix: str) -> list[Path]:
    """Write all figures of a study.

    Args:
        folder: where they go.
        stem: start of their names.
        result: of the study.
        suffix: 'pdf', 'svg' or 'png'.

    Returns:
        The files.

    Raises:
        StudyError: an unknown format, or nothing is measured yet.
    """
    check_format(suffix)
    figures = {f"accuracy-{name}": accuracy_figure(result, name) for name in result.settings if measured(result)}
    figures |= {f"pareto-{name}": pareto_figure(result, name) for name in COST_AXES if pareto(result, name)[0]}
    if not figures:
        raise StudyError("the store holds no finished chip yet, and so nothing to draw")
    written = []
    for name, figure in figures.items():
        path = folder / f"{stem}-{name}.{suffix}"
        save(figure, path)
        written.append(path)
    return written


def check_format(suffix: str) -> None:
    """Refuse what is not a format of figures.

    Raises:
        StudyError: an unknown format, and the known ones.
    """
    if suffix not in FORMATS:
        raise StudyError(f"there is no figure format {suffix!r}: use one of {', '.join(FORMATS)}")


def accuracy_figure(result: StudyResult, setting: str) -> Figure:
    """Accuracy against one setting with 95 % confidence bands."""
    from matplotlib.figure import Figure

    axis = SettingAxis.of(result, setting)
    series = lines(result, axis)
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = figure.subplots()
    for index, one in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        style = "o-" if axis.is_ordered and len(series) <= LARGEST_SERIES else "o"
        x: list[Any] = [axis.place(design) if axis.is_numeric else axis.index(design) for design in one.designs]
        axes.plot(x, one.mean, style, color=colour, markersize=4, label=one.label or None)
        if axis.is_ordered:
            axes.fill_between(x, one.low, one.high, color=colour, alpha=0.2, linewidth=0)
        else:
            axes.vlines(x, one.low, one.high, color=colour, linewidth=1)
    if result.float_accuracy is not None:
        axes.axhline(100 * result.float_accuracy, color="grey", linestyle="--", linewidth=1, label="floating point")
    if axis.scale == "log":
        axes.set_xscale("log")
    if not axis.is_numeric:
        axes.set_xticks(range(len(axis.labels)), axis.labels)
    elif axis.has_ticks:
        axes.set_xticks(axis.levels, axis.labels)
        axes.set_xticks([], minor=True)
    elif axis.scale == "linear" and len(axis.levels) <= LARGEST_TICKS:
        axes.set_xticks(axis.levels)
    axes.set_xlabel(setting)
    axes.set_ylabel("accuracy (%)")
    if len(series) <= LARGEST_SERIES:
        axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    return figure


def pareto_figure(result: StudyResult, cost: str) -> Figure:
    """Accuracy against a cost, the front marked."""
    from matplotlib.figure import Figure

    designs, best = pareto(result, cost)
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = figure.subplots()
    x = [one.cost[cost] for one in designs if one.cost]
    y = [100 * one.mean for one in designs]
    axes.scatter(x, y, s=18, color="#999999", label="designs")
    chosen = sorted((a, b) for a, b, on in zip(x, y, best, strict=True) if on)
    axes.plot(*zip(*chosen, strict=True), "o-", color=COLOURS[1], markersize=5, label="Pareto front")
    axes.set_xscale("log")
    axes.set_xlabel(COST_AXES[cost])
    axes.set_ylabel("accuracy (%)")
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    return figure
