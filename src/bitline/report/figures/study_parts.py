"""Figures of a study for the screen, by Plotly: layers, ADC ranges and costs of its designs."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go

from bitline.numerics.summary import counted
from bitline.numerics.text import fixed, number, percent
from bitline.report.figures.cost import NAMED
from bitline.report.figures.study_series import LARGEST_SERIES, best_designs, finite, labels_of
from bitline.report.style import GREY, colour_of, in_rows
from bitline.study.results import DesignResult, StudyResult

ENTRY = 20
"""Height of an entry of a legend that takes the whole width, in pixels."""


def layers_chart(result: StudyResult) -> go.Figure:
    """Own error of every layer of every design."""
    designs = [design for design in best_designs(result) if design.layers]
    names = list(dict.fromkeys(layer.name for design in designs for layer in design.layers))
    values = []
    for design in designs:
        ratios = {layer.name: layer.own_db for layer in design.layers}
        values.append([finite(ratios.get(name)) for name in names])
    figure = go.Figure()
    figure.add_heatmap(
        x=names,
        y=labels_of(designs),
        z=values,
        text=[[fixed(value, 1) for value in row] for row in values],
        customdata=[[design.key] * len(names) for design in designs],
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


SHARES = [float(f"{digit}e{power}") for power in range(-4, 3) for digit in (1, 2, 5)]
"""Places on the axis of ranges, in per cent; Plotly would write the 5 of 0.5."""


def ranges_chart(result: StudyResult) -> go.Figure:
    """Calibrated ADC range of every layer and weight slice."""
    figure = go.Figure()
    designs = best_designs(result)[:LARGEST_SERIES]
    told = _with_other_ranges(designs)
    for index, (design, label) in enumerate(told):
        _draw_ranges(figure, design, label, colour_of(index))
    layout = in_rows("layer", len({name for design in designs for name in design.costs.get("adc_ranges", {})}))
    figure.update_layout(
        title="ADC range of every layer and weight slice",
        xaxis={"title": "share of the largest possible output range (%)", "type": "log", "tickvals": SHARES,
               "ticktext": [f"{share:g}" for share in SHARES]},
        **layout | {"height": layout["height"] + ENTRY * len(told)},
    )  # fmt: skip
    return figure


def _with_other_ranges(designs: Sequence[DesignResult]) -> list[tuple[DesignResult, str]]:
    """The first design of each set of ranges, whose points would hide those of the others, and what it is called."""
    alike: dict[str, list[tuple[DesignResult, str]]] = {}
    for design, label in zip(designs, labels_of(designs), strict=True):
        alike.setdefault(_drawn(design), []).append((design, label))
    return [
        (design, f"{label}, and {counted(len(others), 'other')} with these ranges" if others else label)
        for (design, label), *others in alike.values()
    ]


def _drawn(design: DesignResult) -> str:
    """What tells points on the chart apart: the same range, computed in another order, differs in the last digit."""
    ranges: dict[str, list[float]] = design.costs.get("adc_ranges", {})
    return json.dumps({layer: [f"{share:.6g}" for share in shares] for layer, shares in ranges.items()})


def _draw_ranges(figure: go.Figure, design: DesignResult, label: str, colour: str) -> None:
    ranges: dict[str, list[float]] = design.costs.get("adc_ranges", {})
    points = [(layer, place, share) for layer, shares in ranges.items() for place, share in enumerate(shares)]
    if points:
        figure.add_scatter(
            x=[100 * share for _, _, share in points],
            y=[layer for layer, _, _ in points],
            text=[f"slice {place}: {percent(share)}" for _, place, share in points],
            customdata=[design.key] * len(points),
            mode="markers",
            name=html.escape(label),
            marker={"color": colour, "size": 8},
            hovertemplate="%{y}, %{text} %<extra></extra>",
        )


def cost_chart(result: StudyResult, what: Literal["energy", "area"]) -> go.Figure:
    """Energy or area of every design by component, the largest component first.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> cost_chart(result, "area").layout.xaxis.title.text  # no design has its area by component
        'area (mm²)'
    """
    key, scale, unit = {"energy": ("energies_pJ", 1e-6, "µJ"), "area": ("areas_mm2", 1.0, "mm²")}[what]
    designs = [design for design in best_designs(result) if design.costs.get(key)]
    figure = go.Figure()
    for name, parts, colour in _components(designs, key):
        values = [scale * sum(design.costs[key].get(part, 0.0) for part in parts) for design in designs]
        figure.add_bar(
            x=values,
            y=labels_of(designs),
            orientation="h",
            text=[number(value) for value in values],
            textposition="none",
            customdata=[design.key for design in designs],
            name=html.escape(name),
            marker={"color": colour},
            hovertemplate="%{y}<br>" + html.escape(name) + ": %{text} " + unit + "<extra></extra>",
        )
    figure.update_layout(
        title=f"{what.capitalize()} by component",
        barmode="stack",
        xaxis={"title": f"{what} ({unit})"},
        **in_rows("design", len(designs)),
    )
    return figure


def _components(designs: Sequence[DesignResult], key: str) -> list[tuple[str, tuple[str, ...], str]]:
    """Title, names and colour of the parts of a cost: the largest of energy and area, in the same colour in both."""
    shares: dict[str, float] = {}
    for design in designs:
        for kind in ("energies_pJ", "areas_mm2"):
            values = design.costs.get(kind) or {}
            total = sum(values.values()) or 1.0
            for name, value in values.items():
                shares[name] = max(shares.get(name, 0.0), value / total)
    ordered = sorted(shares, key=lambda name: -shares[name])
    rest = tuple(ordered[NAMED:]) if len(ordered) > NAMED + 1 else ()
    named = [name for name in ordered if name not in rest]
    found: list[tuple[str, tuple[str, ...], str]]
    found = [(name, (name,), colour_of(index)) for index, name in enumerate(named)]
    known = {name for design in designs for name in design.costs[key]}
    found = [part for part in found if part[0] in known]
    return [*found, (f"{len(rest)} others", rest, GREY)] if known & set(rest) else found
