"""Figs. 9 and 10: accuracy against programming errors, by mapping, without ADC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bitline.paper.axes import over, over_mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import DIFFERENTIAL, MAPPINGS, OFFSET
from bitline.paper.measurements import Measurements, ratio
from bitline.paper.quantity import combined
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

ALPHA = "cell.device.alpha"
INDEPENDENT = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1)
PROPORTIONAL = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5)
ALPHAS = {"state-independent": INDEPENDENT, "state-proportional": PROPORTIONAL}
"""Sizes of both kinds of error."""
WITH_UNIT_COLUMN = ("offset 8b", "offset 8b, unit column", *OFFSET[1:])


def error(kind: str, alpha: float) -> dict[str, Any]:
    """Settings of a generic programming error.

    Programmed cells stay in [G_min, G_max], as in the authors' simulator (CrossSim 2.0, its default). With sliced
    offset weights this matters: clipped at zero only, cells conduct too much on average, and slicing does harm.
    """
    return {"cell.device.kind": kind, ALPHA: alpha, "cell.clip": "window"}


def measure(experiment: Experiment, kind: str, names: Sequence[str]) -> Measurements:
    """Accuracy of mappings over the size of one kind of error."""
    axes = [over_mappings(names), over(ALPHA, ALPHAS[kind])]
    return experiment.measure(f"{experiment.model}, {kind}", axes, error(kind, ALPHAS[kind][0]))


def _tolerates(
    claim: str, data: Measurements, better: str, worse: str, times: float = 1, published: str = ""
) -> Verdict:
    """Whether one mapping tolerates more than a multiple of what another one does."""
    tolerated, reference = (data.tolerance(ALPHA, MAPPINGS[name].settings) for name in (better, worse))
    largest = max(float(design.settings[ALPHA]) for design in data.result.designs)
    quantity = f"ratio of tolerated errors (2 points of loss), {better} over {worse}"
    return Claim(claim, published).ratio(quantity, ratio(tolerated, reference, largest), ">", times)


def independent(experiment: Experiment) -> Findings:
    """Fig. 9: differential cells tolerate more than offset cells, and slicing helps both."""
    data = measure(experiment, "state-independent", (*WITH_UNIT_COLUMN, *DIFFERENTIAL))
    (lost,) = data.designs({**MAPPINGS["offset 8b"].settings, ALPHA: 0.025})
    chance = 1.0 / experiment.classes
    left = combined(lambda right, exact: (right - chance) / (exact - chance), data.accuracy(lost), data.baseline)
    unit_column = "The unit column loses much against digital removal of the offset (claim 4)."
    cells = "Differential cells tolerate more than offset cells (claim 6)."
    verdicts = (
        Claim(
            "Offset: accuracy is close to zero at alpha = 2.5 % (claim 3, ImageNet ResNet-50).", published="nearly 0"
        ).measured("share of the accuracy above chance that offset 8b keeps at 2.5 %", left, "<", 0.5),
        _tolerates(unit_column, data, "offset 8b", "offset 8b, unit column"),
        _tolerates(cells, data, "differential 7b", "offset 8b"),
        _tolerates("Offset: slicing helps (claim 5).", data, "offset 2b", "offset 8b"),
        _tolerates("Differential: slicing helps (section 6.2).", data, "differential 2b", "differential 7b"),
    )
    return _findings(experiment, data, "state-independent", (WITH_UNIT_COLUMN, DIFFERENTIAL), verdicts)


def proportional(experiment: Experiment) -> Findings:
    """Fig. 10: differential cells tolerate many times the error of offset cells."""
    data = measure(experiment, "state-proportional", (*OFFSET, *DIFFERENTIAL))
    tenfold = "Differential cells tolerate over ten times the error of offset cells (claim 7)."
    verdicts = (
        _tolerates(tenfold, data, "differential 7b", "offset 8b", times=10, published="> 10"),
        _tolerates("Offset: fewer slices are better (claim 5).", data, "offset 8b", "offset 2b"),
        _tolerates("Differential: finer slices are better (section 6.2).", data, "differential 2b", "differential 7b"),
    )
    return _findings(experiment, data, "state-proportional", (OFFSET, DIFFERENTIAL), verdicts)


def _findings(
    experiment: Experiment,
    data: Measurements,
    kind: str,
    groups: tuple[tuple[str, ...], ...],
    verdicts: tuple[Verdict, ...],
) -> Findings:
    """The curves over one kind of error, with a panel for each group of mappings."""
    panels = []
    for letter, group in zip("ab", groups, strict=True):
        lines = tuple(Line.of(name, data.designs(MAPPINGS[name].settings), ALPHA) for name in group)
        panels.append(Panel(f"({letter}) {group[0].split()[0]}", lines, f"{kind} error alpha", x_scale="log"))
    return Findings(data.table, Drawing(tuple(panels), experiment.caption), verdicts, data.failures)


STUDIES = (
    PaperStudy("state-independent", "Fig. 9", "accuracy against state-independent error, by mapping", independent),
    PaperStudy("state-proportional", "Fig. 10", "accuracy against state-proportional error, by mapping", proportional),
)
