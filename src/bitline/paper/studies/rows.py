"""Fig. 17: accuracy against the number of rows with 8-bit ADCs, calibrated for every point; and the bits needed."""

from __future__ import annotations

import math

from bitline.paper.axes import over, together
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.mappings import DIFFERENTIAL, MAPPINGS
from bitline.paper.studies.adc_bits import bits_needed
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

ROWS = (72, 144, 288, 576, 1152)
BITS = (5, 6, 7, 8, 9, 10, 11)
ACCUMULATION = {"differential": "analog", "offset": "digital"}
SHOWN = (*DIFFERENTIAL, "offset 8b", "offset 4b", "offset 2b")


def run(experiment: Experiment) -> Findings:
    """Measure all mappings over rows and bits; exact cells, so one chip is all chips."""
    choices = [
        {
            **MAPPINGS[name].settings,
            "inputs.accumulation": ACCUMULATION[MAPPINGS[name].kind],
            "adc.range": MAPPINGS[name].calibrated_range,
        }
        for name in SHOWN
    ]
    axes = [together(choices), over("array.rows", ROWS), over("adc.bits", BITS)]
    data = experiment.measure("rows", axes, {"adc.kind": "uniform"}, chips=1)
    lines = {
        name: Line.of(name, data.designs({**MAPPINGS[name].settings, "adc.bits": 8}), "array.rows") for name in SHOWN
    }
    needed = {name: Line.exact(name, ROWS, [_needed(data, name, rows) for rows in ROWS]) for name in SHOWN}
    title = f"bits needed ({BITS[-1] + 1}: more than {BITS[-1]})"
    bits = "ADC bits with at most 2 points of loss"
    panels = (
        Panel("accuracy with 8-bit calibrated ADCs", tuple(lines.values()), "rows", x_scale="log"),
        Panel(title, tuple(needed.values()), "rows", bits, x_scale="log"),
    )
    losses = {name: [100 * data.baseline - accuracy for accuracy in line.y] for name, line in lines.items()}
    verdicts = _verdicts(losses, needed["offset 8b"])
    return Findings(data.table, Drawing(panels, experiment.caption), verdicts, data.failures)


def _verdicts(losses: dict[str, list[float]], needed: Line) -> tuple[Verdict, ...]:
    """Verdicts on losses in points, by mapping and rows, and on the bits that unsliced offset cells need."""
    differential = max(loss for name in DIFFERENTIAL for loss in losses[name])
    return (
        Claim("Differential cells are accurate with any bits per cell and any number of rows (claim 16).").computed(
            "largest loss of differential cells in points", differential, "<", 1
        ),
        Claim("Offset cells with 4 bits and 1152 rows are not (claim 16).").computed(
            "their loss in points", losses["offset 4b"][-1], ">", 1
        ),
        Claim("Offset cells with 2 bits and up to 144 rows are (claim 16).").computed(
            "their largest loss in points at 72 and 144 rows", max(losses["offset 2b"][:2]), "<", 1
        ),
        Claim("Unsliced offset cells need more bits, the taller the array (section 6.3).").computed(
            "bits needed at 1152 rows less those at 72 rows (2 points of loss)", _growth(needed), ">", 0
        ),
    )


def _growth(needed: Line) -> float:
    """Bits that the tallest array needs more than the lowest; NaN if the lowest needs more than were tried."""
    return needed.y[-1] - needed.y[0] if needed.y[0] <= max(BITS) else math.nan


def _needed(data: Measurements, name: str, rows: int) -> int:
    return bits_needed(data, data.designs({**MAPPINGS[name].settings, "array.rows": rows}), max(BITS))


STUDY = PaperStudy("rows", "Fig. 17", "accuracy, and ADC bits needed, against array height", run)
