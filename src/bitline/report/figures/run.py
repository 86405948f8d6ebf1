"""Figures of a run: chips, times and layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from bitline.devices import format_duration
from bitline.evaluation.chip_spread import ChipSpread
from bitline.evaluation.result import Evaluation
from bitline.numerics.confidence import known
from bitline.report.style import BLUE, GREY, LEGEND, ORANGE, faint, in_rows


def accuracy_figure(result: Evaluation, when: str = "") -> go.Figure:
    """The measure of each chip, with its mean and interval, and with the networks that it is compared with.

    Args:
        result: the evaluation.
        when: of several times, such as ' after 1 day', for the title.

    Examples:
        >>> from bitline import Design
        >>> result = Evaluation(Design(), 100, 0, 0.92, 0.91, (0.9, 0.89), layers=())
        >>> [trace.name for trace in accuracy_figure(result).data]
        ['analog, one chip', 'floating point', 'quantised reference', 'analog, mean']
    """
    measure = result.measure
    chips = list(range(len(result.chip_values)))
    ends = [-0.5, len(chips) - 0.5]
    figure = go.Figure()
    values = [measure.scale * value for value in result.chip_values]
    figure.add_scatter(x=chips, y=values, mode="markers", name="analog, one chip", marker={"color": BLUE, "size": 11})
    for (name, value, colour), dash in zip(compared(result), ("solid", "dash", "dot"), strict=True):
        line = {"color": colour, "dash": dash}
        figure.add_scatter(x=ends, y=[measure.scale * value] * 2, mode="lines", name=name, line=line)
    low, high = (measure.scale * end for end in ChipSpread(measure, result.chip_values).interval)
    if low < high:
        figure.add_hrect(y0=low, y1=high, fillcolor=faint(BLUE, 0.1), line_width=0)
    figure.update_layout(
        title=f"{measure.title} of each chip{when}, and the 95 % interval of their mean",
        xaxis={"title": "chip", "dtick": max(1, len(chips) // 20), "range": ends},
        yaxis={"title": measure.head},
        legend=LEGEND,
        height=420,
    )
    return figure


def compared(result: Evaluation) -> tuple[tuple[str, float, str], ...]:
    """Names, values and colours of the lines that the chips of a run stand beside.

    Examples:
        >>> from bitline import Design
        >>> [name for name, _, _ in compared(Evaluation(Design(), 100, 0, 0.92, 0.91, (0.9, 0.89), layers=()))]
        ['floating point', 'quantised reference', 'analog, mean']
    """
    return (
        ("floating point", result.float_value, GREY),
        ("quantised reference", result.reference_value, ORANGE),
        ("analog, mean", result.mean, BLUE),
    )


def times_figure(results: Sequence[Evaluation]) -> go.Figure:
    """The measure of the same chips at several times, on a logarithmic axis where that has a place for all of them."""
    measure = results[0].measure
    ordered = sorted(results, key=lambda result: result.design.cell.time)
    times = [result.design.cell.time for result in ordered]
    words = [format_duration(time) for time in times]
    placed = times[0] > 0  # a logarithmic axis has no place for 0
    figure = go.Figure()
    figure.add_scatter(
        x=times if placed else words,
        y=[measure.scale * result.mean for result in ordered],
        error_y={
            "type": "data",
            "array": [0.0 if math.isnan(result.std) else measure.scale * result.std for result in ordered],
        },
        text=[f"{word}: {measure.shown(result.mean)}" for word, result in zip(words, ordered, strict=True)],
        hovertemplate="%{text}<extra></extra>",
        mode="lines+markers",
        name="analog, mean and standard deviation",
        marker={"color": BLUE, "size": 9},
    )
    figure.update_layout(
        title=f"{measure.title} of the same chips over time",
        xaxis={"title": "time after programming", "type": "log" if placed else "category",
               "tickvals": times if placed else words, "ticktext": words},
        yaxis={"title": measure.head},
        height=420,
    )  # fmt: skip
    return figure


def layers_figure(result: Evaluation, when: str = "") -> go.Figure:
    """Errors of all layers, alone and with the layers before them; at which time, where there are several."""
    names = [layer.name for layer in result.layers]
    figure = go.Figure()
    for key, name, colour in (("own", "own error", BLUE), ("accumulated", "with the layers before", ORANGE)):
        ratios, halves = ([getattr(layer, f"{key}_{part}") for layer in result.layers] for part in ("db", "half_db"))
        bars = {"array": [known(half) for half in halves], "thickness": 1}
        figure.add_bar(x=ratios, y=names, orientation="h", name=name, marker_color=colour, error_x=bars)
    figure.update_layout(
        title=f"Error of each layer{when} against the quantised reference",
        xaxis={"title": "signal-to-error ratio (dB)"},
        barmode="group",
        **in_rows("layer", len(names)),
    )
    return figure
