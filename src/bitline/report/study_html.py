"""The report of a study: one HTML file that opens offline, holds its figures and data, and says how it was made."""

from __future__ import annotations

import html
import itertools
import json
import math
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

import bitline
from bitline.config.files import write_text
from bitline.design import Design
from bitline.numerics.text import fixed, number, percent
from bitline.report.chain_drawing import chain_drawing
from bitline.report.cost_figures import COLOURS
from bitline.report.study_series import (
    COST_AXES,
    LARGEST_SERIES,
    SettingAxis,
    grid,
    lines,
    measured,
    pareto,
)
from bitline.study.results import COSTS, DesignResult, StudyResult, is_number

LARGEST_BREAKDOWN = 40
"""Designs in the figures of cost and layers; the best ones where there are more."""
GREY = "#999999"


def write_study(path: Path, result: StudyResult) -> None:
    """Write the report of a study.

    Args:
        path: file to write; an existing one is replaced in one step.
        result: of the study, which need not be finished.
    """
    figures = _figures(result)
    sections = [
        _head(result),
        _chain(result),
        *[f'<section id="{name}-part"><h2>{html.escape(title)}</h2>{_places(name, group)}{_note(note)}</section>'
          for name, title, group, note in figures],
        _table(result),
        _how(result, path),
    ]  # fmt: skip
    drawn = [
        {"id": f"chart-{name}-{index}", **json.loads(figure.to_json())}
        for name, _, group, _ in figures
        for index, figure in enumerate(group)
    ]
    style, script = (_asset(f"study.{kind}") for kind in ("css", "js"))
    columns, rows = _rows(result)
    data = "".join(
        f'<script type="application/json" id="{name}">{_json(value)}</script>'
        for name, value in (("columns", columns), ("rows", rows), ("figures", drawn))
    )
    title = html.escape(f"bitline: {result.study.name}")
    write_text(
        path,
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><main>{''.join(sections)}</main>{data}<script>{script}</script></body></html>\n",
    )


Section = tuple[str, str, list[go.Figure], str]
"""Name, title, figures and a note of a section."""


def _figures(result: StudyResult) -> list[Section]:
    parts: list[Section] = []
    done = measured(result)
    if done:
        accuracy = [_accuracy(result, name) for name in result.settings]
        bands = "Bands and bars are 95 % confidence intervals of the mean over chips."
        parts.append(("accuracy", "Accuracy", accuracy or [_single(result)], bands))
    maps = [
        _heat_map(result, across, down)
        for across, down in itertools.combinations(result.settings, 2)
        if len({repr(one.settings.get(across)) for one in done}) > 1
    ]
    if maps:
        note = "Mean accuracy; where other settings vary too, that of the best design."
        parts.append(("maps", "Two settings at a time", maps[:6], note))
    fronts = [_pareto(result, cost) for cost in COST_AXES if pareto(result, cost)[0]]
    if fronts:
        note = "No design beats those on the front in both. Click a point for its design."
        parts.append(("pareto", "Accuracy against cost", fronts, note))
    if any(one.layers for one in done):
        note = "Own error: what a layer adds to the inputs it gets; against the quantised reference."
        parts.append(("layers", "Signal-to-error ratio of every layer", [_layers(result)], note))
    if any((one.cost or {}).get("adc_ranges") for one in result.designs):
        note = "Share of what an array could put out at most that its ADCs span (their calibrated range)."
        parts.append(("ranges", "ADC ranges", [_ranges(result)], note))
    if any((one.cost or {}).get("energies_pJ") for one in result.designs):
        parts.append(("cost", "Where energy and area go", [_cost(result, "energy"), _cost(result, "area")], ""))
    return parts


