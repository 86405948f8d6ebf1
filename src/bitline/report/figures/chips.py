"""The cost model beside published chips, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bitline.cost.chips import Agreement, Comparison
from bitline.report.style import BLUE, COLOURS, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vP"


def chips_figure(rows: Sequence[Comparison]) -> Figure:
    """NeuRRAM's efficiency, speed and parts of its energy; the other chips and the table of macros, model over chip.

    Args:
        rows: comparisons, from `compare_chips` or `compare_with_intervals`.

    Examples:
        >>> from bitline.cost.chips import compare_chips
        >>> [axes.get_title() for axes in chips_figure(compare_chips()).axes][:2]
        ['NeuRRAM (two scales fitted)', 'NeuRRAM: energy of an operation']
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 5.2), layout="constrained")
    precision, parts, others = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    _precisions(precision, [row for row in rows if row.group == "NeuRRAM"])
    _parts(parts, [row for row in rows if row.quantity.startswith("fJ/op")])
    _others(others, [row for row in rows if row.group != "NeuRRAM"])
    return figure


def _precisions(axes: Axes, rows: Sequence[Comparison]) -> None:
    for quantity, colour in (("TOPS/W", BLUE), ("TOPS", ORANGE)):
        shown = [row for row in rows if row.quantity == quantity]
        places = range(len(shown))
        axes.plot(places, [row.chip_value for row in shown], "o", color=colour, label=f"{quantity}, chip")
        axes.plot(places, [row.model_value for row in shown], "_", color=colour, markersize=18, markeredgewidth=2.5)
        axes.set_xticks(
            list(places), [row.point for row in shown], rotation=60, ha="right", fontsize=8, parse_math=False
        )
    axes.plot([], [], "_", color=GREY, markersize=14, markeredgewidth=2.5, label="model")
    axes.set(yscale="log", title="NeuRRAM (two scales fitted)", ylabel="TOPS/W of a core, TOPS of 48 cores")
    axes.set_xlabel("bits of outputs / inputs, phases of the input")
    axes.legend(fontsize=8)


def _parts(axes: Axes, rows: Sequence[Comparison]) -> None:
    """Two bars for each precision: chip and model."""
    points = list(dict.fromkeys(row.point for row in rows))
    for offset, hatch in ((-0.2, ""), (0.2, "///")):
        bottoms = [0.0] * len(points)
        for part, colour in zip(dict.fromkeys(row.quantity for row in rows), COLOURS, strict=False):
            shown = [row for row in rows if row.quantity == part]
            heights = [row.model_value if hatch else row.chip_value for row in shown]
            label = None if hatch else part.removeprefix("fJ/op of ")
            places = [place + offset for place in range(len(points))]
            axes.bar(places, heights, 0.36, bottoms, color=colour, hatch=hatch, edgecolor="white", label=label)
            bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    axes.bar([0], [0], color="white", edgecolor=GREY, hatch="///", label="model")
    axes.set_xticks(range(len(points)), points, rotation=60, ha="right", fontsize=8, parse_math=False)
    axes.set(title="NeuRRAM: energy of an operation", ylabel="fJ", xlabel="bits of outputs / inputs")
    axes.legend(fontsize=8)


def _others(axes: Axes, rows: Sequence[Comparison]) -> None:
    """Model over chip on logarithmic axes, with a band of a factor of 2."""
    ends = [0.7 * min(row.chip_value for row in rows), 1.4 * max(row.chip_value for row in rows)]
    axes.fill_between(ends, [end / 2 for end in ends], [2 * end for end in ends], color=GREY, alpha=0.2, linewidth=0)
    axes.plot(ends, ends, color=GREY, linewidth=1)
    table = [row for row in rows if row.group == "table"]
    _scatter(axes, table, "o", GREY, f"{len(table)} macros of a table (1 bit)")
    blind = [row for row in rows if row.group == "blind"]
    for index, chip in enumerate(dict.fromkeys(row.chip for row in blind)):
        _scatter(axes, [row for row in blind if row.chip == chip], MARKERS[index], COLOURS[index], chip)
    agreement = Agreement.of("all", rows)
    title = f"nothing fitted: factor {agreement.mean_factor:.1f} on average; band: a factor of 2"
    axes.set(xscale="log", yscale="log", title=title, xlabel="chip (TOPS/W)", ylabel="model (TOPS/W)")
    axes.legend(fontsize=8)


def _scatter(axes: Axes, rows: Sequence[Comparison], marker: str, colour: str, label: str) -> None:
    values = [row.model_value for row in rows]
    known = [row for row in rows if row.interval is not None]
    lengths = [
        [row.model_value - row.interval.low for row in known if row.interval],
        [row.interval.high - row.model_value for row in known if row.interval],
    ]
    axes.plot([row.chip_value for row in rows], values, marker, color=colour, markersize=6, label=label)
    axes.errorbar(
        [row.chip_value for row in known],
        [row.model_value for row in known],
        lengths,
        fmt="none",
        ecolor=colour,
        alpha=0.5,
    )
