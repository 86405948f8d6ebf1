"""Sections 5 and 6: how bits needed depend on subtraction, accumulation and range policy; unsliced, 1152 rows."""

from __future__ import annotations

from operator import sub

from bitline.paper.axes import over, together
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.quantity import Quantity, combined
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

BITS = tuple(range(4, 13))
SETTINGS = ("weights.subtraction", "inputs.accumulation", "adc.range")
CHOICES = {
    "analog subtraction": ("analog", "analog", "calibrated"),
    "digital subtraction": ("digital", "analog", "calibrated"),
    "a conversion for each input bit": ("analog", "digital", "calibrated"),
    "least-error range": ("analog", "analog", "least-error"),
    "full range": ("analog", "analog", "full"),
}
"""Values of `SETTINGS`."""


def run(experiment: Experiment) -> Findings:
    """Measure every choice over bits; exact cells, so one chip is all chips."""
    choices = {title: dict(zip(SETTINGS, choice, strict=True)) for title, choice in CHOICES.items()}
    axes = [together(choices.values()), over("adc.bits", BITS)]
    mapping = {name: value for name, value in MAPPINGS["differential 7b"].settings.items() if name not in SETTINGS}
    settings = {**mapping, "adc.kind": "uniform", "array.rows": 1152}
    data = experiment.measure("conversions", axes, settings, chips=1)
    chosen = {title: data.designs(choice) for title, choice in choices.items()}
    needed = {title: data.bits(designs) for title, designs in chosen.items()}
    lines = tuple(Line.of(title, designs, "adc.bits") for title, designs in chosen.items())
    panel = Panel("differential 7b, 1152 rows", lines, "ADC resolution (bits)")
    return Findings(data.table, Drawing((panel,), experiment.caption), _verdicts(needed), data.failures)


def _verdicts(needed: dict[str, Quantity]) -> tuple[Verdict, ...]:
    analog, digital = needed["analog subtraction"], needed["digital subtraction"]
    return (
        Claim("Lines subtracted before the ADC need no more bits than lines converted apart (section 6).").measured(
            "bits needed with analog subtraction less those with digital", combined(sub, analog, digital), "<=", 0
        ),
        Claim("The calibrated range saves bits against the full range (claim 14).").measured(
            "bits needed with the calibrated range less those with the full one",
            combined(sub, analog, needed["full range"]),
            "<",
            0,
        ),
        Claim("Percentiles and least error choose nearly the same ranges (section 6.2).").measured(
            "difference between the bits needed", combined(_distance, needed["least-error range"], analog), "<=", 1
        ),
    )


def _distance(bits: float, others: float) -> float:
    return abs(bits - others)


STUDY = PaperStudy("conversions", "Sections 5 and 6", "bits needed by subtraction, accumulation and range", run)
