"""Tables 3 and 4 together: accuracy of the paper's five SONOS designs against their energy."""

from __future__ import annotations

import math
from operator import sub

import pandas as pd

from bitline.paper.axes import over, together
from bitline.paper.drawing import Drawing, Line, Panel, two_sigma
from bitline.paper.experiment import Experiment
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import Quantity, combined, largest
from bitline.paper.studies import four_bit
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict
from bitline.study import DesignResult

DESIGNS = {"A": "sonos-a", "B": "sonos-b", "C": "sonos-c", "D": "sonos-d", "E": "sonos-e"}
CELLS = (
    {"cell.device": "none", "cell.on_off_ratio": "inf"},
    {"cell.device": "sonos-xiao-2022", "cell.on_off_ratio": 1e7},
)
"""Exact cells, and those of the paper."""


def run(experiment: Experiment) -> Findings:
    """Measure the accuracy and compute the energy of the designs A to E."""
    data = experiment.measure("SONOS designs", [over("design", DESIGNS.values())])
    designs = {name: data.designs({"design": preset})[0] for name, preset in DESIGNS.items()}
    lines = tuple(
        Line.with_bars(name, [design.costs.get("energy_uJ", math.nan)], [design]) for name, design in designs.items()
    )
    panel = Panel("designs A to E", lines, "energy of one image (µJ)", x_scale="log", bands=False)
    verdicts = _verdicts(data, **designs)
    return Findings(data.table, Drawing((panel,), experiment.caption), verdicts, data.failures)


def _verdicts(
    data: Measurements, A: DesignResult, B: DesignResult, C: DesignResult, D: DesignResult, E: DesignResult
) -> tuple[Verdict, ...]:
    distance = combined(lambda of_c, of_d: largest(abs(of_c), abs(of_d)), data.gain(A, C), data.gain(A, D))
    return (
        Claim(
            "Design A loses about two points (claim 23).",
            published="76.3 - 74.0 = 2.3 ± 1.0, against exact cells (Table 4)",
        ).measured("loss of A in points", data.loss(A), "<", 3),
        Claim(
            "Design B, with one bit per cell, loses less than 1.5 points less than A (claim 1).",
            published="75.4 - 74.0 = 1.4 (Table 4)",
        ).measured("loss of A less that of B in points", data.gain(B, A), "<", 1.5),
        Claim("A, C and D lose alike.", published="74.0, 73.6 and 74.1 %: 0.4 (Table 4)").measured(
            "larger distance of C and D from A in points", distance, "<", 1.5
        ),
        Claim(
            "Design E loses far more than A (claim 23: over 20 points).", published="74.0 - 50.2 = 23.8 (Table 4)"
        ).measured("loss of E less that of A in points", data.gain(A, E), ">", 5),
    )


def table_5(experiment: Experiment) -> Findings:
    """Table 5: design A with exact and with SONOS cells, for the 8-bit network and its 4-bit relative."""
    tables, lines, losses = [], [], {}
    failures: list[str] = []
    for name, (network, base) in four_bit.relatives(experiment).items():
        title = f"{network.model}, design A"
        data = network.measure(title, [together(CELLS)], {"cell.clip": "window"}, base=base)
        exact, sonos = (data.designs(cells)[0] for cells in CELLS)
        tables.append(data.table.assign(network=name, digital=data.baseline.value))
        losses[name] = data.loss(sonos)
        failures += data.failures
        accuracies = (100 * data.baseline.value, 100 * exact.mean, 100 * sonos.mean)
        lines.append(Line(name, (0.0, 1.0, 2.0), accuracies, (0.0, two_sigma(exact), two_sigma(sonos))))
    panel = Panel("design A", tuple(lines), "0: digital, 1: exact cells, 2: SONOS cells")
    table = pd.concat(tables, ignore_index=True)
    return Findings(table, Drawing((panel,), experiment.caption), _verdicts_of_table_5(losses), tuple(failures))


def _verdicts_of_table_5(losses: dict[str, Quantity]) -> tuple[Verdict, ...]:
    """Verdicts on losses in points, by network."""
    eight = losses[four_bit.EIGHT]
    about_two = Claim(
        "Design A with SONOS cells loses about two points (claim 23: 2.17).",
        published="76.466 - 74.296 = 2.17 (Table 5)",
    ).measured("loss in points", eight, "<", 3)
    if four_bit.FOUR not in losses:
        return (about_two,)
    less = Claim(
        "The 4-bit network loses less than the 8-bit one (claim 23: 0.86).",
        published="0.86 - 2.17 = -1.31 (Table 5)",
    )
    quantity = "loss of the 4-bit network less that of the 8-bit one in points"
    return about_two, less.measured(quantity, combined(sub, losses[four_bit.FOUR], eight), "<", 0)


STUDIES = (
    PaperStudy("sonos", "Tables 3 and 4", "accuracy of the SONOS designs against their energy", run),
    PaperStudy("sonos-4bit", "Table 5", "design A with SONOS cells, 8-bit and 4-bit network", table_5),
)
