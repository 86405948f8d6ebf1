"""The HTML report: opens offline, holds its figures and data."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go

import bitline
from bitline.config.files import write_text
from bitline.devices import format_duration
from bitline.evaluation.result import Evaluation
from bitline.numerics.text import fixed, number
from bitline.report.figures.cost import energy_figure, shares_figure
from bitline.report.style import BLUE, GREY, METHOD, ORANGE

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .25em .9em; border-bottom: 1px solid #ddd }
th { text-align: left } td.number { text-align: right; font-variant-numeric: tabular-nums }
pre { background: #f6f6f6; padding: 1em; overflow-x: auto; font-size: 13px } h1 { margin-bottom: 0 }
.caption { color: #555; margin-top: 0 }
"""


def write_html(path: Path, results: Sequence[Evaluation], context: dict[str, object]) -> None:
    """Write the report of one evaluation.

    Args:
        path: file to write; an existing one is replaced in one step.
        results: one evaluation, or those at several times; the last is the main one.
        context: network, data and options to show.

    Examples:
        >>> import torch
        >>> from bitline import evaluate
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> images = torch.linspace(-1, 1, 24).reshape(6, 4)
        >>> results = [evaluate(network, "differential", images, network(images).argmax(1), images, chips=1)]
        >>> write_html(Path("report.html"), results, {"model": "two classes"})
        >>> "<h1>two classes on differential</h1>" in Path("report.html").read_text()
        True
    """
    result = results[-1]
    design = result.design
    counts = f"{len(result.chip_values)} chips, {result.counted}"
    caption = f"design {design.name}, seed {result.seed}, {counts}"
    parts = [
        f"<h1>{html.escape(str(context.get('model', 'network')))} on {html.escape(design.name)}</h1>",
        f'<p class="caption">{html.escape(design.description)}</p>',
        _accuracy_table(results),
        _figure(_accuracy_figure(result), caption, first=True),
        _figure(_times_figure(results), caption) if len(results) > 1 else "",
        _layer_errors(result, caption),
        _cost(result, caption),
        "".join(f"<p>{html.escape(note)}</p>" for note in result.notes),
        "<h2>Run</h2>",
        _table(["setting", "value"], [[str(key), str(value)] for key, value in context.items()]),
        f"<h2>Design</h2><pre>{html.escape(design.to_toml())}</pre>",
        f'<p class="caption">bitline {bitline.__version__}; {METHOD}</p>',
    ]
    page = "\n".join(parts)
    title = html.escape(f"bitline: {design.name}")
    write_text(
        path,
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>{page}</body></html>\n",
    )


def _accuracy_table(results: Sequence[Evaluation]) -> str:
    measure = results[-1].measure
    unit = f", {measure.unit}" if measure.unit else ""
    rows = [
        ["floating point", measure.text(results[-1].float_value), ""],
        ["quantised reference", measure.text(results[-1].reference_value), ""],
    ]
    for result in results:
        low, high = map(measure.possible, result.confidence_interval)
        interval = "one chip" if math.isnan(low) else f"{measure.text(low)} to {measure.text(high)}"
        spread = (
            ""
            if math.isnan(result.std)
            else f" ± {measure.text(result.std) if measure.is_share else measure.text_of_spread(result.std)}"
        )
        at = f", {format_duration(result.design.cell.time)} after programming" if len(results) > 1 else ""
        rows.append([f"analog (mean ± standard deviation){at}", f"{measure.text(result.mean)}{spread}", interval])
    return _table(["network", f"{measure.name}{unit}", f"95 % interval of the mean{unit}"], rows)


def _layer_errors(result: Evaluation, caption: str) -> str:
    """Errors of all layers; nothing where they were left out."""
    return _figure(_layers_figure(result), caption) + _layers_table(result) if result.layers else ""


