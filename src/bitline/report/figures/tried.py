"""Figure of ADC resolutions and ranges that were tried to find the fewest bits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bitline.evaluation.recommended_adc import Recommendation
from bitline.numerics.text import exact
from bitline.report.style import GREY, ORANGE, colour_of, in_house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@in_house_style
def tried_figure(best: Recommendation, loss: float, caption: str) -> Figure:
    """Bits against the measure, and against the signal-to-error ratio by which P was chosen for each number of bits.

    Args:
        best: with everything that was looked at.
        loss: that was accepted, a fraction of 1 or in the unit of the measure.
        caption: what was measured.

    Examples:
        >>> tried = ((4, 99.9, 20.0, math.nan), (4, 100.0, 18.0, math.nan), (4, 99.9, 20.0, 0.85))
        >>> tried += ((6, 99.9, 30.0, math.nan), (6, 100.0, 31.0, math.nan), (6, 100.0, 31.0, 0.91))
        >>> figure = tried_figure(Recommendation(6, 100.0, 0.91, 0.915, tried), 0.01, "made up")
        >>> [axes.get_ylabel() for axes in figure.axes], figure.axes[0].lines[0].get_ydata().tolist()
        (['accuracy (%)', 'worst layer (dB)'], [85.0, 91.0])
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    _draw_measured(above, best, loss)
    _draw_ratios(below, best)
    below.set_xlabel("ADC resolution (bits)")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    below.margins(x=0.12)
    figure.suptitle(caption)
    return figure


def _draw_measured(axes: Axes, best: Recommendation, loss: float) -> None:
    """What was measured of each number of bits, with the best P that was found for it."""
    measure = best.measure
    found = sorted(
        (bits, measure.scale * value, percentile) for bits, percentile, _, value in best.tried if not math.isnan(value)
    )
    bits, values = [entry[0] for entry in found], [entry[1] for entry in found]
    axes.plot(bits, values, "o-", color=colour_of(0), label="with the best P")
    for number, value, percentile in found:
        axes.annotate(
            f"P {exact(percentile)} %", (number, value), (0, 7), textcoords="offset points", ha="center", fontsize=8
        )
    reference = measure.scale * best.reference
    axes.axhline(reference, color=GREY, linestyle="--", label="without ADC")
    axes.axhline(reference - measure.sign * measure.scale * loss, color=GREY, linestyle=":", label="accepted")
    if best.bits is not None:
        axes.plot(
            [best.bits],
            [measure.scale * best.value],
            "o",
            color=ORANGE,
            markersize=11,
            fillstyle="none",
            markeredgewidth=2,
            label="recommended",
        )
    axes.set_ylabel(measure.head)
    axes.margins(y=0.15)
    axes.legend(loc="best")


def _draw_ratios(axes: Axes, best: Recommendation) -> None:
    """The ratio of every P that was tried, a line for each."""
    percentiles = sorted({percentile for _, percentile, *_ in best.tried})
    for place, percentile in enumerate(percentiles):
        found = sorted(
            {(bits, ratio) for bits, own, ratio, value in best.tried if own == percentile and math.isnan(value)}
        )
        axes.plot(
            [bits for bits, _ in found],
            [ratio for _, ratio in found],
            "o-",
            markersize=4,
            color=colour_of(place),
            label=f"P {exact(percentile)} %",
        )
    axes.set_ylabel("worst layer (dB)")
    axes.legend(ncols=2, fontsize=8)
