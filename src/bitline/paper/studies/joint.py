"""Accuracy against energy of every design of Fig. 24, with SONOS cells and 8-bit ADCs; the Pareto front is marked."""

from __future__ import annotations

from typing import Any

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed
from bitline.study import DesignResult
from bitline.study.pareto import front

DIFFERENTIAL = ((7, 8), (4, 9), (2, 9), (1, 9))
"""Bits per cell and weight bits."""
ROWS = (144, 288, 576, 1152)
NAMES = ("weights.kind", "weights.subtraction", "weights.bits_per_cell", "weights.bits",
         "inputs.accumulation", "array.rows", "adc.range")  # fmt: skip


def grid() -> list[tuple[Any, ...]]:
    """Settings of all designs: Xiao et al. 2022, Fig. 24 (a)."""
    differential = [
        ("differential", "analog", cell, bits, accumulation, rows, "calibrated" if cell == 7 else "aligned")
        for cell, bits in DIFFERENTIAL
        for accumulation in ("analog", "digital")
        for rows in ROWS
    ]
    offset = [("offset", "digital", cell, 8, "digital", rows, "aligned") for cell in (2, 1) for rows in (72, 144)]
    return differential + offset


def run(experiment: Experiment) -> Findings:
    """Measure and judge."""
    columns = zip(*grid(), strict=True)
    axis = {"zip": {name: list(values) for name, values in zip(NAMES, columns, strict=True)}}
    data = experiment.measure("accuracy and energy", [axis], base="sonos-a")
    designs = [one for one in data.result.designs if one.cost and "energy_uJ" in one.cost]
    best = front([(_energy(one), -one.mean) for one in designs])
    leading = [one for one, is_best in zip(designs, best, strict=True) if is_best]
    groups = {
        "differential, analog accumulation": ("differential", "analog"),
        "differential, digital accumulation": ("differential", "digital"),
        "offset": ("offset", "digital"),
    }
    lines = [
        _line(label, [one for one in designs if (one.settings[NAMES[0]], one.settings[NAMES[4]]) == kind])
        for label, kind in groups.items()
    ]
    lines.append(_line("Pareto front", leading))
    cheapest = min(designs, key=lambda one: (_energy(one), -one.settings["array.rows"]))
    verdicts = (
        computed("No offset design is on the Pareto front (section 9.3).",
                 "half less the number of offset designs on it",
                 0.5 - sum(one.settings[NAMES[0]] == "offset" for one in leading)),
        computed("The cheapest design is unsliced, of 1152 rows, with analog accumulation (section 9.3).",
                 "1 if it is; limit: a half",
                 float(cheapest.settings["weights.bits_per_cell"] == 7 and cheapest.settings["array.rows"] == 1152
                       and cheapest.settings["inputs.accumulation"] == "analog"), above=0.5),
        computed("The cheapest design costs a few points of accuracy at most (Table 4).",
                 "4 less its loss in points", 4 - 100 * (data.baseline - cheapest.mean)),
    )  # fmt: skip
    panel = Panel("SONOS cells, 8-bit calibrated ADCs", tuple(lines), "energy of one image (µJ)", x_scale="log")
    keys = {one.key for one in leading}
    table = data.frame.assign(on_front=data.frame["key"].isin(keys)).drop(columns=["key"])
    return Findings(table, Drawing((panel,), experiment.caption), verdicts, data.failures)


def _energy(design: DesignResult) -> float:
    assert design.cost is not None
    return float(design.cost["energy_uJ"])


def _line(label: str, designs: list[DesignResult]) -> Line:
    ordered = sorted(designs, key=_energy)
    bars = tuple(0.0 if len(one.accuracies) < 2 else 200 * one.std for one in ordered)
    return Line(label, tuple(map(_energy, ordered)), tuple(100 * one.mean for one in ordered), bars)


STUDY = PaperStudy("joint", "Fig. 24 with Table 4", "accuracy against energy of all designs, Pareto front", run)
