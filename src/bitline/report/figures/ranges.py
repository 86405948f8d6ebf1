"""Figures of ADC ranges: Figs. 14 and 15 of the paper (Xiao et al. 2022) for any network and design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bitline.evaluation.adc_ranges import SliceRange
from bitline.numerics.text import exact
from bitline.report.style import colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def signals_figure(ranges: Sequence[SliceRange], caption: str, percent: float = 99.98) -> Figure:
    """Histograms of the ADC inputs of one layer over the range that its array can produce (Fig. 14).

    Args:
        ranges: the slices of one layer.
        caption: what was observed.
        percent: P, whose inner range is marked.

    Examples:
        >>> import torch
        >>> from bitline import Design
        >>> from bitline.evaluation.adc_ranges import study_ranges
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 2)).eval()
        >>> ranges = study_ranges(network, Design(), torch.linspace(-1, 1, 24).reshape(6, 4))
        >>> signals_figure(ranges, "two classes").axes[0].get_title()
        '0; dotted: inner 99.98 %'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    for place, part in enumerate(ranges):
        colour = colour_of(place)
        full = part.lines.high - part.lines.low
        counts, edges = np.histogram(
            part.signals.centres.numpy() / full, bins=400, weights=part.signals.counts.numpy(), range=(-0.5, 1.0)
        )
        axes.step(
            edges[:-1], np.where(counts > 0, counts, np.nan), where="post", color=colour, label=f"slice {part.slice}"
        )
        tail = (100 - percent) / 2
        for end in (part.signals.percentile(tail), part.signals.percentile(100 - tail)):
            axes.axvline(end / full, color=colour, linestyle=":", linewidth=1)
    axes.set(yscale="log", xlabel="ADC input / range that the array can produce", ylabel="count")
    axes.set_xlim(-0.5 if ranges[0].lines.signed else -0.02, 0.5 if ranges[0].lines.signed else 1.0)
    axes.set_title(f"{ranges[0].layer}; dotted: inner {exact(percent)} %", fontsize=11)
    axes.legend()
    figure.suptitle(caption, fontsize=10)
    return figure


def useful_figure(ranges: Sequence[SliceRange], caption: str, percent: float = 99.98) -> Figure:
    """Useful range of every layer by slice, against its rows, and the mean over layers (Fig. 15).

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
        >>> useful_figure(ranges, "two classes").axes[0].get_xlabel()
        'rows in use'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    slices = sorted({part.slice for part in ranges})
    for place, index in enumerate(slices):
        colour = colour_of(place)
        layers = [part for part in ranges if part.slice == index]
        useful = [100 * part.useful(percent) for part in layers]
        axes.plot([part.rows for part in layers], useful, "o", color=colour, markersize=5, label=f"slice {index}")
        axes.axhline(float(np.mean(useful)), color=colour, linewidth=1)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="rows in use",
        ylabel=f"inner {exact(percent)} % of the signals (% of full range)",
    )
    axes.legend(title="line: mean over layers")
    figure.suptitle(caption, fontsize=10)
    return figure
