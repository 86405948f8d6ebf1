"""Table 2: the networks without any cell error, in floating point, quantised, and with the ADCs of design A."""

from __future__ import annotations

import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

STAGES = ("floating_point", "quantised", "exact_cells")
"""Columns of the table, in per cent of the images."""


def run(experiment: Experiment) -> Findings:
    """Measure every network that was given."""
    rows, lines, verdicts = [], [], []
    failures: list[str] = []
    for one in experiment.each():
        data = one.measure(f"{one.model}, exact cells", [], {"cell.device": "none"}, base="differential", chips=1)
        failures += data.failures
        stages = (data.result.float_accuracy or 0.0, data.baseline, data.result.designs[0].mean)
        percent = [100 * stage for stage in stages]
        weights = sum(layer.weight.numel() for layer in one.statistics.layers)
        rows.append({"network": one.model, "weights": weights, "images": len(one.loaded.context.images),
                     **dict(zip(STAGES, percent, strict=True))})  # fmt: skip
        lines.append(Line(one.model, (0.0, 1.0, 2.0), tuple(percent), (0.0,) * 3))
        whole, quantised, exact = percent
        verdicts += [
            computed(f"{one.model}: 8-bit weights and inputs cost little (Table 2).",
                     "1 less the loss against floating point in points", 1 - (whole - quantised)),
            computed(f"{one.model}: 8-bit ADCs, unsliced differential cells and 1152 rows cost little (claim 15).",
                     "1 less the loss against the quantised network in points", 1 - (quantised - exact)),
        ]  # fmt: skip
    panel = Panel("no cell errors", tuple(lines), "0: floating point, 1: 8 bits, 2: 8-bit ADCs")
    return Findings(pd.DataFrame(rows), Drawing((panel,), experiment.caption), tuple(verdicts), tuple(failures))


STUDY = PaperStudy("baselines", "Table 2", "networks without cell errors", run)
