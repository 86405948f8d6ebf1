"""Tables 3 and 4 together: accuracy of the paper's five SONOS designs against their energy."""

from __future__ import annotations

from bitline.paper._figures import Line, Panel, draw
from bitline.paper.catalogue import Outcome, PaperStudy
from bitline.paper.setting import Setting
from bitline.paper.verdict import measured

POINTS = ("A", "B", "C", "D", "E")


def run(setting: Setting) -> Outcome:
    """Measure and judge."""
    data = setting.measure(
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
    return Outcome(data.frame.drop(columns=["key"]), draw([panel], setting.caption), verdicts, data.failures)


STUDY = PaperStudy("sonos", "Tables 3 and 4", "accuracy of the SONOS designs against their energy", run)
