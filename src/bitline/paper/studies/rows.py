"""Fig. 17: accuracy against the number of rows with 8-bit ADCs, calibrated for every point; and the bits needed."""

from __future__ import annotations

import math

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.studies.adc_bits import bits_needed
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

ROWS = (72, 144, 288, 576, 1152)
BITS = (5, 6, 7, 8, 9, 10, 11)
ACCUMULATION = {"differential": "analog", "offset": "digital"}
DIFFERENTIAL = ("differential 7b", "differential 4b", "differential 2b", "differential 1b")
OFFSET = ("offset 8b", "offset 4b", "offset 2b")


def run(experiment: Experiment) -> Findings:
    """Measure and judge; exact cells, so one chip is all chips."""
    shown = (*DIFFERENTIAL, *OFFSET)
    axis = mappings.axis(*shown)
    axis["zip"]["inputs.accumulation"] = [ACCUMULATION[name.split()[0]] for name in shown]
    axis["zip"]["adc.range"] = [mappings.calibrated_range(name) for name in shown]
    data = experiment.measure(
        "rows",
        [axis, {"setting": "array.rows", "values": list(ROWS)}, {"setting": "adc.bits", "values": list(BITS)}],
        {"adc.kind": "uniform"},
        chips=1,
    )
    lines = {name: Line.of(name, data.designs(**mappings.settings(name), adc__bits=8), "array.rows") for name in shown}
    needed = {name: _needed(data, name) for name in shown}
    differential = min(min(lines[name].y) for name in DIFFERENTIAL)
    tall = 100 * data.baseline - lines["offset 4b"].y[-1]
    verdicts = (
        computed("Differential cells are accurate with any bits per cell and any number of rows (claim 16).",
                 "1 less the largest loss of differential cells in points", 1 - (100 * data.baseline - differential)),
        computed("Offset cells with 4 bits and 1152 rows are not (claim 16).", "their loss in points", tall, above=1.0),
        computed("Offset cells with 2 bits and up to 144 rows are (claim 16).",
                 "1 less their largest loss in points at 72 and 144 rows",
                 1 - (100 * data.baseline - min(lines["offset 2b"].y[:2]))),
        computed("Unsliced offset cells need more bits, the taller the array (section 6.3).",
                 "bits needed at 1152 rows less those at 72 rows (2 points of loss)",
                 _growth(needed["offset 8b"])),
    )  # fmt: skip
    panels = (
        Panel("accuracy with 8-bit calibrated ADCs", tuple(lines.values()), "rows", x_scale="log"),
        Panel(f"bits needed ({BITS[-1] + 1}: more than {BITS[-1]})", tuple(needed.values()), "rows",
              "ADC bits with at most 2 points of loss", x_scale="log"),
    )  # fmt: skip
    return Findings(data.frame.drop(columns=["key"]), Drawing(panels, experiment.caption), verdicts, data.failures)


def _growth(needed: Line) -> float:
    """Bits that the tallest array needs more than the lowest; unknown where the lowest needs more than were tried."""
    return needed.y[-1] - needed.y[0] if needed.y[0] <= max(BITS) else math.nan


def _needed(data: Measurements, mapping: str) -> Line:
    fewest = tuple(
        float(bits_needed(data, data.designs(**mappings.settings(mapping), array__rows=height), max(BITS)))
        for height in ROWS
    )
    return Line(mapping, tuple(map(float, ROWS)), fewest, (0.0,) * len(ROWS))


STUDY = PaperStudy("rows", "Fig. 17", "accuracy, and ADC bits needed, against array height", run)
