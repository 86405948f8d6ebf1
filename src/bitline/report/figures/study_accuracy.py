"""Figures of a study for the screen, by Plotly: accuracy against settings and costs."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from bitline.measures import Measure
from bitline.numerics.labels import label_of_cost
from bitline.numerics.text import number, percent
from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.figures.study_series import (
    EACH,
    LARGEST_SERIES,
    Series,
    grid,
    label_of,
    lines,
    measured,
    pareto,
    spread,
)
from bitline.report.labels import label_of_setting
from bitline.report.style import BLUE, GREY, LEGEND, ORANGE, colour_of, faint
from bitline.study.results import StudyResult

LARGEST_BANDS = 4
"""Lines whose intervals are bands; more of them would cover each other."""


def accuracy_chart(result: StudyResult, setting: str) -> go.Figure:
    """Accuracy against one setting with 95 % intervals, a line for each combination of the other settings.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> accuracy_chart(result, "adc.bits").layout.title.text
        'Accuracy against ADC resolution'
    """
    axis = SettingAxis.of(result, setting)
    series = lines(result, axis)
    are_told = len(series) <= LARGEST_SERIES
    joined = axis.is_ordered and are_told
    has_bands = joined and len(series) <= LARGEST_BANDS
    figure = go.Figure()
    for index, line in enumerate(series):
        bars = {} if has_bands and len(line.designs) > 1 else _bars(line)  # an interval is drawn once
        colour = colour_of(index) if are_told else BLUE
        _draw_line(figure, line, axis, Drawn(colour, "lines+markers" if joined else "markers", bars))
        if not bars:
            _draw_band(figure, line, axis, faint(colour))
    if not are_told:
        figure.update_traces(name=EACH, showlegend=False)
        figure.data[0].showlegend = True
    _draw_float(figure, result)
    figure.update_layout(
        title=f"{result.measure.title} against {label_of_setting(setting).name}",
        scattermode="overlay" if axis.is_ordered else "group",  # words have room for points beside each other
        scattergap=0.3,
        xaxis={"title": axis.title, **_scale(axis)},
        yaxis={"title": result.measure.head} | ({} if axis.is_ordered else _around(result, series)),
        showlegend=len(series) > 1,
        legend=LEGEND,
        height=420 + 22 * min(len(series), LARGEST_SERIES),
    )
    return figure


def _around(result: StudyResult, series: Sequence[Series]) -> dict[str, Any]:
    """A range with all intervals in it; Plotly would begin at 0 where points stand beside each other."""
    compared = () if result.float_value is None else (result.measure.scale * result.float_value,)
    ends = [end for line in series for end in (*line.low, *line.high)]
    known = list(filter(math.isfinite, (*ends, *compared)))
    if not known:
        return {}
    margin = 0.06 * (max(known) - min(known)) or 1.0
    return {"range": (min(known) - margin, max(known) + margin)}


def spread_chart(result: StudyResult, setting: str) -> go.Figure:
    """How the accuracies of very many designs spread against one setting, whatever the others are.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,))
        ...     for key, bits, share in (("a", 5, 0.82), ("b", 8, 0.91))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> [trace.name for trace in spread_chart(result, "adc.bits").data]
        ['worst', 'lower quartile', 'median', 'upper quartile', 'best']
    """
    axis = SettingAxis.of(result, setting)
    found, measure = spread(result, axis), result.measure
    figure = go.Figure()
    for index, (name, shares) in enumerate(found.quantiles.items()):
        figure.add_scatter(
            x=list(found.places),
            y=list(shares),
            text=[
                f"{html.escape(str(place))}: {measure.text(share / measure.scale)}"
                for place, share in zip(found.places, shares, strict=True)
            ],
            mode="lines+markers" if axis.is_ordered else "markers",
            name=name,
            line={"color": colour_of(index)},
            marker={"color": colour_of(index), "size": 6},
            hovertemplate="%{text}" + unit_after(measure) + "<extra>" + name + "</extra>",
        )
    _draw_float(figure, result)
    figure.update_layout(
        title=f"{result.measure.title} against {label_of_setting(setting).name}, of all designs",
        xaxis={"title": axis.title, **_scale(axis)},
        yaxis={"title": result.measure.head},
        legend=LEGEND,
    )
    return figure


@dataclass(frozen=True)
class Drawn:
    """How a line is drawn.

    Attributes:
        colour: of it.
        mode: Plotly's word for lines and markers.
        bars: its intervals; empty where a band shows them.
    """

    colour: str
    mode: str
    bars: dict[str, Any]


def _bars(line: Series) -> dict[str, Any]:
    """The intervals of a line, as Plotly takes them."""
    return {
        "type": "data",
        "array": [high - mean for high, mean in zip(line.high, line.mean, strict=True)],
        "arrayminus": [mean - low for low, mean in zip(line.low, line.mean, strict=True)],
        "thickness": 1,
    }


def _draw_line(figure: go.Figure, line: Series, axis: SettingAxis, drawn: Drawn) -> None:
    """Means over chips, with their intervals where no band shows them."""
    figure.add_scatter(
        x=[axis.place(design) for design in line.designs],
        y=list(line.mean),
        customdata=[design.key for design in line.designs],
        text=[f"{html.escape(axis.label(design))}: {design.measure.text(design.mean)}" for design in line.designs],
        mode=drawn.mode,
        name=html.escape(line.label) or "mean over chips",
        line={"color": drawn.colour},
        marker={"color": drawn.colour, "size": 8},
        error_y=drawn.bars,
        hovertemplate="%{text}"
        + unit_after(line.designs[0].measure)
        + "<extra>"
        + html.escape(line.label)
        + "</extra>",
    )


def _draw_band(figure: go.Figure, line: Series, axis: SettingAxis, colour: str) -> None:
    """The area between the ends of the intervals."""
    x = [axis.place(design) for design in line.designs]
    figure.add_scatter(
        x=[*x, *reversed(x)],
        y=[*line.high, *reversed(line.low)],
        fill="toself",
        fillcolor=colour,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def unit_after(measure: Measure) -> str:
    """The unit of a measure behind a number, where it has one."""
    return html.escape(f" {measure.unit}") if measure.unit else ""


def _scale(axis: SettingAxis) -> dict[str, Any]:
    if not axis.is_numeric:
        return {"type": "category", "categoryorder": "array", "categoryarray": axis.labels}
    ticks = {"tickmode": "array", "tickvals": axis.levels, "ticktext": axis.labels} if axis.has_ticks else {}
    return {"type": "log" if axis.scale == "log" else "linear", **ticks}


def chips_chart(result: StudyResult) -> go.Figure:
    """Accuracy of every chip, for a study without axes."""
    figure = go.Figure()
    for design in measured(result):
        figure.add_scatter(
            x=list(range(len(design.chip_values))),
            y=[result.measure.scale * accuracy for accuracy in design.chip_values],
            mode="markers",
            name=html.escape(design.name),
            marker={"size": 9},
        )
    _draw_float(figure, result)
    figure.update_layout(
        title=f"{result.measure.title} of every chip",
        xaxis={"title": "chip", "dtick": 1},
        yaxis={"title": result.measure.head},
    )
    return figure


def _draw_float(figure: go.Figure, result: StudyResult) -> None:
    """What the designs are compared with."""
    if result.float_value is not None:
        figure.add_hline(
            y=result.measure.scale * result.float_value,
            line={"dash": "dash", "color": GREY},
            annotation_text="floating point",
        )


def map_chart(result: StudyResult, across: str, down: str) -> go.Figure:
    """Mean accuracy over two settings, of the best design where others vary too."""
    columns, rows = SettingAxis.of(result, across), SettingAxis.of(result, down)
    values = grid(result, columns, rows)
    measure = result.measure
    shares = [[None if value is None else value / measure.scale for value in row] for row in values]
    figure = go.Figure()
    figure.add_heatmap(
        x=columns.labels,
        y=rows.labels,
        z=values,
        text=[[percent(share, 1) if measure.is_share else measure.text(share) for share in row] for row in shares],
        hovertext=[[measure.text(share) for share in row] for row in shares],
        colorscale="Cividis",
        colorbar={"title": measure.unit},
        texttemplate="%{text}",
        hovertemplate=f"{html.escape(columns.title)} %{{x}}<br>{html.escape(rows.title)} %{{y}}<br>%{{hovertext}}"
        f"{unit_after(measure)}<extra></extra>",
    )
    figure.update_layout(
        title=f"{result.measure.title}: {label_of_setting(down).name} and {label_of_setting(across).name}",
        xaxis={"title": columns.title, "type": "category"},
        yaxis={"title": rows.title, "type": "category"},
    )
    return figure


def pareto_chart(result: StudyResult, cost: str) -> go.Figure:
    """Accuracy against a cost, with the designs that no other one beats in both.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> [trace.name for trace in pareto_chart(result, "energy_uJ").data]
        ['designs', 'Pareto front']
    """
    designs, best = pareto(result, cost)
    figure = go.Figure()
    for name, on_front, colour, size in (("designs", False, GREY, 8), ("Pareto front", True, ORANGE, 11)):
        chosen = [design for design, is_best in zip(designs, best, strict=True) if is_best == on_front]
        chosen.sort(key=lambda design: design.costs[cost])
        figure.add_scatter(
            x=[design.costs[cost] for design in chosen],
            y=[result.measure.scale * design.mean for design in chosen],
            customdata=[design.key for design in chosen],
            text=[
                f"{html.escape(label_of(design))}<br>{design.measure.shown(design.mean)}, {number(design.costs[cost])}"
                for design in chosen
            ],
            mode="lines+markers" if on_front else "markers",
            name=name,
            marker={"color": colour, "size": size},
            line={"color": colour, "shape": "hv"},
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_layout(
        title=f"{result.measure.title} against {label_of_cost(cost, result.measure.sample).head}",
        xaxis={"title": label_of_cost(cost, result.measure.sample).head, "type": "log"},
        yaxis={"title": result.measure.head},
        legend=LEGEND,
        height=460,
    )
    return figure
