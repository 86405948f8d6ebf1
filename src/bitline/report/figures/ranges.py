"""Figures of ADC ranges: Figs. 14 and 15 of the paper (Xiao et al. 2022) for any network and design."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bitline.evaluation.adc_ranges import SliceRange
from bitline.numerics.text import exact
from bitline.numerics.text import percent as text_of_percent
from bitline.report.style import colour_of, in_house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_LAYERS = 12
"""Panels of a figure; of more layers, the tallest are drawn."""
MOST_COLUMNS = 4
BEYOND = 0.35
"""How far an axis goes beyond the ends of an ADC, as a share of its range."""
BINS = 160


@in_house_style
def signals_figure(ranges: Sequence[SliceRange], caption: str, percent: float = 99.98) -> Figure:
    """Histograms of the ADC inputs, a panel for each layer, in steps of its ADC (Fig. 14).

    Lines mark the ends of the ADC, what lies beyond them is shaded and counted, and dotted lines hold the inner part.

    Args:
        ranges: the slices of one or more layers.
        caption: what was observed.
        percent: P, whose inner range is marked.

    Examples:
        >>> import torch
        >>> from bitline import Design
        >>> from bitline.evaluation.adc_ranges import study_ranges
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> ranges = study_ranges(network, Design(), torch.linspace(-1, 1, 24).reshape(6, 4))
        >>> signals_figure(ranges, "two classes").axes[0].get_title()
        '0, 4 rows: 0.00 % clipped'
    """
    from matplotlib.figure import Figure

    layers = _by_layer(ranges)
    across = min(MOST_COLUMNS, len(layers), max(1, math.ceil(math.sqrt(len(layers)))))
    down = math.ceil(len(layers) / across)
    figure = Figure(figsize=(max(6.4, 3.2 * across), 1.4 + 2.2 * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, parts in zip(panels, layers, strict=False):
        _draw_signals(axes, parts, percent)
    for axes in panels[len(layers) :]:
        axes.set_visible(False)
    for place, axes in enumerate(panels[: len(layers)]):
        is_lowest = place + across >= len(layers)
        axes.set(xlabel="ADC input (steps)" if is_lowest else "", ylabel="signals" if place % across == 0 else "")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels)))
    figure.suptitle(caption)
    return figure


def _by_layer(ranges: Sequence[SliceRange]) -> list[list[SliceRange]]:
    """The slices of each layer in the order of the network; of many layers, the tallest ones."""
    layers: dict[str, list[SliceRange]] = {}
    for part in ranges:
        layers.setdefault(part.layer, []).append(part)
    tallest = sorted(layers, key=lambda layer: -layers[layer][0].rows)[:MOST_LAYERS]
    return [parts for layer, parts in layers.items() if layer in tallest]


def _draw_signals(axes: Axes, parts: Sequence[SliceRange], percent: float) -> None:
    """One layer: its slices over the range of its ADC."""
    low, high = min(part.low / part.step for part in parts), max(part.high / part.step for part in parts)
    margin = BEYOND * (high - low)
    start, stop = low - margin, high + margin
    for part in parts:
        colour = colour_of(part.slice)
        steps = np.clip(part.signals.centres.numpy() / part.step, start, stop)
        counts, edges = np.histogram(steps, bins=BINS, weights=part.signals.counts.numpy(), range=(start, stop))
        shown = np.where(counts > 0, counts, np.nan)
        axes.step(edges[:-1], shown, where="post", color=colour, label=_slice_name(part, parts), linewidth=1.1)
        tail = (100 - percent) / 2
        for end in (part.signals.percentile(tail), part.signals.percentile(100 - tail)):
            axes.axvline(end / part.step, color=colour, linestyle=":", linewidth=1)
    for end, outside in ((low, start), (high, stop)):
        axes.axvline(end, color="black", linewidth=1.2, label="ends of the ADC" if end == low else None)
        axes.axvspan(min(end, outside), max(end, outside), color="black", alpha=0.06, linewidth=0)
    axes.plot([], [], ":", color="grey", label=f"inner {exact(percent)} %")
    clipped = max(part.clipped for part in parts)
    said = "" if math.isnan(clipped) else f": {text_of_percent(clipped)} % clipped"
    axes.set(yscale="log", xlim=(start, stop))
    axes.set_title(f"{parts[0].layer}, {parts[0].rows} rows{said}", fontsize=9)


def _slice_name(part: SliceRange, parts: Sequence[SliceRange]) -> str:
    if len(parts) == 1:
        return "signals"
    ends = {0: " (lowest bits)", len(parts) - 1: " (highest bits)"}
    return f"slice {part.slice}{ends.get(part.slice, '')}"


@in_house_style
def useful_figure(ranges: Sequence[SliceRange], caption: str, percent: float = 99.98) -> Figure:
    """Useful range of every layer, by slice (Fig. 15), with the range that its ADC has.

    Args:
        ranges: the slices of all layers.
        caption: what was observed.
        percent: P, the inner part of the signals.

    Examples:
        >>> import torch
        >>> from bitline import Design
        >>> from bitline.evaluation.adc_ranges import study_ranges
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> ranges = study_ranges(network, Design(), torch.linspace(-1, 1, 24).reshape(6, 4))
        >>> useful_figure(ranges, "two classes").axes[0].get_ylabel()
        'layer, and its rows in use'
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    layers = list(dict.fromkeys(part.layer for part in ranges))
    rows = {part.layer: part.rows for part in ranges}
    figure = Figure(figsize=(7.2, 1.8 + 0.26 * len(layers)), layout="constrained")
    axes = figure.subplots()
    slices = sorted({part.slice for part in ranges})
    for index in slices:
        parts = [part for part in ranges if part.slice == index]
        places = [layers.index(part.layer) for part in parts]
        name = f"slice {index}" if len(slices) > 1 else f"inner {exact(percent)} % of the signals"
        useful, chosen = [100 * part.useful(percent) for part in parts], [100 * part.chosen for part in parts]
        axes.plot(useful, places, "o", color=colour_of(index), markersize=5, label=name)
        axes.plot(chosen, places, "|", color=colour_of(index), markersize=12)
    axes.plot([], [], "|", color="grey", markersize=12, label="range of the ADC")
    axes.set_yticks(range(len(layers)), [f"{layer}, {rows[layer]}" for layer in layers], parse_math=False)
    axes.invert_yaxis()
    axes.set(
        xscale="log",
        xlabel=f"inner {exact(percent)} % of the signals, in % of what the array can produce",
        ylabel="layer, and its rows in use",
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: exact(value)))
    figure.legend(loc="outside lower center", ncols=5)
    figure.suptitle(caption)
    return figure