def _accuracy(result: StudyResult, setting: str) -> go.Figure:
    axis = SettingAxis.of(result, setting)
    series = lines(result, axis)
    joined = axis.is_ordered and len(series) <= LARGEST_SERIES
    figure = go.Figure()
    for index, one in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        keys = [design.key for design in one.designs]
        x = [axis.place(design) for design in one.designs]
        figure.add_scatter(
            x=x,
            y=list(one.mean),
            customdata=keys,
            text=[f"{html.escape(axis.label(design))}: {percent(design.mean)}" for design in one.designs],
            mode="lines+markers" if joined else "markers",
            name=html.escape(one.label) or "mean over chips",
            line={"color": colour},
            marker={"color": colour, "size": 8},
            error_y={
                "type": "data",
                "array": [high - mean for high, mean in zip(one.high, one.mean, strict=True)],
                "arrayminus": [mean - low for low, mean in zip(one.low, one.mean, strict=True)],
                "thickness": 1,
            },
            hovertemplate="%{text} %<extra>" + html.escape(one.label) + "</extra>",
        )
        if joined and len(x) > 1:
            figure.add_scatter(
                x=[*x, *reversed(x)],
                y=[*one.high, *reversed(one.low)],
                fill="toself",
                fillcolor=_faint(colour),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
            )
    _baselines(figure, result)
    figure.update_layout(
        title=f"Accuracy against {setting}",
        xaxis={"title": setting, **_scale(axis)},
        yaxis={"title": "accuracy (%)"},
        showlegend=len(series) <= LARGEST_SERIES,
        legend={"orientation": "h", "y": -0.25},
    )
    return figure


def _scale(axis: SettingAxis) -> dict[str, Any]:
    if not axis.is_numeric:
        return {"type": "category", "categoryorder": "array", "categoryarray": axis.labels}
    ticks = {"tickmode": "array", "tickvals": axis.levels, "ticktext": axis.labels} if axis.has_ticks else {}
    return {"type": "log" if axis.scale == "log" else "linear", **ticks}


def _single(result: StudyResult) -> go.Figure:
    figure = go.Figure()
    for one in measured(result):
        chips = list(range(1, len(one.accuracies) + 1))
        figure.add_scatter(
            x=chips,
            y=[100 * value for value in one.accuracies],
            mode="markers",
            name=html.escape(one.name),
            marker={"size": 9},
        )
    _baselines(figure, result)
    figure.update_layout(
        title="Accuracy of every chip", xaxis={"title": "chip", "dtick": 1}, yaxis={"title": "accuracy (%)"}
    )
    return figure


def _baselines(figure: go.Figure, result: StudyResult) -> None:
    if result.float_accuracy is not None:
        figure.add_hline(
            y=100 * result.float_accuracy, line={"dash": "dash", "color": GREY}, annotation_text="floating point"
        )


def _heat_map(result: StudyResult, across: str, down: str) -> go.Figure:
    columns, rows = SettingAxis.of(result, across), SettingAxis.of(result, down)
    values = grid(result, columns, rows)
    shares = [[None if value is None else value / 100 for value in row] for row in values]
    figure = go.Figure()
    figure.add_heatmap(
        x=columns.labels,
        y=rows.labels,
        z=values,
        text=[[percent(share, 1) for share in row] for row in shares],
        hovertext=[[percent(share) for share in row] for row in shares],
        colorscale="Cividis",
        colorbar={"title": "%"},
        texttemplate="%{text}",
        hovertemplate=f"{html.escape(across)} %{{x}}<br>{html.escape(down)} %{{y}}<br>%{{hovertext}} %<extra></extra>",
    )
    figure.update_layout(
        title=f"{down} and {across}",
        xaxis={"title": across, "type": "category"},
        yaxis={"title": down, "type": "category"},
    )
    return figure


