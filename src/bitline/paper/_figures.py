"""Figures in the paper's layout: panels of lines over one axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitline.report.cost_figures import COLOURS
from bitline.study import DesignResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Line:
    """A line with error bars.

    Attributes:
        label: in the legend.
        x, y: points.
        error: half of the bars; two standard deviations over chips, as in the paper.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...]

    @classmethod
    def of(cls, label: str, designs: Sequence[DesignResult], setting: str) -> Line:
        """Accuracy in per cent over a setting."""
        ordered = sorted(designs, key=lambda one: float(one.settings[setting]))
        bars = (0.0 if math.isnan(one.std) else 200 * one.std for one in ordered)
        x = tuple(float(one.settings[setting]) for one in ordered)
        return cls(label, x, tuple(100 * one.mean for one in ordered), tuple(bars))


@dataclass(frozen=True)
class Panel:
    """One plot.

    Attributes:
        title: above it.
        lines: in it.
        x_label, y_label: axis titles.
        x_scale, y_scale: 'linear', 'log', or 'symlog' for a logarithmic axis with a zero.
        smallest: where a 'symlog' axis turns linear.
    """

    title: str
    lines: tuple[Line, ...]
    x_label: str
    y_label: str = "accuracy (%)"
    x_scale: str = "linear"
    y_scale: str = "linear"
    smallest: float = 1e-8


def draw(panels: Sequence[Panel], caption: str) -> Figure:
    """Panels side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * len(panels), 3.9), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for index, line in enumerate(panel.lines):
            colour = COLOURS[index % len(COLOURS)]
            axes.errorbar(
                line.x, line.y, yerr=line.error, color=colour, marker="o", markersize=3.5, linewidth=1.2, capsize=2,
                label=line.label,
            )  # fmt: skip
        if panel.x_scale == "symlog":
            axes.set_xscale("symlog", linthresh=panel.smallest)
        else:
            axes.set_xscale(panel.x_scale)
        axes.set_yscale(panel.y_scale)
        axes.set_title(panel.title, fontsize=10)
        axes.set_xlabel(panel.x_label)
        axes.set_ylabel(panel.y_label)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    figure.suptitle(caption, fontsize=8, color="#555555", y=-0.02, va="top")
    return figure
