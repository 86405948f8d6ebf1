"""Fig. 21 (c): accuracy against the normalised resistance of the bit lines, gate-driven cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed, tolerance

RESISTANCE = "array.bit_line.segment"
VALUES = (0.0, 1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
SHOWN = ("differential 7b", "differential 4b", "offset 4b")


HEIGHTS = (144, 576, 1152)
TALL = ("differential 7b", "offset 4b")


def run(experiment: Experiment) -> Findings:
    """Measure and judge; exact cells, so one chip is all chips."""
    data = _measure(experiment, SHOWN, (1152,))
    by_height = _measure(experiment, TALL, HEIGHTS)
    borne = {name: _tolerance(data, name) for name in SHOWN}
    short, tall = (_tolerance(by_height, "offset 4b", array__rows=height) for height in (HEIGHTS[0], HEIGHTS[-1]))
    at = next(one for one in data.designs(**mappings.settings("differential 7b")) if one.settings[RESISTANCE] == 1e-5)
    verdicts = (
        computed("Differential cells: the loss is negligible up to 1e-5 with 1152 rows (claim 21).",
                 "1 less the loss in points of differential 7b at 1e-5", 1 - 100 * (data.baseline - at.mean)),
        computed("Offset cells are over a hundred times as sensitive (claim 21).",
                 "log10 of the ratio of tolerated resistances (2 points of loss), differential 7b over offset 4b",
                 math.log10(borne["differential 7b"] / borne["offset 4b"]), above=2.0),
        computed("Differential 4b is slightly worse than unsliced (claim 21).",
                 "log10 of the ratio of tolerated resistances, differential 7b over 4b",
                 math.log10(borne["differential 7b"] / borne["differential 4b"])),
        computed("Errors of the wires grow with the rows (section 8).",
                 "log10 of the ratio of tolerated resistances, offset 4b, 144 over 1152 rows",
                 math.log10(short / tall)),
    )  # fmt: skip
    lines = tuple(Line.of(name, data.designs(**mappings.settings(name)), RESISTANCE) for name in SHOWN)
    heights = tuple(
        Line.of(f"{name}, {height} rows", by_height.designs(**mappings.settings(name), array__rows=height), RESISTANCE)
        for name in TALL
        for height in HEIGHTS
    )
    label = "normalised resistance of a segment"
    panels = (
        Panel("1152 rows", lines, label, x_scale="symlog", smallest=1e-7),
        Panel("array height", heights, label, x_scale="symlog", smallest=1e-7),
    )
    tallest = max(layer.product.rows for layer in experiment.statistics.layers)
    remark = f"The tallest matrix of this network has {tallest} rows, so its lines are no longer than that."
    remarks = (remark,) if tallest < 1152 else ()
    failures = (*data.failures, *by_height.failures)
    return Findings(by_height.frame.drop(columns=["key"]), Drawing(panels, experiment.caption), verdicts,
                   (*remarks, *failures))  # fmt: skip


def _measure(experiment: Experiment, names: Sequence[str], heights: Sequence[int]) -> Measurements:
    axes = [
        mappings.axis(*names),
        {"setting": "array.rows", "values": list(heights)},
        {"setting": RESISTANCE, "values": list(VALUES)},
    ]
    settings = {"array.kind": "gate-driven", "inputs.accumulation": "digital"}
    return experiment.measure("wires", axes, settings, chips=1)


def _tolerance(data: Measurements, mapping: str, **settings: object) -> float:
    values, (chip,) = data.curves(data.designs(**mappings.settings(mapping), **settings), RESISTANCE)
    return max(tolerance(values, chip, data.baseline), 1e-12)


STUDY = PaperStudy("wires", "Fig. 21 (c)", "accuracy against bit-line resistance", run)
