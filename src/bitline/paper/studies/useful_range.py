"""Fig. 15: how much of what the arrays could put out the inputs of the ADCs use, by slice and array height."""

from __future__ import annotations

import pandas as pd

from bitline.design import Design
from bitline.evaluation.adc_ranges import ranges_frame, study_ranges
from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

ROWS = (72, 144, 288, 576, 1152)
IMAGES = 50
"""Calibration images at most: every layer has thousands of signals for each."""
SHOWN = {"offset 2b": "digital", "differential 2b": "analog"}


def run(experiment: Experiment) -> Findings:
    """Observe the calibration images with exact cells; mean over layers."""
    context = experiment.loaded.context
    images = context.calibration[:IMAGES]
    frames = []
    for mapping, accumulation in SHOWN.items():
        for height in ROWS:
            settings = dict(zip(mappings.NAMES, mappings.MAPPINGS[mapping], strict=True))
            design = Design().with_settings(
                {**settings, "cell.device": "none", "array.rows": height, "inputs.accumulation": accumulation}
            )
            ranges = ranges_frame(study_ranges(context.model, design, images))
            frames.append(ranges.assign(mapping=mapping, max_rows=height))
    table = pd.concat(frames, ignore_index=True)
    means = table.groupby(["mapping", "slice", "max_rows"], sort=False)["useful"].mean()
    slices = table["slice"].max()
    tallest = ROWS[-1]
    top = float(means["differential 2b", slices, tallest])
    offset = [float(means["offset 2b", one, tallest]) for one in range(slices + 1)]
    verdicts = (
        computed("Offset cells use a good part of the possible range (claim 12: 10 to 20 %).",
                 "share used by offset 2b at 1152 rows, mean over layers and slices", sum(offset) / len(offset),
                 above=0.05),
        computed("The top slice of differential cells uses less than 0.1 % (claim 12, ImageNet ResNet-50).",
                 "0.001 less the share used by the top 2-bit slice at 1152 rows", 0.001 - top),
        computed("Differential slices use less, the more significant they are.",
                 "ratio of the shares used by the lowest and the top slice",
                 float(means["differential 2b", 0, tallest]) / max(top, 1e-12), above=2.0),
    )  # fmt: skip
    panels = [
        Panel(
            mapping,
            tuple(
                Line(
                    f"slice {index}",
                    tuple(map(float, ROWS)),
                    tuple(100 * float(means[mapping, index, height]) for height in ROWS),
                    (0.0,) * len(ROWS),
                )
                for index in range(slices + 1)
            ),
            "rows",
            "useful range (% of the possible)",
            x_scale="log",
            y_scale="log",
        )
        for mapping in SHOWN
    ]
    caption = f"{experiment.model}, inner 99.98 % of the signals on {len(images)} calibration images"
    return Findings(table, Drawing(tuple(panels), caption), verdicts)


STUDY = PaperStudy("useful-range", "Fig. 15", "useful range of the ADC inputs by slice and array height", run)
