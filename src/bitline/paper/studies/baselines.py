"""Table 2: the networks without any cell error, in floating point, quantised, and with the ADCs of design A."""

from __future__ import annotations

import math

import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.quantity import Quantity
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

STAGES = ("floating_point", "quantised", "exact_cells")
"""Columns of the table, in per cent of the images."""


def run(experiment: Experiment) -> Findings:
    """Measure every network that was given."""
    rows, lines = [], []
    verdicts: list[Verdict] = []
    failures: list[str] = []
    for network in experiment.each():
        name = network.model
        data = network.measure(f"{name}, exact cells", [], {"cell.device": "none"}, base="differential", chips=1)
        failures += data.failures
        (design,) = data.result.designs
        known = math.nan if data.result.float_value is None else data.result.float_value
        stages = (known, data.baseline.value, design.mean)
        percent = [100 * stage for stage in stages]
        weights = sum(layer.weight.numel() for layer in network.statistics.layers)
        facts = {"network": name, "weights": weights, "images": len(network.loaded.context.images)}
        rows.append({**facts, **dict(zip(STAGES, percent, strict=True))})
        lines.append(Line.exact(name, (0, 1, 2), percent))
        verdicts += _verdicts(name, data.quantisation_loss, data.loss(design))
    panel = Panel("no cell errors", tuple(lines), "0: floating point, 1: 8 bits, 2: 8-bit ADCs")
    return Findings(pd.DataFrame(rows), Drawing((panel,), experiment.caption), tuple(verdicts), tuple(failures))


def _verdicts(name: str, quantisation: Quantity, converters: Quantity) -> tuple[Verdict, ...]:
    return (
        Claim(f"{name}: 8-bit weights and inputs cost little (Table 2).").measured(
            "loss against floating point in points", quantisation, "<", 1
        ),
        Claim(
            f"{name}: 8-bit ADCs, unsliced differential cells and 1152 rows cost little (claim 15).",
            published="0.38 (ResNet-50, 50,000 images, against floating point)",
        ).measured("loss against the quantised network in points", converters, "<", 1),
    )


STUDY = PaperStudy("baselines", "Table 2", "networks without cell errors", run)
