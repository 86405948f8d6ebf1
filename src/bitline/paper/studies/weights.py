"""Fig. 4: histogram of a network's weights over the largest of their layer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

BINS = 201


def run(experiment: Experiment) -> Findings:
    """Count weights, batch norms folded."""
    edges = np.linspace(-1, 1, BINS + 1)
    counts = np.zeros(BINS, dtype=np.int64)
    near = total = 0
    for layer in experiment.statistics.layers:
        values = (layer.weight / layer.weight.abs().max()).flatten().numpy()
        counts += np.histogram(values, edges)[0]
        near += int((np.abs(values) < 0.1).sum())
        total += values.size
    centres = (edges[:-1] + edges[1:]) / 2
    verdicts = (
        computed("Weights are sharply peaked at zero: most are below a tenth of the largest (section 4.1).",
                 "share of weights below a tenth of the largest of their layer", near / total, above=0.5),
        computed("Zero is the most frequent weight.", "0.05 less the distance from zero of the highest bin",
                 0.05 - abs(float(centres[counts.argmax()]))),
    )  # fmt: skip
    line = Line(experiment.model, tuple(centres), tuple(np.where(counts > 0, counts, np.nan)), (0.0,) * BINS)
    panel = Panel("weights", (line,), "weight / largest of the layer", "count", y_scale="log")
    return Findings(pd.DataFrame({"weight": centres, "count": counts}), Drawing((panel,), "all layers"), verdicts)


STUDY = PaperStudy("weights", "Fig. 4", "histogram of the weights", run)
