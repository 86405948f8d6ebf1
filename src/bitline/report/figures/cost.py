"""Cost as figures: energy of every layer by component, area by component."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from bitline.cost import NetworkCost
from bitline.numerics.text import number
from bitline.report.style import GREY, colour_of, in_rows

NAMED = 7
"""Components that have a colour of their own; the others are together."""


@dataclass(frozen=True)
class CostPart:
    """Components that are drawn together, in the same colour in all charts.

    Attributes:
        title: in legends.
        names: of the components.
        colour: of its bars.
    """

    title: str
    names: tuple[str, ...]
    colour: str


def parts_of(cost: NetworkCost) -> list[CostPart]:
    """The components with the largest share of energy or area, the largest first, and all others as one.

    Examples:
        >>> cost = NetworkCost("none", "none", (), {"ADCs": 1.0, "rows": 2.0}, 1, 1, 1.0, 1.0)
        >>> [(part.title, part.colour) for part in parts_of(cost)]
        [('rows', '#0072B2'), ('ADCs', '#D55E00')]
    """
    totals = (cost.energies_pJ, cost.areas_mm2)
    shares = {
        name: max(values.get(name, 0.0) / (sum(values.values()) or 1.0) for values in totals)
        for name in dict.fromkeys([*cost.energies_pJ, *cost.areas_mm2])
    }
    ordered = sorted(shares, key=lambda name: -shares[name])
    parts = [CostPart(name, (name,), colour_of(index)) for index, name in enumerate(ordered[:NAMED])]
    rest = tuple(ordered[NAMED:])
    return (
        [*parts, CostPart(f"{len(rest)} others", rest, GREY)]
        if len(rest) > 1
        else [*parts, *(CostPart(name, (name,), GREY) for name in rest)]
    )


def energy_figure(cost: NetworkCost) -> go.Figure:
    """Energy of every layer, stacked by component.

    Examples:
        >>> import torch
        >>> from bitline import evaluate
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> images = torch.linspace(-1, 1, 24).reshape(6, 4)
        >>> results = [evaluate(network, "differential", images, network(images).argmax(1), images, chips=1)]
        >>> energy_figure(results[0].cost).layout.xaxis.title.text
        'energy (µJ)'
    """
    names = [layer.name for layer in cost.layers]
    figure = go.Figure()
    for part in parts_of(cost):
        values = [1e-6 * sum(layer.energies_pJ.get(name, 0.0) for name in part.names) for layer in cost.layers]
        if any(values):
            figure.add_bar(x=values, y=names, orientation="h", name=part.title, marker_color=part.colour)
    figure.update_layout(
        title="Energy by layer and component",
        xaxis_title="energy (µJ)",
        barmode="stack",
        **in_rows("layer", len(names)),
    )
    return figure


def shares_figure(cost: NetworkCost) -> go.Figure:
    """Energy and area by component, as shares.

    Examples:
        >>> import torch
        >>> from bitline import evaluate
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> images = torch.linspace(-1, 1, 24).reshape(6, 4)
        >>> results = [evaluate(network, "differential", images, network(images).argmax(1), images, chips=1)]
        >>> shares_figure(results[0].cost).layout.xaxis.title.text
        'share (%)'
    """
    energy, area = cost.energy_pJ or 1.0, cost.area_mm2 or 1.0  # libraries may know energies only, or areas only
    figure = go.Figure()
    for part in parts_of(cost):
        energies, areas = (
            sum(values.get(name, 0.0) for name in part.names) for values in (cost.energies_pJ, cost.areas_mm2)
        )
        figure.add_bar(
            y=["energy", "area"],
            x=[100 * energies / energy, 100 * areas / area],
            orientation="h",
            name=part.title,
            marker_color=part.colour,
        )
    figure.update_layout(
        title=f"Where {number(cost.energy_uJ)} µJ and {number(cost.area_mm2)} mm² go",
        xaxis_title="share (%)",
        barmode="stack",
        **in_rows("", 2),
    )
    return figure
