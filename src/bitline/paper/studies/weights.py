"""Fig. 4: histogram of a network's weights over the largest of their layer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim

BINS = 201


def run(experiment: Experiment) -> Findings:
    """Count weights, with batch norms folded."""
    edges = np.linspace(-1, 1, BINS + 1)
    relative = [(layer.weight / layer.weight.abs().max()).flatten().numpy() for layer in experiment.statistics.layers]
    counts = np.sum([np.histogram(values, edges)[0] for values in relative], axis=0)
    near = sum(int((np.abs(values) < 0.1).sum()) for values in relative)
    centres = (edges[:-1] + edges[1:]) / 2
    peaked = "Weights are sharply peaked at zero: most are below a tenth of the largest (section 4.1)."
    share = near / sum(values.size for values in relative)
    verdicts = (
        Claim(peaked).computed("share of weights below a tenth of the largest of their layer", share, ">", 0.5),
        Claim("Zero is the most frequent weight.").computed(
            "distance from zero of the highest bin", abs(centres[counts.argmax()]), "<", 0.05
        ),
    )
    line = Line.exact(experiment.model, centres, np.where(counts > 0, counts, np.nan))
    panel = Panel("weights", (line,), "weight / largest of the layer", "count", y_scale="log")
    return Findings(pd.DataFrame({"weight": centres, "count": counts}), Drawing((panel,), "all layers"), verdicts)


STUDY = PaperStudy("weights", "Fig. 4", "histogram of the weights", run)
