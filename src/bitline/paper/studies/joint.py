"""Accuracy against energy of every design of Fig. 24, with SONOS cells and 8-bit ADCs; the Pareto front is marked."""

from __future__ import annotations

import math
from typing import Any

from bitline.paper.axes import together
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import DIFFERENTIAL, MAPPINGS
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import Quantity, unknown
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict
from bitline.study import DesignResult
from bitline.study.pareto import front

ROWS = {"differential": (144, 288, 576, 1152), "offset": (72, 144)}
GROUPS = {
    "differential, analog accumulation": {"weights.kind": "differential", "inputs.accumulation": "analog"},
    "differential, digital accumulation": {"weights.kind": "differential", "inputs.accumulation": "digital"},
    "offset": {"weights.kind": "offset", "inputs.accumulation": "digital"},
}
CHEAPEST = {"weights.bits_per_cell": 7, "array.rows": 1152, "inputs.accumulation": "analog"}
"""What the paper finds cheapest, with differential cells (section 9.3)."""


def grid() -> list[dict[str, Any]]:
    """Settings of all designs: Xiao et al. 2022, Fig. 24 (a)."""
    differential = [
        _design(name, accumulation, rows)
        for name in DIFFERENTIAL
        for accumulation in ("analog", "digital")
        for rows in ROWS["differential"]
    ]
    offset = [_design(name, "digital", rows) for name in ("offset 2b", "offset 1b") for rows in ROWS["offset"]]
    return differential + offset


def _design(name: str, accumulation: str, rows: int) -> dict[str, Any]:
    mapping = MAPPINGS[name]
    settings = {**mapping.settings, "inputs.accumulation": accumulation, "array.rows": rows}
    if mapping.bits_per_cell == "unsliced":
        settings["weights.bits_per_cell"] = mapping.bits - 1
    return {**settings, "adc.range": mapping.calibrated_range}


def run(experiment: Experiment) -> Findings:
    """Measure the accuracy and compute the energy of all designs."""
    data = experiment.measure("accuracy and energy", [together(grid())], base="sonos-a")
    designs = [design for design in data.result.designs if design.chip_values and "energy_uJ" in design.costs]
    best = front([(_energy(design), -design.mean) for design in designs])
    leading = [design for design, is_best in zip(designs, best, strict=True) if is_best]
    groups = {
        label: [design for design in designs if kind.items() <= design.settings.items()]
        for label, kind in GROUPS.items()
    }
    groups["Pareto front"] = leading
    lines = tuple(Line.with_bars(label, map(_energy, group), group) for label, group in groups.items())
    panel = Panel("SONOS cells, 8-bit calibrated ADCs", lines, "energy of one image (µJ)", x_scale="log", bands=False)
    keys = {design.key for design in leading}
    table = data.table.assign(on_front=[design.key in keys for design in data.result.designs])
    verdicts = _verdicts(data, designs, leading)
    return Findings(table, Drawing((panel,), experiment.caption), verdicts, data.failures)


def _verdicts(data: Measurements, designs: list[DesignResult], leading: list[DesignResult]) -> tuple[Verdict, ...]:
    if data.unmeasured:  # what is cheapest, or on the front, is only known of all designs
        return _claims(math.nan, math.nan, unknown())
    ordered = sorted(designs, key=lambda design: (_energy(design), -design.settings["array.rows"]))
    place = next(place for place, design in enumerate(ordered, 1) if CHEAPEST.items() <= design.settings.items())
    offset = sum(design.settings["weights.kind"] == "offset" for design in leading)
    return _claims(offset, place, data.loss(ordered[0]))


def _claims(offset: float, place: float, loss: Quantity) -> tuple[Verdict, ...]:
    """Verdicts on the three claims."""
    return (
        Claim("No offset design is on the Pareto front (section 9.3).").computed(
            "offset designs on the front", offset, "<", 1
        ),
        Claim("The cheapest design is unsliced, of 1152 rows, with analog accumulation (section 9.3).").computed(
            "place of that design by energy", place, "<=", 1
        ),
        Claim("The cheapest design costs a few points of accuracy at most (Table 4).").measured(
            "loss of the cheapest design in points", loss, "<", 4
        ),
    )


def _energy(design: DesignResult) -> float:
    """Energy of one image in uJ."""
    return float(design.costs["energy_uJ"])


STUDY = PaperStudy("joint", "Fig. 24 with Table 4", "accuracy against energy of all designs, Pareto front", run)
