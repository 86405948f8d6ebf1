"""Sections 5 and 6: how bits needed depend on subtraction, accumulation and range policy; unsliced, 1152 rows."""

from __future__ import annotations

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.studies.adc_bits import bits_needed
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

BITS = tuple(range(4, 13))
CHOICES = {
    "analog subtraction": {"weights.subtraction": "analog", "inputs.accumulation": "analog", "adc.range": "calibrated"},
    "digital subtraction": {"weights.subtraction": "digital", "inputs.accumulation": "analog",
                            "adc.range": "calibrated"},
    "a conversion for each input bit": {"weights.subtraction": "analog", "inputs.accumulation": "digital",
                                        "adc.range": "calibrated"},
    "least-error range": {"weights.subtraction": "analog", "inputs.accumulation": "analog",
                          "adc.range": "least-error"},
    "full range": {"weights.subtraction": "analog", "inputs.accumulation": "analog", "adc.range": "full"},
}  # fmt: skip


def run(experiment: Experiment) -> Findings:
    """Measure and judge; exact cells, so one chip is all chips."""
    names = ("weights.subtraction", "inputs.accumulation", "adc.range")
    axis = {"zip": {name: [choice[name] for choice in CHOICES.values()] for name in names}}
    mapping, cell, bits, _ = mappings.UNSLICED_DIFFERENTIAL
    data = experiment.measure(
        "conversions",
        [axis, {"setting": "adc.bits", "values": list(BITS)}],
        {"weights.kind": mapping, "weights.bits_per_cell": cell, "weights.bits": bits, "adc.kind": "uniform",
         "array.rows": 1152},
        chips=1,
    )  # fmt: skip
    chosen = {
        title: data.designs(**{name.replace(".", "__"): value for name, value in choice.items()})
        for title, choice in CHOICES.items()
    }
    needed = {title: bits_needed(data, designs) for title, designs in chosen.items()}
    verdicts = (
        computed("Lines subtracted before the ADC need no more bits than lines converted apart (section 6).",
                 "bits needed with digital subtraction less those with analog, and a half",
                 needed["digital subtraction"] - needed["analog subtraction"] + 0.5),
        computed("The calibrated range saves bits against the full range (claim 14).",
                 "bits needed with the full range less those with the calibrated one",
                 float(needed["full range"] - needed["analog subtraction"])),
        computed("Percentiles and least error choose nearly the same ranges (section 6.2).",
                 "1.5 less the difference of bits needed",
                 1.5 - abs(needed["least-error range"] - needed["analog subtraction"])),
    )  # fmt: skip
    lines = tuple(Line.of(title, designs, "adc.bits") for title, designs in chosen.items())
    panel = Panel("differential 7b, 1152 rows", lines, "ADC resolution (bits)")
    return Findings(data.frame.drop(columns=["key"]), Drawing((panel,), experiment.caption), verdicts, data.failures)


STUDY = PaperStudy("conversions", "Sections 5 and 6", "bits needed by subtraction, accumulation and range", run)
