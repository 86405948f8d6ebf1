"""Tables 3 and 4 together: accuracy of the paper's five SONOS designs against their energy."""

from __future__ import annotations

import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.studies import four_bit
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import measured

POINTS = ("A", "B", "C", "D", "E")


def run(experiment: Experiment) -> Findings:
    """Measure and judge."""
    data = experiment.measure(
        "SONOS designs", [{"setting": "design", "values": [f"sonos-{one.lower()}" for one in POINTS]}]
    )
    designs = {name: data.designs(design=f"sonos-{name.lower()}")[0] for name in POINTS}
    losses = {name: [100 * (data.baseline - one) for one in design.accuracies] for name, design in designs.items()}

    def difference(better: str, worse: str) -> list[float]:
        return [b - a for a, b in zip(losses[better], losses[worse], strict=True)]

    verdicts = (
        measured("Design A loses about two points (claim 23).", "3 less the loss of A in points, by chip",
                 [3 - one for one in losses["A"]]),
        measured("Design B, with one bit per cell, loses less than 1.5 points less than A (claim 1).",
                 "1.5 less (loss of A less loss of B) in points, by chip", [1.5 - one for one in difference("B", "A")]),
        measured("A, C and D lose alike.", "1.5 less the larger distance of C and D from A in points, by chip",
                 [1.5 - max(abs(c), abs(d)) for c, d in zip(difference("A", "C"), difference("A", "D"), strict=True)]),
        measured("Design E loses far more than A (claim 23: over 20 points).", "loss of E less loss of A, by chip",
                 difference("A", "E"), above=5.0),
    )  # fmt: skip
    lines = tuple(
        Line(
            name,
            ((design.cost or {})["energy_uJ"],),
            (100 * design.mean,),
            (0.0 if len(design.accuracies) < 2 else 200 * design.std,),
        )
        for name, design in designs.items()
    )
    panel = Panel("designs A to E", lines, "energy of one image (µJ)", x_scale="log")
    return Findings(data.frame.drop(columns=["key"]), Drawing((panel,), experiment.caption), verdicts, data.failures)


def table_5(experiment: Experiment) -> Findings:
    """Table 5: design A with exact and with SONOS cells, for the 8-bit network and its 4-bit relative."""
    frames, lines, losses = [], [], {}
    for name, (one, base) in four_bit.settings(experiment).items():
        data = one.measure(
            f"{one.model}, design A",
            [{"zip": {"cell.device": ["none", "sonos-xiao-2022"], "cell.on_off_ratio": ["inf", 1e7]}}],
            {"cell.clip": "window"},
            base=base,
        )
        exact, cells = data.result.designs
        frames.append(data.frame.drop(columns=["key"]).assign(network=name, digital=data.baseline))
        losses[name] = [100 * (data.baseline - accuracy) for accuracy in cells.accuracies]
        bars = tuple(0.0 if len(design.accuracies) < 2 else 200 * design.std for design in (exact, cells))
        accuracies = (100 * data.baseline, 100 * exact.mean, 100 * cells.mean)
        lines.append(Line(name, (0.0, 1.0, 2.0), accuracies, (0.0, *bars)))
    eight, *four = losses.values()
    verdicts = (
        measured("Design A with SONOS cells loses about two points (claim 23: 2.17).",
                 "3 less the loss in points, by chip", [3 - one for one in eight]),
        measured("The 4-bit network loses less than the 8-bit one (claim 23: 0.86).",
                 "loss of the 8-bit network less that of the 4-bit one in points, by chip",
                 [a - b for a, b in zip(eight, four[0], strict=True)] if four else []),
    )  # fmt: skip
    panel = Panel("design A", tuple(lines), "0: digital, 1: exact cells, 2: SONOS cells")
    return Findings(pd.concat(frames, ignore_index=True), Drawing((panel,), experiment.caption), verdicts)


STUDIES = (
    PaperStudy("sonos", "Tables 3 and 4", "accuracy of the SONOS designs against their energy", run),
    PaperStudy("sonos-4bit", "Table 5", "design A with SONOS cells, 8-bit and 4-bit network", table_5),
)