def _pareto(result: StudyResult, cost: str) -> go.Figure:
    designs, best = pareto(result, cost)
    figure = go.Figure()
    for name, on, colour, size in (("designs", False, GREY, 8), ("Pareto front", True, COLOURS[1], 11)):
        chosen = [one for one, front in zip(designs, best, strict=True) if front == on]
        chosen.sort(key=lambda one: one.cost[cost] if one.cost else 0.0)
        figure.add_scatter(
            x=[one.cost[cost] for one in chosen if one.cost],
            y=[100 * one.mean for one in chosen],
            customdata=[one.key for one in chosen],
            text=[
                f"{html.escape(_label(one))}<br>{percent(one.mean)} %, {number(one.cost[cost])}"
                for one in chosen
                if one.cost
            ],
            mode="lines+markers" if on else "markers",
            name=name,
            marker={"color": colour, "size": size},
            line={"color": colour},
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_layout(
        title=f"Accuracy against {COST_AXES[cost]}",
        xaxis={"title": COST_AXES[cost], "type": "log"},
        yaxis={"title": "accuracy (%)"},
        legend={"orientation": "h", "y": -0.25},
    )
    return figure


def _layers(result: StudyResult) -> go.Figure:
    designs = [one for one in _best(result) if one.layers]
    names = list(dict.fromkeys(layer.name for one in designs for layer in one.layers))
    values = []
    for one in designs:
        ratios = {layer.name: layer.own_db for layer in one.layers}
        values.append([_finite(ratios.get(name)) for name in names])
    figure = go.Figure()
    figure.add_heatmap(
        x=names,
        y=_labels(designs),
        z=values,
        text=[[fixed(value, 1) for value in row] for row in values],
        customdata=[[one.key] * len(names) for one in designs],
        colorscale="Cividis",
        colorbar={"title": "dB"},
        hovertemplate="%{x}<br>%{y}<br>%{text} dB<extra></extra>",
    )
    figure.update_layout(
        title="Own error of every layer",
        xaxis={"title": "layer", "type": "category"},
        yaxis={"title": "design", "type": "category", "showticklabels": len(designs) <= 24},
        height=max(360, 120 + 22 * len(designs)),
    )
    return figure


def _ranges(result: StudyResult) -> go.Figure:
    figure = go.Figure()
    designs = _best(result)[:LARGEST_SERIES]
    for index, (one, label) in enumerate(zip(designs, _labels(designs), strict=True)):
        ranges: dict[str, list[float]] = (one.cost or {}).get("adc_ranges", {})
        layers = [layer for layer, shares in ranges.items() for _ in shares]
        if layers:
            slices = [place for shares in ranges.values() for place in range(len(shares))]
            figure.add_scatter(
                x=layers,
                y=[100 * share for shares in ranges.values() for share in shares],
                text=[
                    f"slice {place}: {percent(share)}"
                    for place, share in zip(slices, itertools.chain(*ranges.values()), strict=True)
                ],
                customdata=[one.key] * len(layers),
                mode="markers",
                name=html.escape(label),
                marker={"color": COLOURS[index % len(COLOURS)], "size": 8},
                hovertemplate="%{x}, %{text} %<extra></extra>",
            )
    figure.update_layout(
        title="ADC range of every layer and weight slice",
        xaxis={"title": "layer", "type": "category"},
        yaxis={"title": "share of the largest possible output range (%)", "type": "log"},
        legend={"orientation": "h", "y": -0.35},
    )
    return figure


def _cost(result: StudyResult, what: str) -> go.Figure:
    key, scale, unit = {"energy": ("energies_pJ", 1e-6, "µJ"), "area": ("areas_mm2", 1.0, "mm²")}[what]
    designs = [one for one in _best(result) if (one.cost or {}).get(key)]
    components: dict[str, float] = {}
    for one in designs:
        for name, value in (one.cost or {})[key].items():
            components[name] = components.get(name, 0.0) + value
    figure = go.Figure()
    for index, name in enumerate(sorted(components, key=lambda one: -components[one])):
        figure.add_bar(
            x=_labels(designs),
            y=[scale * (one.cost or {})[key].get(name, 0.0) for one in designs],
            text=[number(scale * (one.cost or {})[key].get(name, 0.0)) for one in designs],
            textposition="none",
            customdata=[one.key for one in designs],
            name=html.escape(name),
            marker={"color": COLOURS[index % len(COLOURS)]},
            hovertemplate="%{x}<br>" + html.escape(name) + ": %{text} " + unit + "<extra></extra>",
        )
    figure.update_layout(
        title=f"{what.capitalize()} by component",
        barmode="stack",
        xaxis={"title": "design", "type": "category", "showticklabels": len(designs) <= 16},
        yaxis={"title": f"{what} ({unit})"},
        height=520,
    )
    return figure


def _best(result: StudyResult) -> list[DesignResult]:
    """The designs of figures that have room for some only: the most accurate, in the order of the study."""
    ordered = sorted(result.designs, key=lambda one: -one.mean if one.accuracies else math.inf)
    chosen = {one.key for one in ordered[:LARGEST_BREAKDOWN]}
    return [one for one in result.designs if one.key in chosen]


def _head(result: StudyResult) -> str:
    study, done = result.study, measured(result)
    finished = sum(one.finished for one in result.designs)
    numbers = [("designs", number(len(result.designs))), ("finished", number(finished))]
    if done:
        best = max(done, key=lambda one: one.mean)
        numbers += [("images", f"{best.images:,}"), ("best accuracy", f"{percent(best.mean)} %")]
    if result.float_accuracy is not None:
        numbers.append(("floating point", f"{percent(result.float_accuracy)} %"))
    boxes = "".join(f"<div><b>{html.escape(value)}</b>{html.escape(name)}</div>" for name, value in numbers)
    failed = [one for one in result.designs if one.error]
    errors = "".join(f"<li>{html.escape(_label(one))}: {html.escape(one.error)}</li>" for one in failed[:20])
    problems = f"<p>{len(failed)} designs failed:</p><ul>{errors}</ul>" if failed else ""
    return (
        f'<h1>{html.escape(study.name)}</h1><p class="soft">{html.escape(study.description)}</p>'
        f'<div class="numbers">{boxes}</div>{problems}'
    )


def _chain(result: StudyResult) -> str:
    if not result.designs:
        return ""
    design = Design(**result.designs[0].design)
    varied = ", ".join(result.settings)
    note = f"The first design; the study varies {varied}." if varied else "The design."
    return f'<h2>What was run</h2><div class="scroll">{chain_drawing(design)}</div>{_note(note)}'


def _table(result: StudyResult) -> str:
    columns, _ = _rows(result)
    heads = "".join(
        f'<th scope="col"><button type="button" title="sort">{html.escape(one["name"])}</button></th>'
        for one in columns
    )
    return (
        '<h2 id="table">All designs</h2><div class="bar"><input type="search" id="filter" '
        'placeholder="filter: words, or accuracy&gt;90 energy&lt;2" aria-label="filter designs">'
        '<span id="count" class="soft" role="status"></span>'
        '<button class="button" id="download" type="button">download CSV</button></div>'
        f'<div class="scroll"><table id="designs"><thead><tr>{heads}</tr></thead><tbody></tbody></table></div>'
        '<div id="details" hidden><h3></h3><pre></pre></div>'
    )


def _how(result: StudyResult, path: Path) -> str:
    facts = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
                    for name, value in result.facts.items())  # fmt: skip
    sessions = "".join(
        f"<tr><td>{html.escape(one['began'])}</td><td>{html.escape(_words(one['versions']))}</td>"
        f"<td>{html.escape(_words({k: v for k, v in one['hardware'].items() if k != 'node'}))}</td></tr>"
        for one in result.sessions
    )
    notes = dict.fromkeys(note for one in result.designs for note in (one.cost or {}).get("notes", []))
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    command = f"bitline sweep {result.study.name}.toml --out {path.stem}.sqlite\nbitline report {path.stem}.sqlite"
    return (
        f"<h2>How to reproduce it</h2><p>Save the study as {html.escape(result.study.name)}.toml and run</p>"
        f"<pre>{html.escape(command)}</pre><pre>{html.escape(result.study.to_toml())}</pre>"
        f'<div class="scroll"><table>{facts}</table></div>'
        f'<h3>Runs</h3><div class="scroll"><table>{sessions}</table></div>'
        + (f"<h3>Notes on cost</h3><ul>{listed}</ul>" if listed else "")
        + f'<p class="soft">bitline {bitline.__version__}; method: Xiao et al., IEEE Circuits and Systems Magazine '
        "22(4), 2022, doi 10.1109/MCAS.2022.3214409</p>"
    )


