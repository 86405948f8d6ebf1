"""Fig. 17: accuracy against the number of rows with 8-bit ADCs, calibrated for every point, exact cells."""

from __future__ import annotations

from bitline.paper import _mappings
from bitline.paper._figures import Drawing, Line, Panel
from bitline.paper.catalogue import Outcome, PaperStudy
from bitline.paper.setting import Setting
from bitline.paper.verdict import computed

ROWS = (72, 144, 288, 576, 1152)
ACCUMULATION = {"differential": "analog", "offset": "digital"}
SHOWN = ("differential 4b", "differential 2b", "offset 4b", "offset 2b")


def run(setting: Setting) -> Outcome:
    """Measure and judge."""
    axis = _mappings.axis(*SHOWN)
    axis["zip"]["inputs.accumulation"] = [ACCUMULATION[name.split()[0]] for name in SHOWN]
    data = setting.measure(
        "rows",
        [axis, {"setting": "array.rows", "values": list(ROWS)}],
        {"adc.kind": "uniform", "adc.bits": 8, "adc.range": "calibrated"},
        trials=1,
    )
    lines = {name: Line.of(name, data.designs(**_mappings.settings(name)), "array.rows") for name in SHOWN}
    losses = {name: 100 * data.baseline - min(line.y) for name, line in lines.items()}
    tall = 100 * data.baseline - lines["offset 4b"].y[-1]
    verdicts = (
        computed("Differential cells are accurate with any number of rows (claim 16).",
                 "1 less the largest loss of differential cells in points", 1 - max(losses["differential 4b"],
                                                                                  losses["differential 2b"])),
        computed("Offset cells with 4 bits and 1152 rows are not (claim 16).", "their loss in points", tall, above=1.0),
        computed("Offset cells with 2 bits and up to 144 rows are (claim 16).",
                 "1 less their largest loss in points at 72 and 144 rows",
                 1 - (100 * data.baseline - min(lines["offset 2b"].y[:2]))),
    )  # fmt: skip
    panel = Panel("8-bit calibrated ADCs", tuple(lines.values()), "rows", x_scale="log")
    return Outcome(data.frame.drop(columns=["key"]), Drawing((panel,), setting.caption), verdicts, data.failures)


STUDY = PaperStudy("rows", "Fig. 17", "accuracy against array height with 8-bit ADCs", run)
