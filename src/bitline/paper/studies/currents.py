"""Fig. 20: mean bit-line current of the least significant input bit, before lines are subtracted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.design import Design
from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

LARGEST_UA = 1.6
"""Current of a cell at G_max, in uA: Xiao et al. 2022, section 8.1."""
SHOWN = ("differential 7b", "offset 8b")

TALLEST = 1152
"""Rows of the paper's tallest array; taller matrices are split."""


def run(experiment: Experiment) -> Findings:
    """Compute from weights and activity; layers with equal rows are averaged."""
    rows = []
    for name in SHOWN:
        design = Design().with_settings(
            {**dict(zip(mappings.NAMES, mappings.MAPPINGS[name], strict=True)), "cell.device": "none"}
        )
        for layer in experiment.statistics.layers:
            share = experiment.statistics.mean_current(layer, design)
            rows.append({"mapping": name, "layer": layer.name, "rows": layer.product.rows,
                         "current_uA": LARGEST_UA * share})  # fmt: skip
    table = pd.DataFrame(rows)
    by_rows = table.groupby(["mapping", "rows"])["current_uA"].mean()
    differential = by_rows["differential 7b"]
    both = table.pivot(index="layer", columns="mapping", values="current_uA")
    ratios = np.log10(both["offset 8b"] / both["differential 7b"])
    verdicts = (
        computed("Differential cells draw over ten times less current than offset cells (claim 20).",
                 "log10 of the ratio of currents, offset over differential, mean over layers", float(ratios.mean()),
                 above=1.0),
        computed("Differential lines of up to 1152 rows carry a few times the largest current of one cell (claim 20).",
                 "10 less the largest mean current, over layers with equal rows, in units of a cell's at G_max",
                 10 - float(differential[differential.index <= TALLEST].max()) / LARGEST_UA),
    )  # fmt: skip
    lines = tuple(
        Line(name, tuple(by_rows[name].index.astype(float)), tuple(by_rows[name]), (0.0,) * len(by_rows[name]))
        for name in SHOWN
    )
    panel = Panel("bit-line current, lowest input bit", lines, "rows", "µA (a cell at G_max: 1.6)", "log", "log")
    return Findings(table, Drawing((panel,), f"{experiment.model}, mean over layers with equal rows"), verdicts)


STUDY = PaperStudy("currents", "Fig. 20", "mean bit-line current by mapping", run)
