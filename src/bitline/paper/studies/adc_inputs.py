"""Fig. 14: histogram of the ADC inputs of one layer over what its array could put out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.design import Design
from bitline.evaluation.adc_ranges import study_ranges
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

LAYER = 5
"""Place of the layer among the network's matrices: the paper's res2b_branch2b is the sixth that is no shortcut."""
PERCENT = 99.98
BINS = 400


def run(experiment: Experiment) -> Findings:
    """Observe the calibration images: unsliced differential cells without error, analog subtraction, 1152 rows."""
    context = experiment.loaded.context
    design = Design().with_settings({"cell.device": "none", "array.rows": 1152, "inputs.accumulation": "analog"})
    ranges = [one for one in study_ranges(context.model, design, context.calibration) if "shortcut" not in one.layer]
    chosen = ranges[min(LAYER, len(ranges) - 1)]
    full = chosen.lines.high - chosen.lines.low
    counts, edges = np.histogram(
        chosen.signals.centres.numpy() / full, bins=BINS, range=(-0.5, 0.5), weights=chosen.signals.counts.numpy()
    )
    tail = (100 - PERCENT) / 2
    limits = [chosen.signals.percentile(one) / full for one in (tail, 100 - tail)]
    verdicts = (
        computed(f"The inner {PERCENT} % of the ADC inputs lie far inside the possible range (section 6.2).",
                 "a tenth less the share of the range that they take", 0.1 - (limits[1] - limits[0])),
    )  # fmt: skip
    places = (edges[:-1] + edges[1:]) / 2
    line = Line(f"{chosen.layer}, {chosen.rows} rows", tuple(places), tuple(np.where(counts > 0, counts, np.nan)),
                (0.0,) * BINS)  # fmt: skip
    panel = Panel("ADC inputs, differential 7b", (line,), "V / V_max", "count", y_scale="log", marks=tuple(limits))
    caption = f"{experiment.model}, {len(context.calibration)} calibration images; dotted: inner {PERCENT} %"
    table = pd.DataFrame({"layer": chosen.layer, "V_over_V_max": places, "count": counts})
    return Findings(table, Drawing((panel,), caption), verdicts)


STUDY = PaperStudy("adc-inputs", "Fig. 14", "histogram of the ADC inputs of one layer", run)
