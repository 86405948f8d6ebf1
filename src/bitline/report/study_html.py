"""The report of a study: one HTML file that opens offline, holds its figures and data, and says how it was made."""

from __future__ import annotations

import html
import itertools
import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

import bitline
from bitline.design import Design
from bitline.report.chain_drawing import chain_drawing
from bitline.report.cost_figures import COLOURS
from bitline.report.results import write_text
from bitline.report.study_series import (
    COST_AXES,
    LARGEST_SERIES,
    Series,
    categories,
    grid,
    is_logarithmic,
    is_numeric,
    lines,
    measured,
    pareto,
)
from bitline.study.results import COSTS, DesignResult, StudyResult

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


Part = tuple[str, str, list[go.Figure], str]
"""Name, title, figures and a note of a section."""


def _figures(result: StudyResult) -> list[Part]:
    parts: list[Part] = []
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
        note = "Own error: what a layer adds to the inputs it gets; against the quantised digital network."
        parts.append(("layers", "Signal-to-error ratio of every layer", [_layers(result)], note))
    if any((one.cost or {}).get("adc_ranges") for one in result.designs):
        note = "Share of what an array could put out at most that its ADCs span (their calibrated range)."
        parts.append(("ranges", "ADC ranges", [_ranges(result)], note))
    if any((one.cost or {}).get("energies_pJ") for one in result.designs):
        parts.append(("cost", "Where energy and area go", [_cost(result, "energy"), _cost(result, "area")], ""))
    return parts


def _accuracy(result: StudyResult, setting: str) -> go.Figure:
    series = lines(result, setting)
    figure = go.Figure()
    for index, one in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        keys = [design.key for design in one.designs]
        figure.add_scatter(
            x=list(one.x) if is_numeric(series) else [str(x) for x in one.x],
            y=list(one.mean),
            customdata=keys,
            mode="markers" if len(series) > LARGEST_SERIES or not is_numeric(series) else "lines+markers",
            name=one.label or "mean over chips",
            line={"color": colour},
            marker={"color": colour, "size": 8},
            error_y={
                "type": "data",
                "array": [high - mean for high, mean in zip(one.high, one.mean, strict=True)],
                "arrayminus": [mean - low for low, mean in zip(one.low, one.mean, strict=True)],
                "thickness": 1,
            },
            hovertemplate="%{x}: %{y:.2f} %<extra>" + html.escape(one.label) + "</extra>",
        )
        if is_numeric(series) and len(series) <= LARGEST_SERIES and len(one.x) > 1:
            figure.add_scatter(
                x=[*one.x, *reversed(one.x)],
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
        xaxis={"title": setting, **_scale(series)},
        yaxis={"title": "accuracy (%)"},
        showlegend=len(series) <= LARGEST_SERIES,
        legend={"orientation": "h", "y": -0.25},
    )
    return figure


def _scale(series: list[Series]) -> dict[str, Any]:
    if not is_numeric(series):
        return {"type": "category", "categoryorder": "array", "categoryarray": categories(series)}
    return {"type": "log"} if is_logarithmic(series) else {}


def _single(result: StudyResult) -> go.Figure:
    figure = go.Figure()
    for one in measured(result):
        chips = list(range(1, len(one.accuracies) + 1))
        figure.add_scatter(
            x=chips, y=[100 * value for value in one.accuracies], mode="markers", name=one.name, marker={"size": 9}
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
    columns, rows, values = grid(result, across, down)
    figure = go.Figure()
    figure.add_heatmap(
        x=[str(one) for one in columns],
        y=[str(one) for one in rows],
        z=values,
        colorscale="Cividis",
        colorbar={"title": "%"},
        texttemplate="%{z:.1f}",
        hovertemplate=f"{html.escape(across)} %{{x}}<br>{html.escape(down)} %{{y}}<br>%{{z:.2f}} %<extra></extra>",
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
            text=[html.escape(_label(one)) for one in chosen],
            mode="lines+markers" if on else "markers",
            name=name,
            marker={"color": colour, "size": size},
            line={"color": colour},
            hovertemplate="%{text}<br>%{y:.2f} %, %{x:.4g}<extra></extra>",
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
        y=[_label(one) for one in designs],
        z=values,
        customdata=[[one.key] * len(names) for one in designs],
        colorscale="Cividis",
        colorbar={"title": "dB"},
        hovertemplate="%{x}<br>%{y}<br>%{z:.1f} dB<extra></extra>",
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
    for index, one in enumerate(_best(result)[:LARGEST_SERIES]):
        ranges: dict[str, list[float]] = (one.cost or {}).get("adc_ranges", {})
        layers = [layer for layer, shares in ranges.items() for _ in shares]
        if layers:
            slices = [number for shares in ranges.values() for number in range(len(shares))]
            figure.add_scatter(
                x=layers,
                y=[100 * share for shares in ranges.values() for share in shares],
                text=[f"slice {number}" for number in slices],
                customdata=[one.key] * len(layers),
                mode="markers",
                name=_label(one),
                marker={"color": COLOURS[index % len(COLOURS)], "size": 8},
                hovertemplate="%{x}, %{text}: %{y:.3g} %<extra></extra>",
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
            x=[_label(one) for one in designs],
            y=[scale * (one.cost or {})[key].get(name, 0.0) for one in designs],
            customdata=[one.key for one in designs],
            name=name,
            marker={"color": COLOURS[index % len(COLOURS)]},
            hovertemplate="%{x}<br>" + html.escape(name) + ": %{y:.4g} " + unit + "<extra></extra>",
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
    numbers = [("designs", f"{len(result.designs)}"), ("finished", f"{sum(one.finished for one in result.designs)}")]
    if done:
        best = max(done, key=lambda one: one.mean)
        numbers += [("images", f"{best.images:,}"), ("best accuracy", f"{100 * best.mean:.2f} %")]
    if result.float_accuracy is not None:
        numbers.append(("floating point", f"{100 * result.float_accuracy:.2f} %"))
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
    """Columns and rows of the table of designs."""
    screened = any(one.screened is not None for one in result.designs)
    names = [*(result.settings or ("design",)), "accuracy (%)", "std (%)", "chips"]
    names += ["screened (%)"] if screened else []
    costs = [name for name in COSTS if any(name in (one.cost or {}) for one in result.designs)]
    rows = []
    for one in result.designs:
        settings = [_cell(one.settings.get(name)) for name in result.settings] or [one.name]
        numbers = [_percent(one.mean), _percent(one.std), len(one.accuracies)]
        if screened:
            numbers.append(None if one.screened is None else round(100 * one.screened, 6))
        cells = [*settings, *numbers, *(_finite((one.cost or {}).get(name)) for name in costs)]
        rows.append({"key": one.key, "cells": cells, "label": _label(one), "design": Design(**one.design).to_toml()})
    return [{"name": name} for name in [*names, *costs]], rows


def _cell(value: Any) -> Any:
    plain = value is None or (isinstance(value, (int, float, str)) and not isinstance(value, bool))
    return value if plain else str(value)


def _label(one: DesignResult) -> str:
    return ", ".join(f"{name.rpartition('.')[2]} {value}" for name, value in one.settings.items()) or one.name


def _percent(value: float) -> float | None:
    return None if math.isnan(value) else round(100 * value, 6)


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


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
    return json.dumps(value, allow_nan=False).replace("</", "<\\/")


def _asset(name: str) -> str:
    return (resources.files("bitline.report") / "assets" / name).read_text(encoding="utf-8")
