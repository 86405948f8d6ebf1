"""Fig. 14: histogram of the ADC inputs of one layer over what its array could put out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.design import Design
from bitline.evaluation.adc_ranges import study_ranges
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim

LAYER = 5
"""Place of the layer among the network's matrices: the paper's res2b_branch2b is the sixth that is no shortcut."""
PERCENT = 99.98
BINS = 400


def run(experiment: Experiment) -> Findings:
    """Observe the calibration images: unsliced differential cells without error, analog subtraction, 1152 rows."""
    loaded = experiment.loaded
    design = Design().with_settings({"cell.device": "none", "array.rows": 1152, "inputs.accumulation": "analog"})
    ranges = study_ranges(loaded.context.model, design, loaded.calibration)
    layers = [layer for layer in ranges if "shortcut" not in layer.layer]
    chosen = layers[min(LAYER, len(layers) - 1)]
    full = chosen.lines.high - chosen.lines.low
    inputs, weights = chosen.signals.centres.numpy() / full, chosen.signals.counts.numpy()
    counts, edges = np.histogram(inputs, bins=BINS, range=(-0.5, 0.5), weights=weights)
    places = (edges[:-1] + edges[1:]) / 2
    tail = (100 - PERCENT) / 2
    low, high = (chosen.signals.percentile(percent) / full for percent in (tail, 100 - tail))
    claim = Claim(
        f"The inner {PERCENT} % of the ADC inputs lie far inside the possible range (section 6.2).",
        published="a narrow peak (Fig. 14)",
    )
    verdict = claim.computed("share of the range that they take", high - low, "<", 0.1)
    line = Line.exact(f"{chosen.layer}, {chosen.rows} rows", places, np.where(counts > 0, counts, np.nan))
    panel = Panel("ADC inputs, differential 7b", (line,), "V / V_max", "count", y_scale="log", marks=(low, high))
    caption = f"{experiment.model}, {len(loaded.calibration)} calibration images; dotted: inner {PERCENT} %"
    table = pd.DataFrame({"layer": chosen.layer, "V_over_V_max": places, "count": counts})
    return Findings(table, Drawing((panel,), caption), (verdict,))


STUDY = PaperStudy("adc-inputs", "Fig. 14", "histogram of the ADC inputs of one layer", run)
