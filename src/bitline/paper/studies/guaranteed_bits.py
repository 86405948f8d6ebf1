"""Section 5: ADC bits that would guarantee full precision, against those that a network needs."""

from __future__ import annotations

import pandas as pd

from bitline.design import Design
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.studies.adc_bits import BITS, PANELS, bits_needed, measure, ranges, settings
from bitline.paper.studies.cell_errors import error
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Verdict, computed, measured

PUBLISHED = {"sonos-a": 26.2, "sonos-b": 20.2, "sonos-c": 23.2, "sonos-d": 18.2, "sonos-e": 8.2}
"""B_out of the designs A to E: Xiao et al. 2022, Table 3."""
GUARANTEE = {
    "with a guarantee": {"weights.kind": "offset", "weights.bits_per_cell": 2, "weights.subtraction": "digital",
                         "inputs.accumulation": "digital", "array.rows": 72, "adc.bits": 9, "adc.range": "guaranteed"},
    "without": {"weights.kind": "differential", "weights.bits_per_cell": "unsliced",
                "weights.subtraction": "analog", "inputs.accumulation": "analog", "array.rows": 1152, "adc.bits": 8,
                "adc.range": "calibrated"},
}  # fmt: skip
"""A level for every output of an array like that of design E, and the converters of design A."""
ERROR = 0.08
"""State-proportional, of both: as large as that of many cells of section 9."""


def run(experiment: Experiment) -> Findings:
    """Compare Eq. 2 with the published values, and with the bits needed in `adc-bits`."""
    computed_bits = {name: Design.load(name).full_precision_bits for name in PUBLISHED}
    worst = max(abs(round(computed_bits[name], 1) - value) for name, value in PUBLISHED.items())
    rows = [{"design": name, "guaranteed": computed_bits[name], "published": value}
            for name, value in PUBLISHED.items()]  # fmt: skip
    failures: list[str] = []
    for title in PANELS:
        data = measure(experiment, title)
        failures += data.failures
        rows.append(
            {
                "design": title,
                "guaranteed": Design().with_settings(settings(title)).full_precision_bits,
                "needed": bits_needed(data, data.designs(adc__range=ranges(title)["calibrated"])),
            }
        )
    table = pd.DataFrame(rows)
    panels = table[table["needed"].notna()]
    spared = (panels["guaranteed"] - panels["needed"]).to_dict()
    names = panels["design"].to_dict()
    verdicts = (
        computed("Eq. 2 gives the published bits of designs A to E (claim 17).",
                 "0.05 less the largest difference, rounded as published", 0.05 - worst),
        computed("No more than 8 bits are needed where up to 26 would guarantee full precision (section 6).",
                 "8.5 less the bits needed by unsliced differential cells, 1152 rows",
                 8.5 - float(panels["needed"].iloc[-1])),
        *(computed(f"{names[one]}: fewer bits are needed than would guarantee full precision.",
                   "bits spared", float(spared[one])) for one in spared),
    )  # fmt: skip
    fallacy, lost = _fallacy(experiment)
    failures += lost
    places = tuple(map(float, range(len(panels))))
    lines = tuple(
        Line(label, places, tuple(panels[column].astype(float)), (0.0,) * len(panels))
        for label, column in (("guarantee full precision (Eq. 2)", "guaranteed"), ("needed", "needed"))
    )
    panel = Panel("bits of the ADC", lines, " | ".join(str(one) for one in names.values()), "bits")
    remark = f"Needed: at most two points lost, of {BITS[0]} to {BITS[-1]} bits; study adc-bits measures it."
    return Findings(table, Drawing((panel,), experiment.caption), (*verdicts, fallacy), (remark, *failures))


def _fallacy(experiment: Experiment) -> tuple[Verdict, tuple[str, ...]]:
    """Whether a guarantee keeps accuracy where cells have errors; and what failed."""
    names = tuple(GUARANTEE["without"])
    axis = {"zip": {name: [chosen[name] for chosen in GUARANTEE.values()] for name in names}}
    data = experiment.measure(
        "full precision fallacy",
        [axis],
        {"adc.kind": "uniform", **error("state-proportional", ERROR)},
    )
    with_it, without = (data.designs(array__rows=chosen["array.rows"])[0] for chosen in GUARANTEE.values())
    gains = [100 * (b - a) for a, b in zip(with_it.accuracies, without.accuracies, strict=True)]
    verdict = measured(
        "With real cells a guarantee of full precision is worth nothing (section 6: the fallacy).",
        f"at {100 * ERROR:g} % state-proportional error: accuracy of differential 7b, 1152 rows, 8 calibrated bits, "
        "less that of offset 2b, 72 rows, 9 guaranteed bits, in points, by chip",
        gains,
    )
    return verdict, data.failures


STUDY = PaperStudy("guaranteed-bits", "Eq. 2, Section 5", "bits that guarantee full precision, and bits needed", run)
