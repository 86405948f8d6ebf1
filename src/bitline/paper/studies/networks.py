"""Figs. 6 and 12: several tasks and networks under programming errors, unsliced differential cells, no ADC."""

from __future__ import annotations

import itertools
from statistics import fmean

import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.studies.cell_errors import ALPHA, INDEPENDENT, PROPORTIONAL, measure, tolerances
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Verdict, log_ratio, measured

MAPPING = "differential 7b"
ONE = "Only one network was given: name others in a file (--networks) to compare them."


def tasks(experiment: Experiment) -> Findings:
    """Fig. 6: the harder a task, the fewer errors its networks bear. Harder means less accurate without errors."""
    every = experiment.each()
    data = {one.model: measure(one, "state-independent", INDEPENDENT, [MAPPING]) for one in every}
    of_task: dict[str, list[str]] = {}
    for one in every:
        of_task.setdefault(one.source, []).append(one.model)
    order = sorted(of_task, key=lambda task: fmean(data[model].baseline for model in of_task[task]))
    verdicts = tuple(
        _compare(f"{better} bears more error than {worse}: {hard} is a harder task than {easy} (claim 11).",
                 data[better], data[worse], INDEPENDENT[-1], better, worse)
        for hard, easy in itertools.pairwise(order)
        for better, worse in itertools.product(of_task[easy], of_task[hard])
    )  # fmt: skip
    drawing = Drawing((_panel("state-independent", data),), experiment.caption)
    return Findings(_table({"state-independent": data}), drawing, verdicts, _remarks(data))


def networks(experiment: Experiment) -> Findings:
    """Fig. 12: every network bears far more state-proportional than state-independent error."""
    every = {
        "state-independent": {
            one.model: measure(one, "state-independent", INDEPENDENT, [MAPPING]) for one in experiment.each()
        },
        "state-proportional": {
            one.model: measure(one, "state-proportional", PROPORTIONAL, [MAPPING]) for one in experiment.each()
        },
    }
    verdicts = tuple(
        measured(
            f"{name} tolerates far more state-proportional than state-independent error (claim 10).",
            "log of the ratio of tolerated alphas (2 points of loss), by chip; limit: 3",
            [
                log_ratio(a, b, PROPORTIONAL[-1])
                for a, b in zip(*(tolerances(every[kind][name], MAPPING) for kind in reversed(every)), strict=True)
            ],
            above=1.0986,
        )
        for name in every["state-independent"]
    )
    drawing = Drawing(tuple(_panel(kind, data) for kind, data in every.items()), experiment.caption)
    return Findings(_table(every), drawing, verdicts, _remarks(every["state-independent"]))


def _compare(claim: str, better: Measurements, worse: Measurements, largest: float, *names: str) -> Verdict:
    pairs = zip(tolerances(better, MAPPING), tolerances(worse, MAPPING), strict=True)
    statistic = f"log of the ratio of tolerated errors (2 points of loss), {names[0]} over {names[1]}, by chip"
    return measured(claim, statistic, [log_ratio(a, b, largest) for a, b in pairs])


def _panel(kind: str, data: dict[str, Measurements]) -> Panel:
    lines = tuple(Line.of(name, one.result.designs, ALPHA) for name, one in data.items())
    return Panel(kind, lines, f"{kind} error alpha", x_scale="log")


def _table(every: dict[str, dict[str, Measurements]]) -> pd.DataFrame:
    frames = [
        one.frame.drop(columns=["key"]).assign(network=name, error=kind)
        for kind, data in every.items()
        for name, one in data.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _remarks(data: dict[str, Measurements]) -> tuple[str, ...]:
    return (*(() if len(data) > 1 else (ONE,)), *(text for one in data.values() for text in one.failures))


STUDIES = (
    PaperStudy("tasks", "Fig. 6", "tasks of different difficulty under state-independent error", tasks),
    PaperStudy("networks", "Fig. 12", "several networks under both kinds of error", networks),
)
