"""Section 5: ADC bits that would guarantee full precision, against those that a network needs."""

from __future__ import annotations

import pandas as pd

from bitline.design import Design
from bitline.paper.axes import together
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import Quantity
from bitline.paper.studies.adc_bits import BITS, PANELS, measure, ranges, settings
from bitline.paper.studies.cell_errors import error
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

PUBLISHED = {"sonos-a": 26.2, "sonos-b": 20.2, "sonos-c": 23.2, "sonos-d": 18.2, "sonos-e": 8.2}
"""B_out of the designs A to E: Xiao et al. 2022, Table 3."""
GUARANTEED = {"inputs.accumulation": "digital", "array.rows": 72, "adc.bits": 9, "adc.range": "guaranteed"}
"""A level for every output of an array like that of design E."""
CALIBRATED = {"inputs.accumulation": "analog", "array.rows": 1152, "adc.bits": 8, "adc.range": "calibrated"}
"""The converters of design A."""
ERROR = 0.08
"""State-proportional, of both: as large as that of many cells of section 9."""
REMARK = f"Needed: at most two points lost, of {BITS[0]} to {BITS[-1]} bits; study adc-bits measures it."


def run(experiment: Experiment) -> Findings:
    """Compare Eq. 2 with the published values, and with the bits needed in `adc-bits`."""
    guarantees = pd.DataFrame(
        [{"design": name, "guaranteed": _bits(name), "published": bits} for name, bits in PUBLISHED.items()]
    )
    measurements = {title: measure(experiment, title) for title in PANELS}
    needed = {title: _needed(title, data) for title, data in measurements.items()}
    panels = pd.DataFrame(
        [{"design": title, "guaranteed": _guaranteed(title), "needed": bits.value} for title, bits in needed.items()]
    )
    fallacy, lost = _fallacy(experiment)
    lines = tuple(
        Line.exact(label, range(len(panels)), panels[column])
        for label, column in (("guarantee full precision (Eq. 2)", "guaranteed"), ("needed", "needed"))
    )
    panel = Panel("resolution of the ADC", lines, "", "bits", names=tuple(PANELS))
    table = pd.concat([guarantees, panels], ignore_index=True)
    failures = (*(text for data in measurements.values() for text in data.failures), *lost)
    verdicts = (*_verdicts(guarantees, needed), fallacy)
    return Findings(table, Drawing((panel,), experiment.caption), verdicts, (REMARK, *failures))


def _bits(name: str) -> float:
    return Design.load(name).full_precision_bits


def _needed(title: str, data: Measurements) -> Quantity:
    return data.bits(data.designs({"adc.range": ranges(title)["calibrated"]}))


def _guaranteed(title: str) -> float:
    return Design().with_settings(settings(title)).full_precision_bits


def _verdicts(guarantees: pd.DataFrame, needed: dict[str, Quantity]) -> tuple[Verdict, ...]:
    worst = (guarantees["guaranteed"].round(1) - guarantees["published"]).abs().max()
    few = "No more than 8 bits are needed where up to 26 would guarantee full precision (section 6)."
    return (
        Claim(
            "Eq. 2 gives the published bits of designs A to E (claim 17).", published="26.2, 20.2, 23.2, 18.2, 8.2 bits"
        ).computed("largest difference, rounded as published", worst, "<", 0.05),
        Claim(few).measured(
            "bits needed by unsliced differential cells, 1152 rows", needed["differential 7b, 1152 rows"], "<=", 8
        ),
        *(
            Claim(f"{title}: fewer bits are needed than would guarantee full precision.").measured(
                "bits needed (2 points of loss)", bits, "<", _guaranteed(title)
            )
            for title, bits in needed.items()
        ),
    )


def _fallacy(experiment: Experiment) -> tuple[Verdict, tuple[str, ...]]:
    """Whether a guarantee keeps accuracy when cells have errors; and what failed."""
    offset, differential = (MAPPINGS[name].settings for name in ("offset 2b", "differential 7b"))
    choices = [{**offset, **GUARANTEED}, {**differential, **CALIBRATED}]
    cells = {"adc.kind": "uniform", **error("state-proportional", ERROR)}
    data = experiment.measure("full precision fallacy", [together(choices)], cells)
    guaranteed, calibrated = (data.designs({"array.rows": choice["array.rows"]})[0] for choice in choices)
    quantity = (
        f"at {100 * ERROR:g} % state-proportional error: accuracy of differential 7b, 1152 rows, 8 calibrated bits, "
        "less that of offset 2b, 72 rows, 9 guaranteed bits, in points"
    )
    claim = Claim("With real cells a guarantee of full precision is worth nothing (section 6: the fallacy).")
    return claim.measured(quantity, data.gain(calibrated, guaranteed), ">", 0), data.failures


STUDY = PaperStudy("guaranteed-bits", "Eq. 2, Section 5", "bits that guarantee full precision, and bits needed", run)
