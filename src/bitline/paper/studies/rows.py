"""Fig. 17: accuracy against the number of rows with 8-bit ADCs, calibrated for every point; and the bits needed."""

from __future__ import annotations

import math
from typing import Any

from bitline.paper.axes import over, together
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import DIFFERENTIAL, MAPPINGS
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import Quantity, combined, largest
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict
from bitline.study import DesignResult

ROWS = (72, 144, 288, 576, 1152)
BITS = (5, 6, 7, 8, 9, 10, 11)
ACCUMULATION = {"differential": "analog", "offset": "digital"}
SHOWN = (*DIFFERENTIAL, "offset 8b", "offset 4b", "offset 2b")
SHORT = 72
"""Rows at which the sums of signed inputs on two-bit cells fit the levels that 8 bits leave on either side of zero."""
REMEDIES = {
    f"have {SHORT} rows": {"array.rows": SHORT},
    "apply positive and negative inputs one after the other": {"inputs.polarities": "separate"},
}
"""What leaves such sums all the levels that they need."""


def run(experiment: Experiment) -> Findings:
    """Measure all mappings over rows and bits; exact cells, so one chip is all chips."""
    choices = {
        name: {
            **MAPPINGS[name].settings,
            "inputs.accumulation": ACCUMULATION[MAPPINGS[name].kind],
            "adc.range": MAPPINGS[name].calibrated_range,
        }
        for name in SHOWN
    }
    axes = [together(choices.values()), over("array.rows", ROWS), over("adc.bits", BITS)]
    data = experiment.measure("rows", axes, {"adc.kind": "uniform"}, chips=1)
    remedied, missing = _remedies_where_signed(experiment, choices["offset 2b"])
    lines = {
        name: Line.of(name, data.designs({**MAPPINGS[name].settings, "adc.bits": 8}), "array.rows") for name in SHOWN
    }
    needed = {name: [_needed(data, name, rows) for rows in ROWS] for name in SHOWN}
    bits_lines = tuple(Line.exact(name, ROWS, [bits.value for bits in row]) for name, row in needed.items())
    title = f"bits needed ({BITS[-1] + 1}: more than {BITS[-1]})"
    bits = "ADC bits with at most 2 points of loss"
    panels = (
        Panel("accuracy with 8-bit calibrated ADCs", tuple(lines.values()), "rows", x_scale="log"),
        Panel(title, bits_lines, "rows", bits, x_scale="log"),
    )
    losses = {name: [data.loss(_design(data, name, rows)) for rows in ROWS] for name in SHOWN}
    verdicts = (*_verdicts(losses, needed["offset 8b"]), *remedied)
    return Findings(data.table, Drawing(panels, experiment.caption), verdicts, (*data.failures, *missing))


def _remedies_where_signed(
    experiment: Experiment, choice: dict[str, Any]
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Verdicts on 144 rows with each remedy for layers with signed inputs, if there are such; and what failed."""
    layers = experiment.statistics.layers
    signed = [layer.name for layer in layers if layer.signed and layer.product.rows > SHORT]
    verdicts: list[Verdict] = []
    failures: list[str] = []
    for words, remedy in REMEDIES.items() if signed else ():
        rules = [{"match": signed, "set": remedy}]
        settings = {**choice, "adc.kind": "uniform", "adc.bits": 8, "array.rows": 144, "layers": rules}
        data = experiment.measure("rows, signed inputs", [], settings, chips=1)
        (design,) = data.designs()
        claim = Claim(
            f"Offset cells with 2 bits and 144 rows are, where layers with signed inputs ({', '.join(signed)}) "
            f"{words}: a sign takes half the levels of their ADCs."
        )
        verdicts.append(claim.measured("their loss in points", data.loss(design), "<", 1))
        failures.extend(data.failures)
    return tuple(verdicts), tuple(failures)


def _verdicts(losses: dict[str, list[Quantity]], needed: list[Quantity]) -> tuple[Verdict, ...]:
    """Verdicts on losses in points, by mapping and rows, and on the bits that unsliced offset cells need."""
    differential = combined(largest, *(loss for name in DIFFERENTIAL for loss in losses[name]))
    return (
        Claim(
            "Differential cells are accurate with any bits per cell and any number of rows (claim 16).",
            published="almost nothing",
        ).measured("largest loss of differential cells in points", differential, "<", 1),
        Claim("Offset cells with 4 bits and 1152 rows are not (claim 16).").measured(
            "their loss in points", losses["offset 4b"][-1], ">", 1
        ),
        Claim("Offset cells with 2 bits and up to 144 rows are (claim 16).").measured(
            "their largest loss in points at 72 and 144 rows", combined(largest, *losses["offset 2b"][:2]), "<", 1
        ),
        Claim("Unsliced offset cells need more bits, the taller the array (section 6.3).").measured(
            "bits needed at 1152 rows less those at 72 rows (2 points of loss)",
            combined(_growth, needed[-1], needed[0]),
            ">",
            0,
        ),
    )


def _growth(tallest: float, lowest: float) -> float:
    """Bits that the tallest array needs more than the lowest; NaN if the lowest needs more than were tried."""
    return tallest - lowest if lowest <= max(BITS) else math.nan


def _needed(data: Measurements, name: str, rows: int) -> Quantity:
    return data.bits(data.designs({**MAPPINGS[name].settings, "array.rows": rows}))


def _design(data: Measurements, name: str, rows: int) -> DesignResult:
    (design,) = data.designs({**MAPPINGS[name].settings, "array.rows": rows, "adc.bits": 8})
    return design


STUDY = PaperStudy("rows", "Fig. 17", "accuracy, and ADC bits needed, against array height", run)
