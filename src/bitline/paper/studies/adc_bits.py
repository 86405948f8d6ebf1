"""Fig. 16: accuracy against ADC resolution with full and calibrated ranges, exact cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed
from bitline.study import DesignResult

BITS = tuple(range(3, 15))
PANELS = {
    "offset 2b, 144 rows": ("offset 2b", 144, "digital"),
    "offset 8b, 1152 rows": ("offset 8b", 1152, "digital"),
    "differential 2b, 144 rows": ("differential 2b", 144, "analog"),
    "differential 7b, 1152 rows": ("differential 7b", 1152, "analog"),
}
LOSS = 0.02
"""Fraction of the images that may be lost for a resolution to be enough."""


def run(experiment: Experiment) -> Findings:
    """Measure and judge."""
    frames, panels = [], []
    needed: dict[tuple[str, str], int] = {}
    failures: list[str] = []
    for title in PANELS:
        data = measure(experiment, title)
        for kind, policy in ranges(title).items():
            needed[title, kind] = bits_needed(data, data.designs(adc__range=policy))
        lines = tuple(
            Line.of(kind, data.designs(adc__range=policy), "adc.bits") for kind, policy in ranges(title).items()
        )
        panels.append(Panel(title, lines, "ADC resolution (bits)"))
        frames.append(data.frame.drop(columns=["key"]).assign(panel=title))
        failures += data.failures
    saved = {title: needed[title, "full"] - needed[title, "calibrated"] for title in PANELS}
    offset, differential = (
        [one for title, one in saved.items() if title.startswith(name)] for name in ("offset", "differential")
    )
    verdicts = (
        computed("Calibrated ranges need fewer bits in all cases (claim 14).",
                 "fewest bits saved, over the four panels (2 points of loss)", float(min(saved.values()))),
        computed("Calibration saves more for differential cells (claim 14).",
                 "mean of bits saved, differential less offset",
                 sum(differential) / len(differential) - sum(offset) / len(offset)),
        computed("Unsliced differential cells, 1152 rows: 7 bits are enough (claim 15).",
                 "7.5 less the bits needed (2 points of loss)",
                 7.5 - needed["differential 7b, 1152 rows", "calibrated"]),
        computed("After calibration, differential cells need fewer bits than offset cells (section 5).",
                 "bits needed by offset 8b less those of differential 7b, 1152 rows",
                 float(needed["offset 8b, 1152 rows", "calibrated"]
                       - needed["differential 7b, 1152 rows", "calibrated"])),
    )  # fmt: skip
    table = pd.concat(frames, ignore_index=True)
    return Findings(table, Drawing(tuple(panels), experiment.caption), verdicts, tuple(failures))


def measure(experiment: Experiment, title: str) -> Measurements:
    """Accuracy of one of `PANELS` over range policies and bits; exact cells, so one chip is all chips."""
    return experiment.measure(
        f"ADC bits, {title}",
        [
            {"setting": "adc.range", "values": list(ranges(title).values())},
            {"setting": "adc.bits", "values": list(BITS)},
        ],
        settings(title),
        chips=1,
    )


def ranges(title: str) -> dict[str, str]:
    """Range policies of one of `PANELS`, by what they are in the paper."""
    return {"full": "full", "calibrated": mappings.calibrated_range(PANELS[title][0])}


def settings(title: str) -> dict[str, Any]:
    """What the designs of one of `PANELS` have in common, by dotted name."""
    mapping, rows, accumulation = PANELS[title]
    return {
        "adc.kind": "uniform",
        "array.rows": rows,
        "inputs.accumulation": accumulation,
        **dict(zip(mappings.NAMES, mappings.MAPPINGS[mapping], strict=True)),
    }


def bits_needed(data: Measurements, designs: Sequence[DesignResult], most: int = max(BITS)) -> int:
    """Fewest bits from which on no more than `LOSS` is lost; one more than `most` where not even they are enough."""
    floor, needed = data.baseline - LOSS - 1e-9, most + 1
    for one in sorted(designs, key=lambda design: -int(design.settings["adc.bits"])):
        if one.mean < floor:
            break
        needed = int(one.settings["adc.bits"])
    return needed


STUDY = PaperStudy("adc-bits", "Fig. 16", "accuracy against ADC resolution, full and calibrated ranges", run)
