"""Fig. 15: how much of what the arrays could put out the inputs of the ADCs use, by slice and array height."""

from __future__ import annotations

import pandas as pd

from bitline.design import Design
from bitline.evaluation.adc_ranges import ranges_frame, study_ranges
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

ROWS = (72, 144, 288, 576, 1152)
IMAGES = 50
"""Calibration images at most: every layer has thousands of signals for each."""
SHOWN = {"offset 2b": "digital", "differential 2b": "analog"}
"""Accumulation of inputs by mapping."""
SLICES = range(4)
TOP, TALLEST = SLICES[-1], ROWS[-1]


def run(experiment: Experiment) -> Findings:
    """Observe the calibration images with exact cells; mean over layers."""
    table = pd.concat([_ranges(experiment, name, rows) for name in SHOWN for rows in ROWS], ignore_index=True)
    useful = table.groupby(["mapping", "slice", "max_rows"], sort=False)["useful"].mean()
    panels = []
    for name in SHOWN:
        lines = tuple(
            Line.exact(f"slice {index}", ROWS, [100 * useful[name, index, rows] for rows in ROWS]) for index in SLICES
        )
        panels.append(Panel(name, lines, "rows", "useful range (% of the possible)", "log", "log"))
    images = min(IMAGES, len(experiment.loaded.calibration))
    caption = f"{experiment.model}, inner 99.98 % of the signals on {images} calibration images"
    return Findings(table, Drawing(tuple(panels), caption), _verdicts(useful))


def _ranges(experiment: Experiment, name: str, rows: int) -> pd.DataFrame:
    """Ranges of all layers and slices with arrays of one height."""
    loaded = experiment.loaded
    settings = {"cell.device": "none", "array.rows": rows, "inputs.accumulation": SHOWN[name]}
    design = Design().with_settings({**MAPPINGS[name].settings, **settings})
    ranges = study_ranges(loaded.context.model, design, loaded.calibration[:IMAGES])
    return ranges_frame(ranges).assign(mapping=name, max_rows=rows)


def _verdicts(useful: pd.Series) -> tuple[Verdict, ...]:
    """Verdicts on the useful share by mapping, slice and rows."""
    lowest, top = (useful["differential 2b", index, TALLEST] for index in (0, TOP))
    offset = sum(useful["offset 2b", index, TALLEST] for index in SLICES) / len(SLICES)
    return (
        Claim(
            "Offset cells use a good part of the possible range (claim 12: 10 to 20 %).", published="0.1 to 0.2"
        ).computed("share used by offset 2b at 1152 rows, mean over layers and slices", offset, ">", 0.05),
        Claim(
            "The top slice of differential cells uses less than 0.1 % (claim 12, ImageNet ResNet-50).",
            published="< 0.001",
        ).computed("share used by the top 2-bit slice at 1152 rows", top, "<", 0.001),
        Claim("Differential slices use less, the more significant they are.").computed(
            "ratio of the shares used by the lowest and the top slice", lowest / max(top, 1e-12), ">", 2
        ),
    )


STUDY = PaperStudy("useful-range", "Fig. 15", "useful range of the ADC inputs by slice and array height", run)
