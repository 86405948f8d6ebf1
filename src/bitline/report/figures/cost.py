"""Cost as figures: energy of every layer by component, area by component."""

from __future__ import annotations

import plotly.graph_objects as go

from bitline.cost import NetworkCost
from bitline.numerics.text import number
from bitline.report.style import colour_of


def energy_figure(cost: NetworkCost) -> go.Figure:
    """Energy of every layer, stacked by component.

    Examples:
        >>> import torch
        >>> from bitline import evaluate
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> images = torch.linspace(-1, 1, 24).reshape(6, 4)
        >>> results = [evaluate(network, "differential", images, network(images).argmax(1), images, chips=1)]
        >>> energy_figure(results[0].cost).layout.yaxis.title.text
        'energy (µJ)'
    """
    names = [layer.name for layer in cost.layers]
    figure = go.Figure()
    for index, component in enumerate(cost.energies_pJ):
        values = [1e-6 * layer.energies_pJ.get(component, 0.0) for layer in cost.layers]
        figure.add_bar(x=names, y=values, name=component, marker_color=colour_of(index))
    figure.update_xaxes(type="category")  # names such as '1.10' are no numbers
    figure.update_layout(
        title="Energy of one image by layer and component",
        xaxis_title="layer",
        yaxis_title="energy (µJ)",
        barmode="stack",
        height=500,
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
    names = list(cost.energies_pJ) + [name for name in cost.areas_mm2 if name not in cost.energies_pJ]
    energy, area = cost.energy_pJ or 1.0, cost.area_mm2 or 1.0  # libraries may know energies only, or areas only
    figure = go.Figure()
    for index, name in enumerate(names):
        figure.add_bar(
            y=["energy", "area"],
            x=[100 * cost.energies_pJ.get(name, 0.0) / energy, 100 * cost.areas_mm2.get(name, 0.0) / area],
            orientation="h",
            name=name,
            marker_color=colour_of(index),
        )
    figure.update_layout(
        title=f"Where {number(cost.energy_uJ)} µJ and {number(cost.area_mm2)} mm² go",
        xaxis_title="share (%)",
        barmode="stack",
        height=320,
    )
    return figure
