"""Fig. 20: mean bit-line current of the least significant input bit, before lines are subtracted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.design import Design
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim

LARGEST_UA = 1.6
"""Current of a cell at G_max, in uA: Xiao et al. 2022, section 8.1."""
SHOWN = ("differential 7b", "offset 8b")
TALLEST = 1152
"""Rows of the paper's tallest array; taller matrices are split."""


def run(experiment: Experiment) -> Findings:
    """Compute currents from weights and activity; layers with equal rows are averaged."""
    rows = []
    for name in SHOWN:
        design = Design().with_settings({**MAPPINGS[name].settings, "cell.device": "none"})
        for layer in experiment.statistics.layers:
            current = LARGEST_UA * experiment.statistics.mean_current(layer, design)
            rows.append({"mapping": name, "layer": layer.name, "rows": layer.product.rows, "current_uA": current})
    table = pd.DataFrame(rows)
    by_rows = table.groupby(["mapping", "rows"])["current_uA"].mean()
    by_layer = table.pivot(index="layer", columns="mapping", values="current_uA")
    decades = float(np.log10(by_layer["offset 8b"] / by_layer["differential 7b"]).mean())
    differential = by_rows["differential 7b"]
    largest = float(differential[differential.index <= TALLEST].max()) / LARGEST_UA
    few = "Differential lines of up to 1152 rows carry a few times the largest current of one cell (claim 20)."
    verdicts = (
        Claim(
            "Differential cells draw over ten times less current than offset cells (claim 20).", published="> 10"
        ).computed("ratio of currents, offset over differential, geometric mean over layers", 10**decades, ">", 10),
        Claim(few).computed(
            "largest mean current, over layers with equal rows, in units of a cell's at G_max", largest, "<", 10
        ),
    )
    lines = tuple(Line.exact(name, by_rows[name].index, by_rows[name]) for name in SHOWN)
    panel = Panel("bit-line current, lowest input bit", lines, "rows", "µA (a cell at G_max: 1.6)", "log", "log")
    return Findings(table, Drawing((panel,), f"{experiment.model}, mean over layers with equal rows"), verdicts)


STUDY = PaperStudy("currents", "Fig. 20", "mean bit-line current by mapping", run)
