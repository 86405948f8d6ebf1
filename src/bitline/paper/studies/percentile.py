"""Section 6.2: how much of the ADC inputs a calibrated range has to hold."""

from __future__ import annotations

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

PERCENTILE = "adc.range.percentile"
VALUES = (98.0, 99.0, 99.9, 99.98, 99.998, 100.0)
BITS = (6, 7, 8)


def run(experiment: Experiment) -> Findings:
    """Measure and judge: unsliced differential cells, 1152 rows, exact cells."""
    data = experiment.measure(
        "percentile",
        [{"setting": PERCENTILE, "values": list(VALUES)}, {"setting": "adc.bits", "values": list(BITS)}],
        {
            **dict(zip(mappings.NAMES, mappings.MAPPINGS["differential 7b"], strict=True)),
            "array.rows": 1152,
            "inputs.accumulation": "analog",
            "adc.kind": "uniform",
            "adc.range.kind": "calibrated",
        },
        chips=1,
    )
    means = {(one.settings[PERCENTILE], one.settings["adc.bits"]): 100 * one.mean for one in data.result.designs}
    verdicts = (
        computed("Clipping 0.02 % of the ADC inputs costs nothing measurable (claim 13).",
                 "1 less the loss at 99.98 % in points, 8 bits", 1 - (100 * data.baseline - means[99.98, 8])),
    )  # fmt: skip
    lines = []
    for bits in BITS:
        line = Line.of(f"{bits} bits", data.designs(adc__bits=bits), PERCENTILE)
        lines.append(Line(line.label, tuple(max(100 - one, 1e-4) for one in line.x), line.y, line.error))
    panel = Panel("calibrated range", tuple(lines), "ADC inputs outside of the range (%; left: none)", x_scale="log")
    return Findings(data.frame.drop(columns=["key"]), Drawing((panel,), experiment.caption), verdicts, data.failures)


STUDY = PaperStudy("percentile", "Section 6.2", "share of ADC inputs that the calibrated range holds", run)