def _rows(result: StudyResult) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Columns and rows of the table of designs.

    A cell has its value, the text that is shown, and its rank where the column is sorted; None comes last.
    """
    screened = any(one.screened is not None for one in result.designs)
    names = [*(result.settings or ("design",)), "accuracy (%)", "std (%)", "chips"]
    names += ["screened (%)"] if screened else []
    costs = [name for name in COSTS if any(name in (one.cost or {}) for one in result.designs)]
    axes = [SettingAxis.of(result, name) for name in result.settings]
    names_in_order = list(dict.fromkeys(one.name for one in result.designs))
    rows = []
    for one in result.designs:
        settings = [_setting(axis, one) for axis in axes] or [_Cell(one.name, one.name, names_in_order.index(one.name))]
        cells = [*settings, _percent(one.mean), _percent(one.std), _number(len(one.accuracies))]
        cells += [_percent(one.screened)] if screened else []
        cells += [_number((one.cost or {}).get(name)) for name in costs]
        rows.append({"key": one.key, "cells": cells, "label": _label(one), "design": Design(**one.design).to_toml()})
    return [{"name": name} for name in [*names, *costs]], rows


class _Cell(NamedTuple):
    value: float | str | None
    text: str
    rank: float | None


def _setting(axis: SettingAxis, design: DesignResult) -> _Cell:
    if axis.setting not in design.settings:
        return _Cell(None, "", None)
    place = axis.index(design)
    level = axis.levels[place]
    return _Cell(str(level) if level in (math.inf, -math.inf) else level, axis.labels[place], place)


def _number(value: Any) -> _Cell:
    known = _finite(value)
    return _Cell(known, number(value) if is_number(value) else "", known)


def _percent(share: float | None) -> _Cell:
    known = None if share is None or math.isnan(share) else round(100 * share, 6)
    return _Cell(known, percent(share), known)


def _labels(designs: Sequence[DesignResult]) -> list[str]:
    """What designs are called where every one has a place of its own: those of the same name are counted."""
    labels: list[str] = []
    for one in designs:
        label, count = _label(one), 2
        while label in labels:
            label, count = f"{_label(one)} ({count})", count + 1
        labels.append(label)
    return labels


def _label(one: DesignResult) -> str:
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in one.settings.items()) or one.name


def _finite(value: Any) -> float | None:
    return value if is_number(value) and math.isfinite(value) else None


def _places(name: str, group: list[go.Figure]) -> str:
    """Where the script draws the figures of a section."""
    return "".join(
        f'<div class="chart" id="chart-{name}-{index}" role="img" '
        f'aria-label="{html.escape(figure.layout.title.text, quote=True)}" '
        f'style="min-height:{figure.layout.height or 420}px"></div>'
        for index, figure in enumerate(group)
    )


def _note(note: str) -> str:
    return f'<p class="soft">{html.escape(note)}</p>' if note else ""


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[index : index + 2], 16) for index in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def _json(value: Any) -> str:
    """JSON inside a script element, which no text of it can end or open: '<' only stands in words."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (resources.files("bitline.report") / "assets" / name).read_text(encoding="utf-8")
