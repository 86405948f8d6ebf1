"""Fig. 11: accuracy against state-proportional error for several on/off ratios, differential cells."""

from __future__ import annotations

import math

from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.studies.cell_errors import ALPHA, PROPORTIONAL, error, tolerances
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import log_ratio, measured
from bitline.study import DesignResult

RATIOS = (10.0, 30.0, 100.0, 1e9)
"""The last stands for infinity."""
MAPPINGS = ("differential 7b", "differential 2b")


def run(experiment: Experiment) -> Findings:
    """Measure and judge."""
    data = experiment.measure(
        "on/off ratio",
        [
            mappings.axis(*MAPPINGS),
            {"setting": "cell.on_off_ratio", "values": list(RATIOS)},
            {"setting": ALPHA, "values": list(PROPORTIONAL)},
        ],
        error("state-proportional", PROPORTIONAL[0]),
    )
    verdicts = tuple(
        measured(claim, statistic, _logarithms(data, mapping, ratio), above=math.log(limit))
        for mapping in MAPPINGS
        for ratio, limit, claim, statistic in (
            (100.0, 0.8, f"{mapping}: an on/off ratio of 100 is nearly as good as infinite (claim 9).",
             "log of the ratio of tolerated errors, 100 over infinite, by chip (limit: 0.8)"),
            (10.0, 1 / 0.8, f"{mapping}: a ratio of 10 is clearly worse (claim 9).",
             "log of the ratio of tolerated errors, infinite over 10, by chip (limit: 1 / 0.8)"),
        )
    )  # fmt: skip
    small = _designs(data, "differential 7b", 100.0, cell__device__alpha=0.05)[0]
    verdicts += (
        measured(
            "Differential cells lose next to nothing with errors of 5 % and an on/off ratio of 100 (claim 8).",
            "1 less the loss of differential 7b in points, by chip",
            [1 - 100 * (data.baseline - one) for one in small.accuracies],
        ),
    )
    panels = [
        Panel(
            mapping,
            tuple(
                Line.of("infinite" if ratio > 1e6 else f"{ratio:g}", _designs(data, mapping, ratio), ALPHA)
                for ratio in RATIOS
            ),
            "state-proportional error alpha",
            x_scale="log",
        )
        for mapping in MAPPINGS
    ]
    return Findings(
        data.frame.drop(columns=["key"]), Drawing(tuple(panels), experiment.caption), verdicts, data.failures
    )


def _designs(data: Measurements, mapping: str, ratio: float, **settings: float) -> list[DesignResult]:
    return data.designs(**mappings.settings(mapping), cell__on_off_ratio=ratio, **settings)


def _logarithms(data: Measurements, mapping: str, ratio: float) -> list[float]:
    """Of the ratio of tolerances: to infinite for a high ratio, of infinite to it for a low one."""
    given, infinite = (tolerances(data, mapping, cell__on_off_ratio=one) for one in (ratio, RATIOS[-1]))
    pairs = zip(given, infinite, strict=True)
    logarithms = [log_ratio(a, b, PROPORTIONAL[-1]) for a, b in pairs]
    return logarithms if ratio >= 100 else [-one for one in logarithms]


STUDY = PaperStudy("on-off-ratio", "Fig. 11", "accuracy against state-proportional error by on/off ratio", run)
