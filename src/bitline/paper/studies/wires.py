"""Fig. 21 (c): accuracy against the normalised resistance of the bit lines, gate-driven cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bitline.paper.axes import over, over_mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import combined
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

RESISTANCE = "array.bit_line.segment"
VALUES = (0.0, 1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
SMALLEST = 1e-12
"""Below this, resistances that are tolerated count as this."""
PROCESS = 1e-5
"""Resistance of a segment in the paper's 40 nm process (section 9.1)."""
SHOWN = ("differential 7b", "differential 4b", "offset 4b")
BY_HEIGHT = ("differential 7b", "offset 4b")
HEIGHTS = (144, 576, 1152)


def run(experiment: Experiment) -> Findings:
    """Measure mappings with the tallest array, and two of them by its height; exact cells, so one chip is all chips."""
    tall = _measure(experiment, SHOWN, (1152,))
    by_height = _measure(experiment, BY_HEIGHT, HEIGHTS)
    mappings = tuple(Line.of(name, tall.designs(MAPPINGS[name].settings), RESISTANCE) for name in SHOWN)
    heights = tuple(
        Line.of(f"{name}, {rows} rows", by_height.designs(_array(name, rows)), RESISTANCE)
        for name in BY_HEIGHT
        for rows in HEIGHTS
    )
    panels = tuple(
        Panel(title, lines, "normalised resistance of a segment", x_scale="symlog", smallest=1e-7)
        for title, lines in (("1152 rows", mappings), ("array height", heights))
    )
    remarks = (*_remarks(experiment), *tall.failures, *by_height.failures)
    verdicts = _verdicts(tall, by_height)
    return Findings(by_height.table, Drawing(panels, experiment.caption), verdicts, remarks)


def _measure(experiment: Experiment, names: Sequence[str], heights: Sequence[int]) -> Measurements:
    axes = [over_mappings(names), over("array.rows", heights), over(RESISTANCE, VALUES)]
    settings = {"array.kind": "gate-driven", "inputs.accumulation": "digital"}
    return experiment.measure("wires", axes, settings, chips=1)


def _array(name: str, rows: int) -> dict[str, Any]:
    return {**MAPPINGS[name].settings, "array.rows": rows}


def _verdicts(tall: Measurements, by_height: Measurements) -> tuple[Verdict, ...]:
    unsliced, sliced, offset = (tall.tolerance(RESISTANCE, MAPPINGS[name].settings) for name in SHOWN)
    lowest, tallest = (by_height.tolerance(RESISTANCE, _array("offset 4b", rows)) for rows in (HEIGHTS[0], HEIGHTS[-1]))
    (design,) = tall.designs({**MAPPINGS["differential 7b"].settings, RESISTANCE: PROCESS})
    negligible = "Differential cells: the loss is negligible up to 1e-5 with 1152 rows (claim 21)."
    times = "ratio of tolerated resistances (2 points of loss)"
    return (
        Claim(negligible, published="negligible").measured(
            "loss of differential 7b at 1e-5 in points", tall.loss(design), "<", 1
        ),
        Claim("Offset cells are over a hundred times as sensitive (claim 21).", published="> 100").ratio(
            f"{times}, differential 7b over offset 4b", combined(_log_ratio, unsliced, offset), ">", 100
        ),
        Claim("Differential 4b is slightly worse than unsliced (claim 21).").ratio(
            f"{times}, differential 4b over 7b", combined(_log_ratio, sliced, unsliced), "<", 1
        ),
        Claim("Errors of the wires grow with the rows (section 8).").ratio(
            f"{times}, offset 4b, 1152 over 144 rows", combined(_log_ratio, tallest, lowest), "<", 1
        ),
    )


def _log_ratio(tolerated: float, reference: float) -> float:
    """Natural logarithm of the ratio of two resistances; NaN if both tolerate the largest."""
    if min(tolerated, reference) >= VALUES[-1]:
        return math.nan
    return math.log(max(tolerated, SMALLEST) / max(reference, SMALLEST))


def _remarks(experiment: Experiment) -> tuple[str, ...]:
    rows = max(layer.product.rows for layer in experiment.statistics.layers)
    if rows >= 1152:
        return ()
    return (f"The tallest matrix of this network has {rows} rows, so its lines are no longer than that.",)


STUDY = PaperStudy("wires", "Fig. 21 (c)", "accuracy against bit-line resistance", run)
