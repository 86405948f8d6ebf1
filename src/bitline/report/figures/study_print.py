"""Figures of a study for papers, by Matplotlib: the same as in the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.errors import StudyError
from bitline.numerics.labels import COMPARED, label_of_cost
from bitline.numerics.text import number
from bitline.report.figures.setting_axis import LARGEST_TICKS, SettingAxis
from bitline.report.figures.study_series import EACH, LARGEST_SERIES, lines, measured, pareto
from bitline.report.style import BLUE, GREY, ORANGE, colour_of, in_house_style, save
from bitline.study.results import StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg", "png")
"""Formats of figures for papers."""
WIDTH = 0.7
"""Part of the way from one word on an axis to the next that points beside each other take."""
SIZE = (5.2, 3.6)
"""Width and height in inches."""


def write_figures(folder: Path, stem: str, result: StudyResult, suffix: str) -> list[Path]:
    """Write all figures of a study.

    Args:
        folder: where they go.
        stem: start of the files' names.
        result: results of the study.
        suffix: format, 'pdf', 'svg' or 'png'.

    Returns:
        The files that were written.

    Raises:
        StudyError: an unknown format, or nothing is measured yet.

    Examples:
        >>> from bitline.study import Study
        >>> result = StudyResult(Study(), facts={}, sessions=(), designs=(), float_value=None)
        >>> write_figures(Path("."), "study", result, "svg")
        Traceback (most recent call last):
        bitline.errors.StudyError: the store holds no finished chip yet, and so nothing to draw
    """
    check_format(suffix)
    figures = {f"accuracy-{name}": accuracy_figure(result, name) for name in result.settings if measured(result)}
    figures |= {f"pareto-{name}": pareto_figure(result, name) for name in COMPARED if pareto(result, name)[0]}
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

    Args:
        suffix: name of the format.

    Raises:
        StudyError: an unknown format; the message has the known ones.

    Examples:
        >>> check_format("bmp")
        Traceback (most recent call last):
        bitline.errors.StudyError: there is no figure format 'bmp': use one of pdf, svg, png
    """
    if suffix not in FORMATS:
        raise StudyError(f"there is no figure format {suffix!r}: use one of {', '.join(FORMATS)}")


@in_house_style
def accuracy_figure(result: StudyResult, setting: str) -> Figure:
    """Accuracy against one setting with 95 % confidence bands, a line for each combination of the other settings.

    Args:
        result: results of a study.
        setting: one of `result.settings`, by its dotted name.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> axes = accuracy_figure(result, "adc.bits").axes[0]
        >>> axes.get_xlabel(), axes.get_ylabel(), axes.lines[0].get_xdata().tolist()
        ('ADC resolution (bits)', 'accuracy (%)', [5, 8])
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    draw_accuracy(figure.subplots(), result, setting)
    return figure


def draw_accuracy(axes: Axes, result: StudyResult, setting: str) -> None:
    """`accuracy_figure` on axes that are there; its example shows the other arguments."""
    axis = SettingAxis.of(result, setting)
    series = lines(result, axis)
    are_told = len(series) <= LARGEST_SERIES
    joined = axis.is_ordered and are_told
    places: list[list[Any]] = [
        [axis.place(design) if axis.is_numeric else axis.index(design) for design in line.designs] for line in series
    ]
    if not axis.is_ordered:
        places = _side_by_side(places)
    for index, line in enumerate(series):
        colour = colour_of(index) if are_told else BLUE
        label = line.label or None if are_told else EACH if index == 0 else None
        x = places[index]
        axes.plot(x, line.mean, "o-" if joined else "o", color=colour, markersize=4, label=label)
        if joined:
            axes.fill_between(x, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
        else:
            axes.vlines(x, line.low, line.high, color=colour, linewidth=1)
    if result.float_value is not None:
        axes.axhline(
            result.measure.scale * result.float_value,
            color="grey",
            linestyle="--",
            linewidth=1,
            label="floating point",
        )
    _scale(axes, axis)
    axes.set_xlabel(axis.title)
    axes.set_ylabel(result.measure.head)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7)
    axes.grid(alpha=0.3)


def _side_by_side(lines_at: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Places of the points of several lines, those at the same word shifted beside each other."""
    there: dict[int, list[int]] = {}
    for index, places in enumerate(lines_at):
        for place in places:
            there.setdefault(place, []).append(index)
    return [
        [place + WIDTH * ((there[place].index(index) + 0.5) / len(there[place]) - 0.5) for place in places]
        for index, places in enumerate(lines_at)
    ]


def _scale(axes: Axes, axis: SettingAxis) -> None:
    """Place the setting's values as in the report."""
    if axis.scale == "log":
        axes.set_xscale("log")
    if not axis.is_numeric:
        axes.set_xticks(range(len(axis.labels)), axis.labels, parse_math=False)
    elif axis.has_ticks:
        axes.set_xticks(axis.levels, axis.labels, parse_math=False)
        axes.set_xticks([], minor=True)
    elif axis.scale == "linear" and len(axis.levels) <= LARGEST_TICKS:
        axes.set_xticks(axis.levels)


@in_house_style
def pareto_figure(result: StudyResult, cost: str) -> Figure:
    """Accuracy against a cost, with the designs that no other one beats in both.

    Args:
        result: results of a study, with at least one design that is measured and costed.
        cost: 'energy_uJ', 'area_mm2' or 'latency_us'.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> pareto_figure(result, "energy_uJ").axes[0].get_xlabel()
        'energy of an image (µJ)'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    draw_pareto(figure.subplots(), result, cost)
    return figure


def draw_pareto(axes: Axes, result: StudyResult, cost: str) -> None:
    """`pareto_figure` on axes that are there; its example shows the other arguments."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    designs, best = pareto(result, cost)
    x = [design.costs[cost] for design in designs]
    y = [result.measure.scale * design.mean for design in designs]
    axes.scatter(x, y, s=18, color=GREY, label="designs")
    chosen = sorted((a, b) for a, b, on_front in zip(x, y, best, strict=True) if on_front)
    axes.plot(
        *zip(*chosen, strict=True), "o-", drawstyle="steps-post", color=ORANGE, markersize=5, label="Pareto front"
    )
    axes.set_xscale("log")
    steps = LogLocator(subs=(1, 2, 5) if max(x) > 10 * min(x) else (1, 1.5, 2, 3, 4, 5, 7))
    axes.xaxis.set_major_locator(steps if max(x) > 2 * min(x) else MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 3))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label_of_cost(cost, result.measure.sample).head)
    axes.set_ylabel(result.measure.head)
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
