"""Fig. 11: accuracy against state-proportional error for several on/off ratios, differential cells."""

from __future__ import annotations

from typing import Any

from bitline.paper.axes import over, over_mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import MAPPINGS
from bitline.paper.measurements import Measurements, ratio
from bitline.paper.studies.cell_errors import ALPHA, PROPORTIONAL, error
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

INFINITE = 1e9
"""Stands for an infinite ratio."""
RATIOS = {"10": 10.0, "30": 30.0, "100": 100.0, "infinite": INFINITE}
SHOWN = ("differential 7b", "differential 2b")


def run(experiment: Experiment) -> Findings:
    """Measure both mappings over the error's size, for each on/off ratio."""
    axes = [over_mappings(SHOWN), over("cell.on_off_ratio", RATIOS.values()), over(ALPHA, PROPORTIONAL)]
    data = experiment.measure("on/off ratio", axes, error("state-proportional", PROPORTIONAL[0]))
    (small,) = data.designs({**_cells("differential 7b", 100.0), ALPHA: 0.05})
    small_errors = "Differential cells lose next to nothing with errors of 5 % and an on/off ratio of 100 (claim 8)."
    verdicts = (
        *(verdict for name in SHOWN for verdict in _verdicts(data, name)),
        Claim(small_errors, published="nearly 0").measured(
            "loss of differential 7b in points", data.loss(small), "<", 1
        ),
    )
    panels = []
    for name in SHOWN:
        lines = tuple(Line.of(label, data.designs(_cells(name, ratio)), ALPHA) for label, ratio in RATIOS.items())
        panels.append(Panel(name, lines, "state-proportional error alpha", x_scale="log"))
    return Findings(data.table, Drawing(tuple(panels), experiment.caption), verdicts, data.failures)


def _cells(name: str, ratio: float) -> dict[str, Any]:
    return {**MAPPINGS[name].settings, "cell.on_off_ratio": ratio}


def _verdicts(data: Measurements, name: str) -> tuple[Verdict, Verdict]:
    hundred, ten, infinite = (data.tolerance(ALPHA, _cells(name, ratio)) for ratio in (100.0, 10.0, INFINITE))
    quantity = "ratio of tolerated errors (2 points of loss), on/off ratio of {} over infinite"
    return (
        Claim(
            f"{name}: an on/off ratio of 100 is nearly as good as infinite (claim 9).", published="nearly as good"
        ).ratio(quantity.format(100), ratio(hundred, infinite, PROPORTIONAL[-1]), ">", 0.8),
        Claim(f"{name}: a ratio of 10 is clearly worse (claim 9).").ratio(
            quantity.format(10), ratio(ten, infinite, PROPORTIONAL[-1]), "<", 0.8
        ),
    )


STUDY = PaperStudy("on-off-ratio", "Fig. 11", "accuracy against state-proportional error by on/off ratio", run)
