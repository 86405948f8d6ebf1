"""Figures of one array: where its wires lose voltage and current."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bitline.evaluation.ir_drop import IrDrop
from bitline.report.style import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def array_figure(drop: IrDrop, caption: str) -> Figure:
    """Heat maps of the bit lines' voltages and the cells' currents, and the outputs with and without wires.

    Args:
        drop: a solved array.
        caption: what was solved.

    Examples:
        >>> from bitline import Design
        >>> from bitline.evaluation.ir_drop import ir_drop
        >>> wires = Design().with_settings({"array.kind": "gate-driven", "array.bit_line.segment": 1e-3}).array
        >>> figure = array_figure(ir_drop(np.full((8, 4), 0.5), np.ones(8), wires), "8 x 4 cells")
        >>> [axes.get_title() for axes in figure.axes][2]
        'outputs'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.4), layout="constrained")
    voltage, current, outputs = figure.subplots(1, 3)
    currents = drop.solution.cell_currents()
    maps = (
        (voltage, drop.solution.line_voltages(), "voltage of the bit line at each cell (V_read)", "viridis"),
        (
            current,
            np.where(currents == 0, np.nan, currents),
            "current of each cell (G_max V_read); blank: off",
            "magma",
        ),
    )
    for axes, values, title, colours in maps:
        image = axes.imshow(values, aspect="auto", cmap=colours, interpolation="nearest")
        axes.set(xlabel="column", ylabel="row", title=title)
        axes.title.set_fontsize(10)
        figure.colorbar(image, ax=axes)
    columns = np.arange(len(drop.ideal))
    outputs.plot(columns, drop.ideal, "o", color=BLUE, markersize=4, label="without wires")
    outputs.plot(columns, drop.outputs, "x", color=ORANGE, markersize=5, label="with wires")
    outputs.set(xlabel="column", ylabel="output current (G_max V_read)", title="outputs")
    outputs.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)  # below, where it covers no point
    figure.suptitle(caption, fontsize=11)
    return figure
