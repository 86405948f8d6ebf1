"""Fig. 24 and Table 3: energy and area of cores for a 1152 x 256 matrix."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from bitline.cost import RowActivity, core_cost
from bitline.design import Design
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

PUBLISHED = {"A": (8.4, 0.24), "B": (63.1, 2.02), "C": (43.3, 1.30), "D": (25.8, 0.27), "E": (902.0, 11.14)}
"""fJ/op and mm^2: Xiao et al. 2022, Table 3."""
ROWS = (144, 288, 576, 1152)
SERIES = {
    "differential": ("unsliced", 4, 2, 1),
    "offset": (2, 1),
}


def run(experiment: Experiment) -> Findings:
    """Compute and judge, with the activity of the network's inputs and cells."""
    rows, lines = [], []
    for mapping, accumulation in (("differential", "analog"), ("differential", "digital"), ("offset", "digital")):
        for bits in SERIES[mapping]:
            heights = ROWS if mapping == "differential" else (72, 144)
            part = [_core(experiment, mapping, bits, accumulation, height) for height in heights]
            rows += part
            label = f"{mapping} {7 if bits == 'unsliced' else bits}b, {accumulation}"
            energies = tuple(float(one["fJ_per_op"]) for one in part)
            lines.append(Line(label, tuple(map(float, heights)), energies, (0.0,) * len(part)))
    table = pd.DataFrame(rows)
    points = {name: _point(experiment, name) for name in PUBLISHED}
    compared = pd.DataFrame(
        [
            {"point": name, "fJ_per_op": energy, "mm2": area, "paper_fJ_per_op": PUBLISHED[name][0],
             "paper_mm2": PUBLISHED[name][1], "ADC_share": share}
            for name, (energy, area, share) in points.items()
        ]
    )  # fmt: skip
    energy = {name: one[0] for name, one in points.items()}
    area = {name: one[1] for name, one in points.items()}
    analog, digital = (
        table[(table["mapping"] == "differential") & (table["accumulation"] == name)]["fJ_per_op"].to_numpy()
        for name in ("analog", "digital")
    )
    verdicts = (
        computed("Energy: A < D < C < B << E (claim 24).", "smallest log of the ratio of neighbours in this order",
                 min(math.log(energy[b] / energy[a]) for a, b in zip("ADCB", "DCBE", strict=True))),
        computed("Area: A < D < C < B < E (claim 24).", "smallest log of the ratio of neighbours in this order",
                 min(math.log(area[b] / area[a]) for a, b in zip("ADCB", "DCBE", strict=True))),
        computed("Analog accumulation saves energy at any slicing and height, at least twofold (claim 25).",
                 "smallest ratio, digital over analog", float((digital / analog).min()), above=2.0),
        computed("The ADC dominates where every input bit is converted (claim 26).",
                 "smallest share of the ADCs in designs D and E", min(points[name][2] for name in "DE"), above=0.4),
        computed("Taller arrays are more efficient: C takes about 5 times A (claim 27).",
                 "ratio of energies, C over A", energy["C"] / energy["A"], above=3.0),
    )  # fmt: skip
    panel = Panel("core of a 1152 x 256 matrix", tuple(lines), "rows", "fJ per operation", x_scale="log", y_scale="log")
    remark = (
        "The circuits of library sonos-40nm are chosen so that the paper's Table 3 comes out with the activity of "
        "ResNet-50; what is tested here is that its order and ratios survive another network's activity."
    )
    both = pd.concat([table, compared], ignore_index=True)
    return Findings(both, Drawing((panel,), experiment.caption), verdicts, (remark,))


def _core(experiment: Experiment, mapping: str, bits: int | str, accumulation: str, height: int) -> dict[str, Any]:
    design = Design.load("sonos-a").with_settings(
        {
            "weights.kind": mapping,
            "weights.bits_per_cell": bits,
            "weights.bits": 9 if mapping == "differential" and bits != "unsliced" else 8,
            "inputs.accumulation": accumulation,
            "array.rows": height,
        }
    )
    cost = core_cost(design, activity=RowActivity.average(experiment.statistics, design))
    return {
        "mapping": mapping,
        "bits_per_cell": bits,
        "accumulation": accumulation,
        "rows": height,
        "fJ_per_op": cost.energy_per_operation_fJ,
        "mm2": cost.area_mm2,
    }


def _point(experiment: Experiment, name: str) -> tuple[float, float, float]:
    design = Design.load(f"sonos-{name.lower()}")
    cost = core_cost(design, activity=RowActivity.average(experiment.statistics, design))
    return cost.energy_per_operation_fJ, cost.area_mm2, cost.energies_pJ["ADCs"] / cost.energy_pJ


STUDY = PaperStudy("energy", "Fig. 24, Table 3", "energy and area of cores", run)
