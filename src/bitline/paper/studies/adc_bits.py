"""Fig. 16: accuracy against ADC resolution with full and calibrated ranges, exact cells."""

from __future__ import annotations

from operator import sub
from statistics import fmean
from typing import Any

import pandas as pd

from bitline.paper.axes import over
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import Quantity, combined, smallest
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

BITS = tuple(range(3, 15))
PANELS = {
    "offset 2b, 144 rows": ("offset 2b", 144, "digital"),
    "offset 8b, 1152 rows": ("offset 8b", 1152, "digital"),
    "differential 2b, 144 rows": ("differential 2b", 144, "analog"),
    "differential 7b, 1152 rows": ("differential 7b", 1152, "analog"),
}
"""Mapping, rows, and accumulation of inputs."""
LOSS = 0.02
"""Fraction of the images that may be lost for a resolution to be enough."""


def run(experiment: Experiment) -> Findings:
    """Measure the four panels; bits needed follow from the curves."""
    panels: list[Panel] = []
    needed: dict[tuple[str, str], Quantity] = {}
    measurements = {title: measure(experiment, title) for title in PANELS}
    for title, data in measurements.items():
        curves = {kind: data.designs({"adc.range": policy}) for kind, policy in ranges(title).items()}
        needed |= {(title, kind): data.bits(designs, LOSS) for kind, designs in curves.items()}
        lines = tuple(Line.of(kind, designs, "adc.bits") for kind, designs in curves.items())
        panels.append(Panel(title, lines, "ADC resolution (bits)"))
    table = pd.concat([data.table.assign(panel=title) for title, data in measurements.items()], ignore_index=True)
    claimed = measurements["differential 7b, 1152 rows"]
    (seven,) = claimed.designs({"adc.range": "calibrated", "adc.bits": 7})
    failures = tuple(text for data in measurements.values() for text in data.failures)
    return Findings(table, Drawing(tuple(panels), experiment.caption), _verdicts(needed, claimed.loss(seven)), failures)


def _verdicts(needed: dict[tuple[str, str], Quantity], loss: Quantity) -> tuple[Verdict, ...]:
    """Verdicts on the bits needed in each panel by range, and on the loss of differential cells with 7 bits."""
    saved = {title: combined(sub, needed[title, "full"], needed[title, "calibrated"]) for title in PANELS}
    offset, differential = (
        combined(_mean, *(bits for title, bits in saved.items() if title.startswith(kind)))
        for kind in ("offset", "differential")
    )
    seven, eight = (needed[title, "calibrated"] for title in ("differential 7b, 1152 rows", "offset 8b, 1152 rows"))
    return (
        Claim("Calibrated ranges need fewer bits in all cases (claim 14).", published="> 0").measured(
            "fewest bits saved, over the four panels (2 points of loss)", combined(smallest, *saved.values()), ">", 0
        ),
        Claim("Calibration saves more for differential cells (claim 14).").measured(
            "mean of bits saved, differential less offset", combined(sub, differential, offset), ">", 0
        ),
        Claim(
            "Unsliced differential cells, 1152 rows: 7 bits are enough (claim 15).",
            published="high accuracy down to 7 bits",
        ).measured("loss with 7 bits in points", loss, "<", 100 * LOSS),
        Claim("After calibration, differential cells need fewer bits than offset cells (section 5).").measured(
            "bits needed by differential 7b less those of offset 8b, 1152 rows", combined(sub, seven, eight), "<", 0
        ),
    )


def measure(experiment: Experiment, title: str) -> Measurements:
    """Accuracy of one of `PANELS` over range policies and bits; exact cells, so one chip is all chips."""
    axes = [over("adc.range", ranges(title).values()), over("adc.bits", BITS)]
    return experiment.measure(f"ADC bits, {title}", axes, settings(title), chips=1)


def ranges(title: str) -> dict[str, str]:
    """Range policies of one of `PANELS`, by what they are in the paper."""
    return {"full": "full", "calibrated": MAPPINGS[PANELS[title][0]].calibrated_range}


def settings(title: str) -> dict[str, Any]:
    """What the designs of one of `PANELS` have in common, by dotted name."""
    mapping, rows, accumulation = PANELS[title]
    shared = {"adc.kind": "uniform", "array.rows": rows, "inputs.accumulation": accumulation}
    return {**shared, **MAPPINGS[mapping].settings}


def _mean(*bits: float) -> float:
    return fmean(bits)


STUDY = PaperStudy("adc-bits", "Fig. 16", "accuracy against ADC resolution, full and calibrated ranges", run)
