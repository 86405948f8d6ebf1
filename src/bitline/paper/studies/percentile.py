"""Section 6.2: how much of the ADC inputs a calibrated range has to hold."""

from __future__ import annotations

from bitline.paper.axes import over
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.measurements import Measurements
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim

PERCENTILE = "adc.range.percentile"
VALUES = (98.0, 99.0, 99.9, 99.98, 99.998, 100.0)
BITS = (6, 7, 8)
LEFT_END = 1e-4
"""Place on the logarithmic axis of a range that holds all inputs, in per cent outside."""


def run(experiment: Experiment) -> Findings:
    """Measure unsliced differential cells without error, 1152 rows, over the share of inputs in the range."""
    adc = {"adc.kind": "uniform", "adc.range.kind": "calibrated"}
    array = {"array.rows": 1152, "inputs.accumulation": "analog"}
    settings = {**MAPPINGS["differential 7b"].settings, **array, **adc}
    axes = [over(PERCENTILE, VALUES), over("adc.bits", BITS)]
    data = experiment.measure("percentile", axes, settings, chips=1)
    (clipped,) = data.designs({PERCENTILE: 99.98, "adc.bits": 8})
    claim = Claim("Clipping 0.02 % of the ADC inputs costs nothing measurable (claim 13).", published="0")
    verdict = claim.measured("loss at 99.98 % in points, 8 bits", data.loss(clipped), "<", 1)
    lines = tuple(_line(data, bits) for bits in BITS)
    panel = Panel("calibrated range", lines, "ADC inputs outside of the range (%; left: none)", x_scale="log")
    return Findings(data.table, Drawing((panel,), experiment.caption), (verdict,), data.failures)


def _line(data: Measurements, bits: int) -> Line:
    designs = data.designs({"adc.bits": bits})
    outside = [max(100 - design.settings[PERCENTILE], LEFT_END) for design in designs]
    return Line.with_bars(f"{bits} bits", outside, designs)


STUDY = PaperStudy("percentile", "Section 6.2", "share of ADC inputs that the calibrated range holds", run)
