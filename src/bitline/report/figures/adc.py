"""Figures of converters: transfer curve, INL and DNL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bitline.readout import Adc, NoAdc
from bitline.readout.curves import Curves
from bitline.report.style import BLUE, GREY, ORANGE, in_house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = NDArray[np.floating | np.integer]
FINE = 64
"""Codes from which on the steps of a curve cannot be seen."""


@in_house_style
def adc_figure(adc: Adc | NoAdc, curves: Curves, caption: str) -> Figure:
    """Transfer curve of the first converter; INL and DNL of the first and the spread of all.

    Args:
        adc: what was drawn.
        curves: its converters.
        caption: kind, number of converters and seed.

    Examples:
        >>> from bitline import Design
        >>> from bitline.readout.curves import curves_of
        >>> adc = Design().with_settings({"adc.kind": "flash", "adc.bits": 4}).adc
        >>> figure = adc_figure(adc, curves_of(adc, 3, seed=0), "flash ADC, 3 converters, seed 0")
        >>> [axes.get_title() for axes in figure.axes]
        ['transfer curve', 'INL', 'DNL']
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained")
    transfer, integral, differential = figure.subplots(1, 3)
    codes = np.arange(1, curves.edges.shape[1] + 1)
    _draw_transfer(transfer, curves.edges[0].numpy(), codes)
    for axes, values, name in ((integral, curves.inl.numpy(), "INL"), (differential, curves.dnl.numpy(), "DNL")):
        place = codes[: values.shape[1]]
        if not len(place):  # a converter of one bit
            axes.text(0.5, 0.5, "no inner codes", transform=axes.transAxes, ha="center", color=GREY)
        else:
            low, high = np.nanpercentile(values, [5, 95], axis=0)
            axes.fill_between(place, low, high, color=ORANGE, alpha=0.3, label="5 to 95 % of converters")
            points = "o" if len(place) == 1 else ""
            axes.plot(place, values[0], color=BLUE, linewidth=1, marker=points, label="converter 1")
        axes.set(xlabel="code", ylabel=f"{name} (steps)", title=name)
    handles, labels = integral.get_legend_handles_labels()
    ideal, names = transfer.get_legend_handles_labels()
    figure.legend([*handles, *ideal], [*labels, *names], loc="outside lower center", ncols=4)
    figure.suptitle(caption)
    return figure


def _draw_transfer(axes: Axes, edges: Values, codes: Values) -> None:
    """Steps of a converter of few codes; of more, what its edges differ from those of an ideal one."""
    if len(codes) < FINE:
        axes.plot([codes[0] - 0.5, codes[-1] - 0.5], [codes[0], codes[-1]], color=GREY, label="ideal")
        signals = [edges[0] - 1, *edges, edges[-1] + 1]  # from the lowest code to the highest
        axes.step(signals, [0, *codes, codes[-1]], where="post", color=BLUE)
        axes.set(xlabel="input (steps)", ylabel="code", title="transfer curve")
        return
    axes.axhline(0, color=GREY, label="ideal")
    axes.plot(codes, edges - (codes - 0.5), color=BLUE, linewidth=1)
    axes.set(xlabel="code", ylabel="begins at input (steps)", title="transfer curve less the ideal")
