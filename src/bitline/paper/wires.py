"""Fig. 21 (c): accuracy against the normalised resistance of the bit lines, gate-driven cells."""

from __future__ import annotations

import math

from bitline.paper import _mappings
from bitline.paper._figures import Drawing, Line, Panel
from bitline.paper.catalogue import Outcome, PaperStudy
from bitline.paper.setting import Measured, Setting
from bitline.paper.verdict import computed, tolerance

RESISTANCE = "array.bit_line.segment"
VALUES = (0.0, 1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
SHOWN = ("differential 7b", "differential 4b", "offset 4b")


def run(setting: Setting) -> Outcome:
    """Measure and judge; exact cells, so one chip is all chips."""
    data = setting.measure(
        "wires",
        [_mappings.axis(*SHOWN), {"setting": RESISTANCE, "values": list(VALUES)}],
        {"array.kind": "gate-driven", "array.rows": 1152, "inputs.accumulation": "digital"},
        trials=1,
    )
    borne = {name: _tolerance(data, name) for name in SHOWN}
    at = next(one for one in data.designs(**_mappings.settings("differential 7b")) if one.settings[RESISTANCE] == 1e-5)
    verdicts = (
        computed("Differential cells: the loss is negligible up to 1e-5 with 1152 rows (claim 21).",
                 "1 less the loss in points of differential 7b at 1e-5", 1 - 100 * (data.baseline - at.mean)),
        computed("Offset cells are over a hundred times as sensitive (claim 21).",
                 "log10 of the ratio of tolerated resistances (2 points of loss), differential 7b over offset 4b",
                 math.log10(borne["differential 7b"] / borne["offset 4b"]), above=2.0),
        computed("Differential 4b is slightly worse than unsliced (claim 21).",
                 "log10 of the ratio of tolerated resistances, differential 7b over 4b",
                 math.log10(borne["differential 7b"] / borne["differential 4b"])),
    )  # fmt: skip
    lines = tuple(Line.of(name, data.designs(**_mappings.settings(name)), RESISTANCE) for name in SHOWN)
    panel = Panel("bit-line resistance", lines, "normalised resistance of a segment", x_scale="symlog", smallest=1e-7)
    tallest = max(layer.product.rows for layer in setting.statistics.layers)
    remark = f"The tallest matrix of this network has {tallest} rows, so its lines are no longer than that."
    remarks = (remark,) if tallest < 1152 else ()
    return Outcome(
        data.frame.drop(columns=["key"]), Drawing((panel,), setting.caption), verdicts, (*remarks, *data.failures)
    )


def _tolerance(data: Measured, mapping: str) -> float:
    values, (chip,) = data.curves(data.designs(**_mappings.settings(mapping)), RESISTANCE)
    return max(tolerance(values, chip, data.baseline), 1e-12)


STUDY = PaperStudy("wires", "Fig. 21 (c)", "accuracy against bit-line resistance", run)
