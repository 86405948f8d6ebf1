"""Figs. 9 and 10: accuracy against programming errors, by mapping, without ADC."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Verdict, log_ratio, measured, tolerance

ALPHA = "cell.device.alpha"
INDEPENDENT = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1)
PROPORTIONAL = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5)
OFFSET = ("offset 8b", "offset 8b, unit column", "offset 4b", "offset 2b", "offset 1b")
DIFFERENTIAL = ("differential 7b", "differential 4b", "differential 2b", "differential 1b")


def error(kind: str, alpha: float) -> dict[str, Any]:
    """Settings of a generic programming error.

    Programmed cells stay in [G_min, G_max], as in the authors' simulator (CrossSim 2.0, its default). With sliced
    offset weights this matters: clipped at zero only, cells conduct too much on average, and slicing does harm.
    """
    return {"cell.device.kind": kind, ALPHA: alpha, "cell.clip": "window"}


def measure(experiment: Experiment, kind: str, alphas: Sequence[float], names: Sequence[str]) -> Measurements:
    """Accuracy of all mappings over the size of one kind of error."""
    return experiment.measure(
        f"{experiment.model}, {kind}",
        [mappings.axis(*names), {"setting": ALPHA, "values": list(alphas)}],
        error(kind, alphas[0]),
    )


def tolerances(data: Measurements, mapping: str, **settings: object) -> list[float]:
    """Largest error with two points of loss, for every chip; of the designs with these settings besides."""
    errors, chips = data.curves(data.designs(**mappings.settings(mapping), **settings), ALPHA)
    return [tolerance(errors, chip, data.baseline) for chip in chips]


def ratio(claim: str, data: Measurements, better: str, worse: str, above: float = 1.0) -> Verdict:
    """Whether one mapping tolerates a multiple of what another one does."""
    pairs = zip(tolerances(data, better), tolerances(data, worse), strict=True)
    largest = max(float(one.settings[ALPHA]) for one in data.result.designs)
    samples = [log_ratio(a, b, largest) for a, b in pairs]
    statistic = f"log of the ratio of tolerated errors (2 points of loss), {better} over {worse}, by chip"
    return measured(claim, statistic, samples, math.log(above))


def independent(experiment: Experiment) -> Findings:
    """Fig. 9."""
    data = measure(experiment, "state-independent", INDEPENDENT, (*OFFSET, *DIFFERENTIAL))
    at = data.designs(**mappings.settings("offset 8b"), **{"cell__device__alpha": 0.025})[0]
    chance = 1.0 / experiment.classes
    verdicts = (
        measured(
            "Offset: accuracy is close to zero at alpha = 2.5 % (claim 3, ImageNet ResNet-50).",
            "half-way between chance and the baseline, less accuracy of offset 8b at 2.5 %",
            [(chance + data.baseline) / 2 - one for one in at.accuracies],
        ),
        ratio("The unit column loses much against digital removal of the offset (claim 4).", data,
              "offset 8b", "offset 8b, unit column"),
        ratio("Differential cells tolerate more than offset cells (claim 6).", data, "differential 7b", "offset 8b"),
        ratio("Offset: slicing helps (claim 5).", data, "offset 2b", "offset 8b"),
        ratio("Differential: slicing helps (section 6.2).", data, "differential 2b", "differential 7b"),
    )  # fmt: skip
    return _outcome(data, "state-independent", (OFFSET, DIFFERENTIAL), verdicts, experiment)


def proportional(experiment: Experiment) -> Findings:
    """Fig. 10."""
    offset = tuple(name for name in OFFSET if "unit" not in name)
    data = measure(experiment, "state-proportional", PROPORTIONAL, (*offset, *DIFFERENTIAL))
    verdicts = (
        ratio("Differential cells tolerate over ten times the error of offset cells (claim 7).", data,
              "differential 7b", "offset 8b", above=10.0),
        ratio("Offset: fewer slices are better (claim 5).", data, "offset 8b", "offset 2b"),
        ratio("Differential: finer slices are better (section 6.2).", data, "differential 2b", "differential 7b"),
    )  # fmt: skip
    return _outcome(data, "state-proportional", (offset, DIFFERENTIAL), verdicts, experiment)


def _outcome(
    data: Measurements,
    kind: str,
    groups: tuple[tuple[str, ...], ...],
    verdicts: tuple[Verdict, ...],
    experiment: Experiment,
) -> Findings:
    panels = [
        Panel(
            f"({letter}) {group[0].split()[0]}",
            tuple(Line.of(name, data.designs(**mappings.settings(name)), ALPHA) for name in group),
            f"{kind} error alpha",
            x_scale="log",
        )
        for letter, group in zip("ab", groups, strict=True)
    ]
    table = data.frame.drop(columns=["key"])
    return Findings(table, Drawing(tuple(panels), experiment.caption), verdicts, data.failures)


STUDIES = (
    PaperStudy("state-independent", "Fig. 9", "accuracy against state-independent error, by mapping", independent),
    PaperStudy("state-proportional", "Fig. 10", "accuracy against state-proportional error, by mapping", proportional),
)