def _layers_table(result: Evaluation) -> str:
    rows = [
        [
            layer.name,
            number(layer.rows),
            number(layer.outputs),
            number(layer.partitions),
            _decibels(layer.own_db),
            _decibels(layer.accumulated_db),
        ]
        for layer in result.layers
    ]
    return _table(["layer", "rows", "outputs", "partitions", "own error, dB", "accumulated, dB"], rows)


def _cost(result: Evaluation, caption: str) -> str:
    cost = result.cost
    if cost is None:
        return ""
    totals = [[name.replace("_", " "), number(value)] for name, value in cost.totals().items()]
    parts = [
        f"<h2>Energy, area and latency</h2><p>component library {html.escape(cost.library)}</p>",
        _table(["of one image", "value"], totals),
        _figure(energy_figure(cost), caption),
        _figure(shares_figure(cost), caption),
        _table(
            ["component", "energy, µJ", "area, mm²"],
            [
                [name, number(1e-6 * cost.energies_pJ.get(name, 0.0)), number(cost.areas_mm2.get(name, 0.0))]
                for name in dict.fromkeys([*cost.energies_pJ, *cost.areas_mm2])
            ],
        ),
        "".join(f"<p>{html.escape(note)}</p>" for note in cost.notes),
    ]
    return "".join(parts)


def _accuracy_figure(result: Evaluation) -> go.Figure:
    chips = list(range(1, len(result.chip_values) + 1))
    figure = go.Figure()
    scale = result.measure.scale
    values = [scale * value for value in result.chip_values]
    figure.add_scatter(x=chips, y=values, mode="markers", name="analog, one chip", marker={"color": BLUE, "size": 11})
    for value, name, colour in (
        (result.float_value, "floating point", GREY),
        (result.reference_value, "quantised reference", ORANGE),
        (result.mean, "analog, mean", BLUE),
    ):
        figure.add_scatter(
            x=[0.5, len(chips) + 0.5],
            y=[scale * value] * 2,
            mode="lines",
            name=name,
            line={"color": colour, "dash": "dash"},
        )
    figure.update_layout(
        title=f"{result.measure.title} of each chip", xaxis_title="chip", yaxis_title=result.measure.head, height=420
    )
    figure.update_xaxes(dtick=1)
    return figure


def _times_figure(results: Sequence[Evaluation]) -> go.Figure:
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
    title = f"{measure.title} of the same chips over time"
    figure.update_layout(title=title, xaxis_title="time after programming", yaxis_title=measure.head, height=420)
    figure.update_xaxes(type="log" if placed else "category", tickvals=times if placed else words, ticktext=words)
    return figure


def _layers_figure(result: Evaluation) -> go.Figure:
    names = [layer.name for layer in result.layers]
    figure = go.Figure()
    own = [layer.own_db for layer in result.layers]
    accumulated = [layer.accumulated_db for layer in result.layers]
    figure.add_bar(x=names, y=own, name="own error", marker_color=BLUE)
    figure.add_bar(x=names, y=accumulated, name="with the layers before", marker_color=ORANGE)
    figure.update_xaxes(type="category")  # names such as '1.10' are no numbers
    figure.update_layout(
        title="Error of each layer against the quantised reference",
        xaxis_title="layer",
        yaxis_title="signal-to-error ratio (dB)",
        barmode="group",
        height=460,
    )
    return figure


def _figure(figure: go.Figure, caption: str, first: bool = False) -> str:
    figure.update_layout(template="plotly_white", font={"size": 14})
    figure.update_xaxes(exponentformat="power")
    figure.update_yaxes(exponentformat="power")  # 'B' for 10^9 is no prefix of units
    drawn = figure.to_html(full_html=False, include_plotlyjs=first)
    return f'{drawn}<p class="caption">{html.escape(caption)}</p>'


def _table(heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{"number" if index else ""}">{html.escape(cell)}</td>' for index, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _decibels(value: float) -> str:
    return "exact" if value == math.inf else "" if math.isnan(value) else fixed(value, 1)
